"""The circumplex as a picture: what is on the plane, and where its words go. Pure, no Textual."""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from engine.affect.circumplex import Affect
from musmed_tui.raster import (
    SIDES,
    Cell,
    Frame,
    Glyphs,
    Label,
    Position,
    Row,
    Side,
    Wanted,
    canvas,
    dots_between,
    letterbox,
    place,
    place_all,
    write,
)

Kind = Literal["feeling", "mood", "anchor"]

STEPS = 8
"""Into how many colours the way from path_start to path_end is cut."""
NEAR = 0.15
"""Moods this near to the path, in affect units, are named."""
NEAR_NAMES = 6
NEAR_APART = 0.25
"""Named moods lie at least this far apart, so that a crowd of them stays quiet."""
REACH = 0.35
"""How far from the cursor a feeling may lie to be the cursor's word."""
RADIUS = 0.8
"""Russell's circle: the feelings lie on it."""
ANCHORS = ("happy", "excited", "tense", "distressed", "sad", "bored", "tired", "calm")

# Roles, rising: where lines meet in a cell, the higher one gives the colour.
AXIS, CIRCLE, PREVIEW, PLANNED, TRAVELLED = 1, 2, 3, 10, 20
DOT, AXIS_WORD, NAME, ANCHOR, START, TARGET, CURSOR, NOW = range(40, 48)

_MARKS = {
    AXIS: ".",
    CIRCLE: ".",
    PREVIEW: "~",
    **{PLANNED + step: ":" for step in range(STEPS)},
    **{TRAVELLED + step: "#" for step in range(STEPS)},
}
_SIGNS = {DOT: "·", ANCHOR: "•", START: "○", TARGET: "◎", CURSOR: "+", NOW: "●"}
_ASCII_SIGNS = {DOT: ",", ANCHOR: "*", START: "o", TARGET: "X", CURSOR: "+", NOW: "@"}


@dataclass(frozen=True)
class PlaneWord:
    """A word with its place; of two words that want one place, the higher ``priority`` wins."""

    word: str
    affect: Affect
    priority: int
    kind: Kind


@dataclass(frozen=True)
class PlaneState:
    """Everything there is to see on the plane.

    ``path``: (session seconds, affect) along the path, times rising. ``travelled_until``: the
    session seconds reached. ``preview``: a path being considered. ``start_word`` and
    ``target_word`` stand beside their signs instead of 'start' and 'target'.
    """

    path: tuple[tuple[float, Affect], ...] = ()
    travelled_until: float | None = None
    total: float = 0.0
    now: Affect | None = None
    start: Affect | None = None
    target: Affect | None = None
    preview: tuple[Affect, ...] = ()
    cursor: Affect | None = None
    words: tuple[PlaneWord, ...] = ()
    every_mood: bool = False
    start_word: str | None = None
    target_word: str | None = None


def signs(glyphs: Glyphs) -> dict[int, str]:
    """The glyph of each sign on the plane, by role: for a legend too."""
    return _ASCII_SIGNS if glyphs == "ascii" else _SIGNS


@functools.cache
def plane_words() -> tuple[PlaneWord, ...]:
    """musmed's own words: the feelings, eight of them anchors, and the moods that have a place."""
    from engine.affect.feelings import FEELINGS
    from engine.affect.moods import MOODS

    feelings = [
        PlaneWord(one.word, one.affect, 3, "anchor")
        if one.word in ANCHORS
        else PlaneWord(one.word, one.affect, 1, "feeling")
        for one in FEELINGS
    ]
    moods = [PlaneWord(one.name, one.affect, 2, "mood") for one in MOODS if one.affect is not None]
    return (*feelings, *moods)


def cursor_word(state: PlaneState) -> PlaneWord | None:
    """The feeling nearest to the cursor, if one is near."""
    here = state.cursor
    if here is None:
        return None
    feelings = [word for word in state.words if word.kind != "mood"]
    nearest = min(feelings, key=lambda w: (here.distance(w.affect), -w.priority), default=None)
    return nearest if nearest and here.distance(nearest.affect) <= REACH else None


