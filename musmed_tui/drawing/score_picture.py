"""The music as a page of notes: what plays now, before and after, with chords and bar lines. Pure,
no Textual.

A page stands still while a mark moves over it, and is turned when the mark nears its end: a picture
that moved with the music would have to be sent whole at every step.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from engine.composers.base import BarRecord
from engine.session.heard_notes import HeardNote, HeardScore
from musmed_tui.drawing.raster import BLANK, Canvas, Glyphs, Row, canvas, write

CELLS_A_SECOND = 2.75
"""In braille a note of half a beat at 150 to the minute is one dot."""
TURN_SECONDS = 1.0
"""So much of the last page stands at the beginning of the next."""
LEAST_SPAN = 30
"""Semitones from the lowest to the highest row, at least."""
LEAST_ROWS, LEGEND_ROWS = 6, 14
"""With fewer rows there is no room for notes under what is said of them; with as many there is also
one that says who plays."""
LINE_DOTS = 4
"""From one dot of a bar line to the next."""

MARK, BARLINE, CHORD, SAID, SOUND, PART = 1, 2, 3, 4, 5, 10
PARTS = ("drums", "pad", "figure", "colour", "counter", "bass", "lead")
"""Where notes meet in a cell the last of these is seen."""
EMPTY = "no notes here"
_ROLES = {part: PART + number for number, part in enumerate(PARTS)}
_ASCII = dict(zip(_ROLES.values(), ("'", "~", "-", "-", "=", "_", "#"), strict=True)) | {
    BARLINE: "."
}
MARKS: dict[Glyphs, str] = {"braille": "▾", "quadrant": "▼", "ascii": "v"}


@dataclass(frozen=True)
class Page:
    """From ``start`` to ``end``, session seconds."""

    start: float
    end: float

    def column(self, second: float, columns: int) -> float:
        return (second - self.start) / (self.end - self.start) * columns


def page_at(position: float, width: int) -> Page:
    """The page of ``width`` cells that holds ``position`` (session seconds)."""
    length = max(4.0, width / CELLS_A_SECOND)
    step = length - TURN_SECONDS
    start = step * math.floor(position / step) - TURN_SECONDS / 2
    return Page(start, start + length)


def part_of(role: int) -> str:
    """Which part a role is."""
    return PARTS[role - PART]


def score_rows(
    score: HeardScore, position: float, width: int, height: int, glyphs: Glyphs
) -> list[Row]:
    """``height`` rows of ``width`` cells: key, tempo and section; chords; the mark; and the notes
    of the page that holds ``position`` (session seconds), the highest on top, drums at the foot."""
    if height < LEAST_ROWS or width < 12:
        return [[BLANK] * width for _ in range(height)]
    page = page_at(position, width)
    notes, bars = _on(page, score.notes), _bars_on(page, score.bars)
    head: list[Row] = [[BLANK] * width for _ in range(3)]
    write(head[:1], _said(bars, position, width), 0, 0, SAID)
    _write_chords(head[1], bars, page, width)
    at = math.floor(page.column(position, width))
    write([head[2]], MARKS[glyphs], min(width - 1, max(0, at)), 0, MARK)
    foot = [_legend(notes, width)] if height >= LEGEND_ROWS else []
    made = canvas(glyphs, width, height - 3 - len(foot), _ASCII)
    _draw_roll(made, notes, bars, page)
    rows = made.rows()
    if not (notes or bars):
        write(rows[len(rows) // 2 :], EMPTY, max(0, (width - len(EMPTY)) // 2), 0, SAID)
    return [*head, *rows, *foot]


def _on(page: Page, notes: Sequence[HeardNote]) -> list[HeardNote]:
    """Those that begin on the page, and those before it that still sound."""
    first = bisect_left(notes, page.start - 12.0, key=lambda note: note.onset)
    last = bisect_right(notes, page.end, key=lambda note: note.onset)
    return [note for note in notes[first:last] if note.onset + note.length > page.start]


def _bars_on(page: Page, bars: Sequence[BarRecord]) -> list[BarRecord]:
    """And the one that goes on at its beginning."""
    first = max(0, bisect_right(bars, page.start, key=lambda bar: bar.start) - 1)
    last = bisect_right(bars, page.end, key=lambda bar: bar.start)
    return list(bars[first:last])


def _said(bars: Sequence[BarRecord], position: float, width: int) -> str:
    """'A minor, 72 beats a minute, section 2' of the bar that is heard, as much as there is room
    for."""
    at = max(0, bisect_right(bars, position, key=lambda bar: bar.start) - 1)
    if not bars:
        return ""
    bar = bars[at]
    tempo = bar.asked.get("tempo")
    said = (
        bar.key,
        bar.time_signature,
        "" if tempo is None else f"{round(tempo)} beats a minute",
        f"section {bar.section}" if bar.section else "",
    )
    line = ""
    for part in said:
        longer = f"{line}, {part}" if line and part else line + part
        line = longer if len(longer) <= width else line
    return line


def _write_chords(row: Row, bars: Sequence[BarRecord], page: Page, width: int) -> None:
    """Each bar's first chord over its line, as far as the one before leaves room."""
    free = 0
    for bar in bars:
        at = math.floor(page.column(bar.start, width))
        if bar.chords and free <= at <= width - len(bar.chords[0]):
            write([row], bar.chords[0], at, 0, CHORD)
            free = at + len(bar.chords[0]) + 1


