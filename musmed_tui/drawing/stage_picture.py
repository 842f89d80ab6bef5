"""What stands beside the plane on the stage: the time, what it feels like, where from and where to,
as large as there is room for. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from musmed_tui.drawing.block_letters import LARGEST, block_height, block_rows, block_width
from musmed_tui.drawing.digits_picture import SMALL, digit_rows, digits_width
from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write

TIME, FEELING, WAY, STATE, SAID = 1, 2, 3, 4, 5
CLOCKS = (9, 7, 5, SMALL)
"""Rows of the clock, the first that leaves room."""
EDGE = 1
"""Rows that stay free, so that nothing large touches the edge."""
GAP = 1
"""Rows between what stands there."""


@dataclass(frozen=True)
class StageState:
    """What is said on the stage. ``time``: '6:27'; ``feeling``: parts of a phrase, each on a line
    of its own; ``way``: from where and to where; ``state``: its mark and how the session stands,
    nothing while it plays; ``said``: what there is to say just now."""

    time: str
    feeling: tuple[str, ...]
    way: tuple[str, str]
    arrow: str
    state: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class _Lines:
    """Texts of one role, at ``scale``; 0 is plain text."""

    texts: tuple[str, ...]
    role: int
    scale: int


def stage_rows(state: StageState, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """``height`` rows of ``width`` cells. The time first, then what the session does where it does
    not play, else what it feels like; then the way. What has no room large is said in plain
    letters, and what has no room at all is left out, the way first."""
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    foot = 2 if state.said else 0
    for clock, parts in _choices(state, width, glyphs):
        taken = clock + sum(GAP + _height(part, glyphs) for part in parts)
        if taken <= height - foot - EDGE or not parts:
            _put(rows, state.time, clock, parts, (height - foot - taken) // 2, glyphs)
            break
    if foot:
        write(rows, state.said[:width], 0, height - 1, SAID)
    return rows


def _choices(
    state: StageState, width: int, glyphs: Glyphs
) -> Iterator[tuple[int, tuple[_Lines, ...]]]:
    """The clock's rows, and the lines below it, what is seen farthest first."""
    fits = [rows for rows in CLOCKS if digits_width(state.time, rows, glyphs) <= width]
    role, plain = (STATE, (" ".join(state.state),)) if state.state else (FEELING, state.feeling)
    plain_way = _Lines((f"{state.way[0]} {state.arrow} {state.way[1]}",), WAY, 0)
    large_clocks = [rows for rows in fits if rows > SMALL]
    for clocks in (large_clocks, fits):
        for scale in range(LARGEST, 0, -1):
            for large in _large(state, role, width, scale):
                ways = [*_ways(state, width, scale), plain_way]
                yield from ((clock, (large, way)) for clock in clocks for way in ways)
    for clock in (*fits, 1):
        yield clock, (_Lines(plain, role, 0), plain_way)
    yield 1, (_Lines(plain, role, 0),)
    yield 1, ()


def _large(state: StageState, role: int, width: int, scale: int) -> Iterator[_Lines]:
    """What is said, in as few lines as it was given in, and a word a line."""
    phrase = state.state or state.feeling
    whole = (" ".join(phrase),) if state.state else phrase
    words = tuple(word for one in phrase for word in one.split())
    for texts in dict.fromkeys((whole, words)):
        if (found := _lines(texts, role, width, scale)) is not None:
            yield found


def _ways(state: StageState, width: int, most: int) -> Iterator[_Lines]:
    texts = (state.way[0], f"{state.arrow} {state.way[1]}")
    for scale in range(most, 0, -1):
        if (found := _lines(texts, WAY, width, scale)) is not None:
            yield found


def _lines(texts: Sequence[str], role: int, width: int, scale: int) -> _Lines | None:
    """None where one of them is too wide, or can't be drawn."""
    widths = [block_width(text, scale) for text in texts]
    if any(one is None or one > width for one in widths):
        return None
    return _Lines(tuple(texts), role, scale)


def _height(part: _Lines, glyphs: Glyphs) -> int:
    if part.scale == 0:
        return len(part.texts)
    return len(part.texts) * (block_height(part.scale, glyphs) + GAP) - GAP


def _put(  # noqa: PLR0917
    rows: list[Row], time: str, clock: int, parts: Sequence[_Lines], top: int, glyphs: Glyphs
) -> None:
    if clock < SMALL:
        write(rows, time[: len(rows[0])], 0, top, TIME)
    else:
        _lay(rows, digit_rows(time, clock, glyphs), top, TIME)
    y = top + clock
    for part in parts:
        y += GAP
        for text in part.texts:
            if part.scale == 0:
                write(rows, text[: len(rows[0])], 0, y, part.role)
                y += 1
            else:
                _lay(rows, block_rows(text, part.scale, glyphs), y, part.role)
                y += block_height(part.scale, glyphs) + GAP
        y -= GAP if part.scale else 0


def _lay(rows: list[Row], made: Sequence[Row], top: int, role: int) -> None:
    for row, line in zip(rows[top:], made, strict=False):
        for x, cell in enumerate(line):
            if cell.role:
                row[x] = Cell(cell.glyph, role)