def named_words(state: PlaneState) -> tuple[PlaneWord, ...]:
    """The words to name, first come first: the anchors, then moods.

    Every mood when the state asks for it; else a few along the path, each apart from the others
    and none that shares its name with an anchor (some words are both, at different places).
    """
    anchors = [word for word in state.words if word.kind == "anchor"]
    moods = [word for word in state.words if word.kind == "mood"]
    if state.every_mood:
        return (*anchors, *sorted(moods, key=lambda w: (-w.priority, _from_path(state, w.affect))))
    said = {word.word for word in anchors}
    near = sorted(
        (_from_path(state, word.affect), -word.priority, word.word, word)
        for word in moods
        if word.word not in said
    )
    chosen: list[PlaneWord] = []
    for distance, _, _, word in near:
        apart = all(word.affect.distance(w.affect) >= NEAR_APART for w in chosen)
        if distance <= NEAR and apart and len(chosen) < NEAR_NAMES:
            chosen.append(word)
    return (*anchors, *chosen)


def _from_path(state: PlaneState, affect: Affect) -> float:
    points = [point for _, point in state.path]
    pairs = itertools.pairwise(points) if len(points) > 1 else zip(points, points, strict=True)
    return min((_from_line(affect, a, b) for a, b in pairs), default=2.0)


def _from_line(point: Affect, a: Affect, b: Affect) -> float:
    along = (b.valence - a.valence, b.arousal - a.arousal)
    length = along[0] ** 2 + along[1] ** 2
    if not length:
        return point.distance(a)
    to = (point.valence - a.valence, point.arousal - a.arousal)
    fraction = (to[0] * along[0] + to[1] * along[1]) / length
    return point.distance(a.toward(b, min(max(fraction, 0.0), 1.0)))


# The layout: what stays where it is while the dot moves


@dataclass(frozen=True)
class Trace:
    """The path in dots, with the session seconds at which each is reached."""

    times: tuple[float, ...]
    dots: tuple[Position, ...]

    def reached(self, seconds: float | None) -> int:
        """How many dots are travelled by then."""
        return 0 if seconds is None else bisect.bisect_right(self.times, seconds)


@dataclass(frozen=True)
class Sign:
    """A glyph at a cell, and its word in its place (None where there is no room)."""

    at: Position
    role: int
    label: Label | None
    word: str = ""


@dataclass(frozen=True)
class Layout:
    """The plane without its moving parts, for one size and one glyph set."""

    width: int
    height: int
    glyphs: Glyphs
    frame: Frame
    trace: Trace
    axis_words: tuple[Label, ...]
    signs: tuple[Sign, ...]
    taken: frozenset[Position] = field(repr=False, default=frozenset())
    lines: frozenset[Position] = field(repr=False, default=frozenset())


