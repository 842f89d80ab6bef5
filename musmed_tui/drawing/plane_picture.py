"""The plane drawn: lines, words and signs of a layout, and what moves over them. Pure."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from engine.affect.circumplex import Affect
from musmed_tui.drawing.plane_layout import (
    ANCHOR,
    AXIS,
    AXIS_WORD,
    BREATH,
    CIRCLE,
    CURSOR,
    GLOW,
    MEASURED,
    MOOD,
    NAME,
    NOW,
    PLANNED,
    PREVIEW,
    QUARTER,
    RADIUS,
    START,
    STEPS,
    TARGET,
    TRAIL,
    TRAILS,
    TRAVELLED,
    Layout,
    PlaneState,
    Sign,
    cursor_word,
    outward,
)
from musmed_tui.drawing.raster import (
    BLANK,
    SIDES,
    Canvas,
    Cell,
    Glyphs,
    Label,
    Position,
    Row,
    Side,
    Wanted,
    canvas,
    dots_between,
    place,
    write,
)

_MARKS = {
    AXIS: ".",
    CIRCLE: ".",
    PREVIEW: "~",
    MEASURED: "'",
    **{PLANNED + step: ":" for step in range(STEPS)},
    **{TRAVELLED + step: "#" for step in range(STEPS)},
    **{TRAIL + step: "#" for step in range(TRAILS * STEPS)},
}
TRAIL_DOTS = 12
"""How much of the path behind the dot is brighter, in the canvas's dots."""
_SIGNS = {MOOD: "◇", ANCHOR: "•", START: "○", TARGET: "◎", CURSOR: "+", NOW: "●"}
_ASCII_SIGNS = {MOOD: ",", ANCHOR: "*", START: "o", TARGET: "X", CURSOR: "+", NOW: "@"}


def signs(glyphs: Glyphs) -> dict[int, str]:
    """The glyph of each sign on the plane, by role: for a legend too."""
    return _ASCII_SIGNS if glyphs == "ascii" else _SIGNS


@dataclass(frozen=True)
class Moving:
    """What moves, as far as it can be seen: equal ones make equal pictures of one layout."""

    reached: int
    now: Position | None
    now_word: str
    cursor: Position | None
    cursor_word: str | None
    preview: tuple[Affect, ...]
    measured: tuple[Affect, ...]
    breath: int | None = None
    glow: int = 0


def moving(state: PlaneState, plane: Layout) -> Moving:
    """The moving parts of ``state`` on this layout."""
    word = cursor_word(state)
    return Moving(
        reached=plane.trace.reached(state.travelled_until),
        now=None if state.now is None else plane.frame.cell(state.now),
        now_word=state.now_word,
        cursor=None if state.cursor is None else plane.frame.cell(state.cursor),
        cursor_word=word.word if word else None,
        preview=state.preview,
        measured=state.measured,
        breath=state.breath,
        glow=state.glow,
    )


def now_label(plane: Layout, parts: Moving, before: Side | None) -> Label | None:
    """The word beside the dot of now; on the side it was ``before`` while that is free."""
    if parts.now is None:
        return None
    sides = SIDES if before is None else (before, *(side for side in SIDES if side != before))
    return place(
        Wanted(parts.now_word, parts.now, sides, over=True),
        plane.width,
        plane.height,
        plane.taken,
        plane.lines if before is None else frozenset(),
    )


def picture(plane: Layout, parts: Moving, total: float, now: Label | None) -> list[Row]:
    """The whole plane as rows of cells; ``now`` as ``now_label`` placed it."""
    return moved(still_picture(plane, parts, total, now), plane, parts)


def still_picture(plane: Layout, parts: Moving, total: float, now: Label | None) -> list[Row]:
    """The plane with a dot that neither breathes nor glows: what takes most of the time."""
    rows = _lines(plane, parts, total)
    _clear(rows, plane, now)
    sign = signs(plane.glyphs)
    covered = {at for at in (parts.now, parts.cursor) if at is not None}
    for label in plane.axis_words:
        if not covered.intersection(label.cells()):
            write(rows, label.text, label.x, label.y, AXIS_WORD)
    for one in plane.signs:
        if one.label is not None and _legible(one, parts):
            role = CURSOR if _says_cursor(one, parts) else one.role
            write(rows, one.label.text, one.label.x, one.label.y, role)
    for one in reversed(plane.signs):
        glyph = sign[MOOD] if one.role == NAME else sign[one.role]
        _put(rows, one.at, Cell(glyph, MOOD if one.role in (NAME, ANCHOR) else one.role))
    if now is not None:
        write(rows, now.text, now.x, now.y, NOW)
    if parts.cursor is not None:
        _draw_cursor(rows, plane, parts, now)
    if parts.now is not None:
        _put(rows, parts.now, Cell(sign[NOW], NOW))
    if plane.glyphs != "ascii":
        _lay_ground(rows, plane)
    return rows


def moved(still: list[Row], plane: Layout, parts: Moving) -> list[Row]:
    """``still``, which stays as it is, with the dot's breath and glow."""
    if parts.now is None or (parts.breath is None and not parts.glow):
        return still
    column, y = parts.now
    row = list(still[y])
    if parts.breath is not None:
        glyph, role = row[column]
        row[column] = Cell(glyph, role - NOW + BREATH + parts.breath)
    if parts.glow and plane.glyphs != "ascii":
        _glow(row, column, parts.glow)
    return [*still[:y], row, *still[y + 1 :]]