def _draw_roll(
    made: Canvas, notes: Sequence[HeardNote], bars: Sequence[BarRecord], page: Page
) -> None:
    columns, rows = made.width * made.dots_x, made.height * made.dots_y
    for bar in bars:
        at = math.floor(page.column(bar.start, columns))
        for y in range(0, rows, min(LINE_DOTS, made.dots_y)):
            made.set(at, y, BARLINE)
    pitched = [note for note in notes if note.part != "drums"]
    low, span = _span(pitched)
    foot = made.dots_y if len(pitched) < len(notes) else 0
    for note in sorted(notes, key=lambda one: _ROLES.get(one.part, PART)):
        if note.part == "drums":
            y = rows - 1 - (1 if note.pitch >= 42 and made.dots_y > 1 else 0)
        else:
            y = round((rows - 1 - foot) * (1.0 - (note.pitch - low) / span))
        _draw(made, note, y, page)


def _span(notes: Sequence[HeardNote]) -> tuple[int, int]:
    """The lowest pitch and how many semitones are shown: octaves, so that the next page differs
    little."""
    if not notes:
        return 48, LEAST_SPAN
    low = min(note.pitch for note in notes) // 6 * 6
    high = -(-max(note.pitch for note in notes) // 6) * 6
    missing = max(0, LEAST_SPAN - (high - low))
    return low - missing // 2, max(LEAST_SPAN, high - low)


def _draw(made: Canvas, note: HeardNote, y: int, page: Page) -> None:
    """A note's dots, the last left out where it has several: what follows is seen to begin."""
    columns = made.width * made.dots_x
    first = math.floor(page.column(note.onset, columns))
    last = math.floor(page.column(note.onset + note.length, columns))
    role = _ROLES.get(note.part, PART)
    length = 1 if note.part == "drums" else max(1, last - first)
    for x in range(max(0, first), min(columns, first + length)):
        made.set(x, y, role)


def _legend(notes: Sequence[HeardNote], width: int) -> Row:
    """The instruments of a page, each in the colour of its part, the lead first."""
    row: Row = [BLANK] * width
    playing = {note.part: note.instrument for note in notes}
    at = 0
    for part in reversed(PARTS):
        name = playing.get(part, "")
        if name and at + len(name) <= width:
            write([row], name, at, 0, _ROLES[part])
            at += len(name) + 2
    return row
