"""The circumplex as a picture: what is on the plane, and where its words go. Pure, no Textual."""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from engine.affect.circumplex import Affect
from engine.affect.moods import MoodTable
from engine.affect.offered import ANCHORS
from musmed_tui.drawing.raster import (
    SIDES,
    Frame,
    Glyphs,
    Label,
    Position,
    Side,
    Wanted,
    canvas,
    dots_around,
    dots_between,
    letterbox,
    place_all,
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
"""The circle that is drawn: about so far from the middle lie the feelings."""

# Roles, rising: where lines meet in a cell, the higher one gives the colour.
AXIS, CIRCLE, PREVIEW, MEASURED, PLANNED, TRAVELLED = 1, 2, 3, 4, 10, 20
MOOD, AXIS_WORD, NAME, ANCHOR, START, TARGET, CURSOR, NOW = range(40, 48)
TRAIL = 60
"""The part travelled last: ``STEPS`` roles for each of its ``TRAILS`` thirds, the newest last."""
TRAILS = 3
BREATH = 90
"""The dot of now while it breathes: a role for each step of a breath."""
QUARTER, GLOW = 100, 1000
"""Added to a role, times a quarter (1 to 4, from the lively and unpleasant one clockwise) or a
step of the glow: what is behind the cell."""


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
    session seconds reached. ``preview``: a path being considered. ``measured``: what a meter
    made of the music so far. ``now_word``, ``start_word`` and ``target_word`` stand beside
    their signs. ``breath`` and ``glow``: how bright the dot of now is (None: it does not
    breathe), and how strongly it glows, in steps (``motion``).
    """

    path: tuple[tuple[float, Affect], ...] = ()
    travelled_until: float | None = None
    total: float = 0.0
    now: Affect | None = None
    now_word: str = "now"
    start: Affect | None = None
    target: Affect | None = None
    preview: tuple[Affect, ...] = ()
    measured: tuple[Affect, ...] = ()
    cursor: Affect | None = None
    words: tuple[PlaneWord, ...] = ()
    every_mood: bool = False
    start_word: str | None = None
    target_word: str | None = None
    breath: int | None = None
    glow: int = 0


@functools.lru_cache(8)
def plane_words(table: MoodTable | None = None) -> tuple[PlaneWord, ...]:
    """musmed's own words: the landmarks, eight of them anchors, and the moods that have a place in
    ``table`` (None: musmed's own)."""
    from engine.affect.feelings import LANDMARKS
    from engine.affect.moods import placed_moods

    feelings = [
        PlaneWord(one.word, one.affect, 3, "anchor")
        if one.word in ANCHORS
        else PlaneWord(one.word, one.affect, 1, "feeling")
        for one in LANDMARKS
    ]
    moods = [PlaneWord(one.name, place, 2, "mood") for one, place in placed_moods(table)]
    return (*feelings, *moods)


def cursor_word(state: PlaneState) -> PlaneWord | None:
    """What the cursor lies on: the start's or the target's word, else the feeling nearest to it, if
    one is near."""
    here = state.cursor
    if here is None:
        return None
    for word, affect in ((state.target_word, state.target), (state.start_word, state.start)):
        if word is not None and affect == here:
            return PlaneWord(word, affect, 3, "feeling")
    feelings = [word for word in state.words if word.kind != "mood"]
    nearest = min(feelings, key=lambda w: (here.distance(w.affect), -w.priority), default=None)
    return nearest if nearest and here.distance(nearest.affect) <= REACH else None


def named_words(state: PlaneState) -> tuple[PlaneWord, ...]:
    """The words to name, first come first: the anchors, then moods.

    Every mood when the state asks for it; else a few along the path, each apart from the others
    and none whose name an anchor, the start or the target has (some words are both a feeling
    and a mood, at different places: such a word stands there once, where the feeling is).
    """
    anchors = [word for word in state.words if word.kind == "anchor"]
    said = {word.word for word in anchors} | {state.start_word, state.target_word}
    moods = [word for word in state.words if word.kind == "mood" and word.word not in said]
    if state.every_mood:
        return (*anchors, *sorted(moods, key=lambda w: (-w.priority, _from_path(state, w.affect))))
    near = sorted(
        (_from_path(state, word.affect), -word.priority, word.word, word) for word in moods
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
    word: str
    affect: Affect
    label: Label | None


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
    stay where they are while all else changes.
    """
    frame = letterbox(width, height)
    pen = canvas(glyphs, width, height, {})
    trace = _trace(state.path, frame, pen.dots_x, pen.dots_y)
    lines = frozenset((x // pen.dots_x, y // pen.dots_y) for x, y in trace.dots)
    ring = frozenset(_ring(frame, pen.dots_x, pen.dots_y))
    marked = [*_ends(state, frame), *_dots(state, frame)]
    at_signs = {at for at, _, _, _ in marked}
    axis_words = tuple(
        label for label in _axis_words(frame, width) if not at_signs.intersection(label.cells())
    )
    taken = at_signs | {cell for label in axis_words for cell in label.cells()}
    first = {text: i for i, (_, _, text, _) in reversed([*enumerate(marked)])}
    named = [i for i, (_, _, text, _) in enumerate(marked) if first[text] == i]
    wanted = [
        Wanted(text, at, outward(affect), over=role in (START, TARGET))
        for at, role, text, affect in (marked[i] for i in named)
    ]
    labels = dict(
        zip(named, place_all(wanted, width, height, taken, lines, disliked=ring), strict=True)
    )
    placed = [labels.get(i) for i in range(len(marked))]
    found = [
        Sign(*one, label)
        for one, label in zip(marked, placed, strict=True)
        if label or one[1] != NAME or state.every_mood  # a mood's dot says nothing without its name
    ]
    full = taken | {cell for label in placed if label for cell in label.cells()}
    return Layout(
        width, height, glyphs, frame, trace, axis_words, tuple(found), frozenset(full), lines
    )


def pointed(plane: Layout, x: int, y: int) -> Affect:
    """The affect that cell (x, y) stands for: a word's own on its letters, else the place's."""
    for sign in plane.signs:
        if sign.at == (x, y) or (sign.label and (x, y) in sign.label.cells()):
            return sign.affect
    return plane.frame.affect(x, y)


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


def _ring(frame: Frame, dots_x: int, dots_y: int) -> Iterator[Position]:
    """The cells of the circle and of the axes."""
    middle, edge = (frame.dot(Affect(at, at), dots_x, dots_y) for at in (0.0, RADIUS))
    for x, y in dots_around(middle, (edge[0] - middle[0], middle[1] - edge[1])):
        yield x // dots_x, y // dots_y
    row, column = frame.cell(Affect(0.0, 0.0))[::-1]
    yield from ((x, row) for x in range(frame.left, frame.left + frame.width))
    yield from ((column, y) for y in range(frame.top, frame.top + frame.height))


def _axis_words(frame: Frame, width: int) -> tuple[Label, ...]:
    """The axes' ends in words; in the margins beside the plane where there is room for them."""
    if frame.height < 11:
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
    if state.start is not None:
        at = frame.cell(state.start)
        if state.target is None or at != frame.cell(state.target):
            yield at, START, state.start_word or "start", state.start


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


def outward(affect: Affect) -> tuple[Side, ...]:
    """Away from the plane's middle first: up or down near its top and bottom, else sideways."""
    steep = abs(affect.arousal) > 2 * abs(affect.valence)
    return tuple(sorted(SIDES, key=lambda side: _inward(affect, side, steep=steep)))


def _inward(affect: Affect, side: Side, *, steep: bool) -> tuple[bool, bool]:
    across = ("left" in side) if affect.valence >= 0 else ("right" in side)
    along = ("below" in side) if affect.arousal >= 0 else ("above" in side)
    flat = side in ("left", "right")
    return (along or flat, across) if steep else (across, along)