def _clear(rows: list[Row], plane: Layout, now: Label | None) -> None:
    """A gap in the lines at both ends of a word, and above and below those of the axes."""
    words = [*plane.axis_words, *(one.label for one in plane.signs if one.label)]
    cells = {cell for label in (*words, now) if label for cell in label.cells(around=1)}
    for label in plane.axis_words:
        cells |= {(x, label.y + step) for x, _ in label.cells() for step in (-1, 1)}
    for x, y in cells:
        if 0 <= y < plane.height and 0 <= x < plane.width:
            rows[y][x] = BLANK


def _lay_ground(rows: list[Row], plane: Layout) -> None:
    """What is behind the cells: the quarters inside the circle."""
    frame = plane.frame
    middle, edge = (frame.dot(Affect(at, at), 1, 1) for at in (0.0, RADIUS))
    wide, high = edge[0] - middle[0], middle[1] - edge[1]
    for y in range(plane.height):
        below = y + 0.5 - middle[1]
        half = wide * math.sqrt(max(0.0, 1.0 - ((abs(below) + 0.5) / high) ** 2))
        for x in range(math.ceil(middle[0] - half), math.floor(middle[0] + half)):
            right = x + 0.5 >= middle[0]
            quarter = (2 if right else 1) if below < 0.0 else (3 if right else 4)
            glyph, role = rows[y][x]
            rows[y][x] = Cell(glyph, role + QUARTER * quarter)


def _glow(row: Row, column: int, step: int) -> None:
    """Behind the dot, and a step less beside it."""
    for x in range(max(0, column - 1), min(len(row), column + 2)):
        glyph, role = row[x]
        if not PLANNED <= role % QUARTER < TRAVELLED:  # it would be lost in it
            row[x] = Cell(glyph, role + GLOW * (step - (x != column)))


def _says_cursor(sign: Sign, parts: Moving) -> bool:
    """Whether this sign's word is the cursor's word."""
    return sign.word == parts.cursor_word and sign.role != NAME


def _legible(sign: Sign, parts: Moving) -> bool:
    """Whether a word can stay: half a word is worse than none, and one word to a place is enough.

    The start or the target under the cursor gives way to the cursor's word.
    """
    if sign.label is None or {parts.now, parts.cursor} & set(sign.label.cells()):
        return False
    if sign.role == NAME and sign.word in (parts.cursor_word, parts.now_word):
        return False  # a mood that is called like the feeling that stands there
    under = sign.at == parts.cursor and parts.cursor_word is not None
    return not under or _says_cursor(sign, parts)


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
    _draw_path(pen, plane, parts.reached, total)
    for point in parts.measured:
        (right, down), (column, row) = dot(point.valence, point.arousal), frame.cell(point)
        first = (column * pen.dots_x, row * pen.dots_y)  # kept in the cell a sign would have
        x = min(max(round(right), first[0]), first[0] + pen.dots_x - 1)
        y = min(max(round(down), first[1]), first[1] + pen.dots_y - 1)
        pen.set(x, y, MEASURED)
    considered = [dot(point.valence, point.arousal) for point in parts.preview]
    for a, b in itertools.pairwise(considered):
        for i, (x, y) in enumerate(dots_between(a, b)):
            if i % 4 < 2:
                pen.set(x, y, PREVIEW)
    return pen.rows()


def _draw_path(pen: Canvas, plane: Layout, reached: int, total: float) -> None:
    """What is ahead two dots thick, what is travelled three, its last part brighter; on a canvas
    of blocks, whose dots are twice as large, one and two."""
    dots = plane.trace.dots
    ahead, behind = {"braille": ((0, 1), (-1, 0, 1)), "quadrant": ((0,), (0, 1))}.get(
        plane.glyphs, ((0,), (0,))
    )
    ends = {(x // pen.dots_x, y // pen.dots_y) for x, y in (*dots[:1], *dots[-1:])}
    for i, (x, y) in enumerate(dots):
        step = _step(plane.trace.times[i], total)
        (x0, y0), (x1, y1) = dots[max(0, i - 1)], dots[min(len(dots) - 1, i + 1)]
        flat = abs(x1 - x0) >= abs(y1 - y0)
        newest = TRAIL_DOTS - (reached - 1 - i)
        first = PLANNED
        if i < reached:
            third = (newest - 1) * TRAILS // TRAIL_DOTS
            first = TRAIL + STEPS * third if newest > 0 else TRAVELLED
        here = (x // pen.dots_x, y // pen.dots_y)
        thick = behind if i < reached else ahead
        for off in (0,) if here in ends else thick:  # none of it looks out behind a sign
            pen.set(x + (0 if flat else off), y + (off if flat else 0), first + step)


def _step(time: float, total: float) -> int:
    return min(STEPS - 1, max(0, int(STEPS * time / total))) if total > 0 else 0


def _draw_cursor(rows: list[Row], plane: Layout, parts: Moving, now: Label | None) -> None:
    """The cursor's sign and, unless its word stands on the plane already, the word beside it."""
    at = parts.cursor
    if at is None:
        return
    shown = any(_says_cursor(one, parts) and _legible(one, parts) for one in plane.signs)
    if parts.cursor_word and not shown:
        gone = {
            cell
            for one in plane.signs
            if one.label and not _legible(one, parts)
            for cell in one.label.cells()
        }
        taken = (plane.taken - gone) | {parts.now or at} | set(now.cells() if now else ())
        wanted = Wanted(parts.cursor_word, at, outward(plane.frame.affect(*at)), over=True)
        label = place(wanted, plane.width, plane.height, taken, plane.lines)
        if label is not None:
            write(rows, label.text, label.x, label.y, CURSOR)
    _put(rows, at, Cell(signs(plane.glyphs)[CURSOR], CURSOR))
