"""Large digits of any height, as on a clock of seven segments. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write
from musmed_tui.wording import clock, time_left

DIGIT, BESIDE = 1, 2
GAP = 2
"""Columns between the digits and what stands beside them."""
SMALL = 3
"""Rows of the smallest digits."""
_SEGMENTS = dict(
    zip(
        "0123456789",
        ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"),
        strict=True,
    )
)
"""Which segments of a digit are lit: a on top, b and c down the right side, d at the foot, e and f
up the left side, g across the middle."""
_HALVES = (" ", "▀", "▄", "█")
_LINES = ("   ", " a ", "fgb", "edc")
_STROKES = dict(zip("abcdefg", "_||_||_", strict=True))
"""The smallest in ASCII: a character a segment."""


class _Box(NamedTuple):
    """A digit's dots across and down, and how thick its strokes are, across and down."""

    across: int
    down: int
    thick_x: int
    thick_y: int


def digits_width(text: str, rows: int, glyphs: Glyphs) -> int:
    """How many columns ``text`` (digits and colons) takes, ``rows`` high."""
    box = _box(rows, glyphs)
    return sum(map(len, _gaps(text, box))) + sum(_across(sign, box) for sign in text)


def digit_rows(text: str, rows: int, glyphs: Glyphs) -> list[Row]:
    """``text`` (digits and colons; anything else is a blank) in ``rows`` (at least 3) rows. Every
    digit is as wide as every other, so that none moves when another changes."""
    box = _box(rows, glyphs)
    made: list[Row] = [[] for _ in range(rows)]
    for sign, gap in zip(text, [*_gaps(text, box), ""], strict=True):
        for row, line in zip(made, _sign(sign, rows, box, glyphs), strict=True):
            row += [Cell(mark, DIGIT) if mark != " " else BLANK for mark in line + gap]
    return made


def clock_rows(position: float, total: float, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """How far a session is (session seconds) in ``width`` by ``height`` cells: '6:27' in digits as
    high as there are rows, beside it 'of 15:00' over '8:33 left'. What there is no room for is left
    out, and without room for digits the time is one line."""
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    here, beside = clock(position), (f"of {clock(total)}", f"{time_left(position, total)} left")
    taken = digits_width(here, height, glyphs) if height >= SMALL else width + 1
    if taken > width:
        whole = f"{here} {beside[0]}, {beside[1]}"
        write(rows, whole if len(whole) <= width else here, 0, 0, DIGIT)
        return rows
    for row, digits in zip(rows, digit_rows(here, height, glyphs), strict=True):
        row[: len(digits)] = digits
    if taken + GAP + max(map(len, beside)) <= width:
        for line, said in enumerate(beside):
            write(rows, said, taken + GAP, max(0, height - 3) // 2 + line, BESIDE)
    return rows


def _box(rows: int, glyphs: Glyphs) -> _Box:
    """Of digits ``rows`` cells high. A cell is two dots high, so that a dot is about square; in
    ASCII it is one."""
    thick = max(1, (rows + 1) // 3)
    across = max(SMALL, rows + thick - 1)
    if glyphs == "ascii":
        return _Box(SMALL if thick == 1 else across, rows, thick, max(1, thick // 2))
    return _Box(across, 2 * rows - (thick == 1), thick, thick)


def _gaps(text: str, box: _Box) -> list[str]:
    """What stands between a sign and the next."""
    return [" " * box.thick_x for _ in text[1:]]


def _across(sign: str, box: _Box) -> int:
    return box.thick_x if sign == ":" else box.across


def _sign(sign: str, rows: int, box: _Box, glyphs: Glyphs) -> list[str]:
    """One sign in ``rows`` lines."""
    across = _across(sign, box)
    if glyphs == "ascii" and box.thick_x == 1:
        if sign == ":":
            return [*" " * (rows - 2), *".."]
        return [_line(parts, sign) for parts in (*_LINES[:1] * (rows - SMALL), *_LINES[1:])]
    lit = set(_colon(box) if sign == ":" else _digit(sign, box))
    if glyphs == "ascii":
        mark = ":" if sign == ":" else "#"
        return ["".join(mark if (x, y) in lit else " " for x in range(across)) for y in range(rows)]
    return [
        "".join(_HALVES[((x, 2 * y) in lit) + 2 * ((x, 2 * y + 1) in lit)] for x in range(across))
        for y in range(rows)
    ]


def _line(parts: str, sign: str) -> str:
    lit = _SEGMENTS.get(sign, "")
    return "".join(_STROKES[part] if part in lit else " " for part in parts)


def _digit(sign: str, box: _Box) -> Iterator[tuple[int, int]]:
    """The dots of a digit's segments."""
    right, foot = box.across - box.thick_x, box.down - box.thick_y
    middle = foot // 2
    corners = {
        "a": (0, 0, box.across, box.thick_y),
        "b": (right, 0, box.across, middle + box.thick_y),
        "c": (right, middle, box.across, box.down),
        "d": (0, foot, box.across, box.down),
        "e": (0, middle, box.thick_x, box.down),
        "f": (0, 0, box.thick_x, middle + box.thick_y),
        "g": (0, middle, box.across, middle + box.thick_y),
    }
    for segment in _SEGMENTS.get(sign, ""):
        left, top, until_x, until_y = corners[segment]
        yield from ((x, y) for x in range(left, until_x) for y in range(top, until_y))


def _colon(box: _Box) -> Iterator[tuple[int, int]]:
    above = box.down // 4
    for top in (above, box.down - above - box.thick_y):
        yield from ((x, top + y) for x in range(box.thick_x) for y in range(box.thick_y))