def layout(state: PlaneState, width: int, height: int, glyphs: Glyphs) -> Layout:
    """Place everything that does not move with the dot or the cursor.

    Depends on the state's path, total, start, target, words and ``every_mood`` only, so labels
    stay where they are while ``now``, ``travelled_until``, ``cursor`` and ``preview`` change.
    """
    frame = letterbox(width, height)
    pen = canvas(glyphs, width, height, _MARKS)
    trace = _trace(state.path, frame, pen.dots_x, pen.dots_y)
    lines = frozenset((x // pen.dots_x, y // pen.dots_y) for x, y in trace.dots)
    axis_words = _axis_words(frame, width)
    marked = [*_ends(state, frame), *_dots(state, frame)]
    at_signs = {at for at, _, _, _ in marked}
    taken = at_signs | {cell for label in axis_words for cell in label.cells()}
    wanted = [
        Wanted(text, at, _sides(affect), over=role in (START, TARGET, ANCHOR))
        for at, role, text, affect in marked
    ]
    placed = place_all(wanted, width, height, taken, lines)
    found = [
        Sign(at, role, label, text)
        for (at, role, text, _), label in zip(marked, placed, strict=True)
    ]
    full = taken | {cell for label in placed if label for cell in label.cells()}
    return Layout(
        width, height, glyphs, frame, trace, axis_words, tuple(found), frozenset(full), lines
    )


def layout_key(state: PlaneState) -> object:
    """What a layout depends on besides size and glyphs: equal keys, equal layouts."""
    return (
        state.path,
        state.total,
        state.start,
        state.target,
        state.start_word,
        state.target_word,
        state.words,
        state.every_mood,
    )


def _trace(path: tuple[tuple[float, Affect], ...], frame: Frame, dots_x: int, dots_y: int) -> Trace:
    times: list[float] = []
    dots: list[Position] = []
    for (t0, a), (t1, b) in itertools.pairwise(path):
        line = list(dots_between(frame.dot(a, dots_x, dots_y), frame.dot(b, dots_x, dots_y)))
        for i, dot in enumerate(line):
            if not dots or dots[-1] != dot:
                times.append(t0 + (t1 - t0) * i / max(1, len(line) - 1))
                dots.append(dot)
    return Trace(tuple(times), tuple(dots))


def _axis_words(frame: Frame, width: int) -> tuple[Label, ...]:
    """The axes' ends in words; in the margins beside the plane where there is room for them."""
    if frame.height < 9:
        return ()
    middle, row = frame.left + frame.width // 2, frame.top + frame.height // 2
    right = min(frame.left + frame.width - 4, width - len("pleasant"))
    return (
        Label("livelier", middle - 4, frame.top, "above"),
        Label("calmer", middle - 3, frame.top + frame.height - 1, "below"),
        Label("unpleasant", max(0, frame.left - 6), row, "left"),
        Label("pleasant", right, row, "right"),
    )


Marked = tuple[Position, int, str, Affect]


def _ends(state: PlaneState, frame: Frame) -> Iterator[Marked]:
    if state.target is not None:
        word = state.target_word or "target"
        yield frame.cell(state.target), TARGET, word, state.target
    if state.start is not None and state.start != state.target:
        word = state.start_word or "start"
        yield frame.cell(state.start), START, word, state.start


def _dots(state: PlaneState, frame: Frame) -> Iterator[Marked]:
    """The named words but those that the start and the target already say, or lie under."""
    ends = list(_ends(state, frame))
    said = {text for _, _, text, _ in ends}
    full = {at for at, _, _, _ in ends}
    for word in named_words(state):
        at = frame.cell(word.affect)
        if at not in full and (word.kind == "mood" or word.word not in said):
            full.add(at)
            yield at, ANCHOR if word.kind == "anchor" else NAME, word.word, word.affect


def _sides(affect: Affect) -> tuple[Side, ...]:
    """Away from the plane's middle first: up or down near its top and bottom, else sideways."""
    steep = abs(affect.arousal) > 2 * abs(affect.valence)
    return tuple(sorted(SIDES, key=lambda side: _inward(affect, side, steep=steep)))


def _inward(affect: Affect, side: Side, *, steep: bool) -> tuple[bool, bool]:
    across = ("left" in side) if affect.valence >= 0 else ("right" in side)
    along = ("below" in side) if affect.arousal >= 0 else ("above" in side)
    flat = side in ("left", "right")
    return (along or flat, across) if steep else (across, along)


# The picture


@dataclass(frozen=True)
class Moving:
    """What moves, as far as it can be seen: equal ones make equal pictures of one layout."""

    reached: int
    now: Position | None
    cursor: Position | None
    cursor_word: str | None
    preview: tuple[Affect, ...]


def moving(state: PlaneState, plane: Layout) -> Moving:
    """The moving parts of ``state`` on this layout."""
    word = cursor_word(state)
    return Moving(
        reached=plane.trace.reached(state.travelled_until),
        now=None if state.now is None else plane.frame.cell(state.now),
        cursor=None if state.cursor is None else plane.frame.cell(state.cursor),
        cursor_word=word.word if word else None,
        preview=state.preview,
    )


def now_label(plane: Layout, parts: Moving, before: Side | None) -> Label | None:
    """The word 'now' beside its dot; on the side it was ``before`` for as long as that is free."""
    if parts.now is None:
        return None
    sides = SIDES if before is None else (before, *(side for side in SIDES if side != before))
    return place(
        Wanted("now", parts.now, sides, over=True),
        plane.width,
        plane.height,
        plane.taken,
        plane.lines if before is None else frozenset(),
    )


def picture(plane: Layout, parts: Moving, total: float, now: Label | None) -> list[Row]:
    """The whole plane as rows of cells; ``now`` as ``now_label`` placed it."""
    rows = _lines(plane, parts, total)
    sign = signs(plane.glyphs)
    for label in plane.axis_words:
        write(rows, label.text, label.x, label.y, AXIS_WORD)
    for one in plane.signs:
        chosen = one.word == parts.cursor_word and one.role != NAME
        if one.label is not None:
            role = CURSOR if chosen else one.role
            write(rows, one.label.text, one.label.x, one.label.y, role)
    for one in reversed(plane.signs):
        glyph = sign[DOT] if one.role == NAME else sign[one.role]
        _put(rows, one.at, Cell(glyph, DOT if one.role in (NAME, ANCHOR) else one.role))
    if parts.cursor is not None:
        _draw_cursor(rows, plane, parts)
    if now is not None:
        write(rows, now.text, now.x, now.y, NOW)
    if parts.now is not None:
        _put(rows, parts.now, Cell(sign[NOW], NOW))
    return rows


def _put(rows: list[Row], at: Position, cell: Cell) -> None:
    rows[at[1]][at[0]] = cell


def _lines(plane: Layout, parts: Moving, total: float) -> list[Row]:
    pen = canvas(plane.glyphs, plane.width, plane.height, _MARKS)
    frame, fine = plane.frame, plane.glyphs != "ascii"

    def dot(valence: float, arousal: float) -> tuple[float, float]:
        return frame.dot(Affect(valence, arousal), pen.dots_x, pen.dots_y)

    middle = dot(0.0, 0.0)
    pen.line(dot(-1.0, 0.0), dot(1.0, 0.0), AXIS, every=4 if fine else 3)
    pen.line(dot(0.0, 1.0), dot(0.0, -1.0), AXIS, every=4 if fine else 2)
    edge = dot(RADIUS, RADIUS)
    radius = (edge[0] - middle[0], middle[1] - edge[1])
    pen.circle(middle, radius, CIRCLE, every=2 if fine else 1)
    for i, (x, y) in enumerate(plane.trace.dots):
        step = _step(plane.trace.times[i], total)
        if i < parts.reached:
            for x_too, y_too in ((x, y), (x + 1, y), (x, y + 1)) if fine else ((x, y),):
                pen.set(x_too, y_too, TRAVELLED + step)
        elif i % 2 == 0 or not fine:
            pen.set(x, y, PLANNED + step)
    considered = [dot(point.valence, point.arousal) for point in parts.preview]
    for a, b in itertools.pairwise(considered):
        for i, (x, y) in enumerate(dots_between(a, b)):
            if i % 4 < 2:
                pen.set(x, y, PREVIEW)
    return pen.rows()


def _step(time: float, total: float) -> int:
    return min(STEPS - 1, max(0, int(STEPS * time / total))) if total > 0 else 0


def _draw_cursor(rows: list[Row], plane: Layout, parts: Moving) -> None:
    """The cursor's sign and, unless its word stands on the plane already, the word beside it."""
    at = parts.cursor
    if at is None:
        return
    shown = any(one.word == parts.cursor_word and one.label for one in plane.signs)
    if parts.cursor_word and not shown:
        wanted = Wanted(parts.cursor_word, at, _sides(plane.frame.affect(*at)), over=True)
        label = place(wanted, plane.width, plane.height, plane.taken, plane.lines)
        if label is not None:
            write(rows, label.text, label.x, label.y, CURSOR)
    _put(rows, at, Cell(signs(plane.glyphs)[CURSOR], CURSOR))


def text_of(rows: Iterable[Row]) -> str:
    """A picture's glyphs as text, lines without trailing blanks."""
    return "\n".join("".join(cell.glyph for cell in row).rstrip() for row in rows)
