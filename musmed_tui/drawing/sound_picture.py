"""The sound as it plays, where there are no notes: time to the right, high above low, the stronger
the denser. Pure, no Textual.

The page and its mark are those of the score (``score_picture``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.playback.sound_columns import BANDS, COLUMN_SECONDS, STRENGTHS, SoundColumn
from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write
from musmed_tui.drawing.score_picture import LEAST_ROWS, MARK, MARKS, SAID, SOUND, Page, page_at

MOST_ROWS = 10
"""A column is sent with every row's cells up to it, so there are no more rows than are needed."""
SAYS = "the sound, high above low"
_SHADES: dict[Glyphs, str] = {"braille": " ░▒▓█", "quadrant": " ░▒▓█", "ascii": " .:+#"}


def sound_rows(
    columns: Sequence[SoundColumn], position: float, width: int, height: int, glyphs: Glyphs
) -> list[Row]:
    """``height`` rows of ``width`` cells: what it is, the mark, and the sound of the page that
    holds ``position`` (session seconds), as far as it is known."""
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    if height < LEAST_ROWS or width < 12:
        return rows
    page = page_at(position, width)
    write(rows, SAYS, 0, 0, SAID)
    at = math.floor(page.column(position, width))
    write(rows, MARKS[glyphs], min(width - 1, max(0, at)), 1, MARK)
    room = min(MOST_ROWS, height - 2)
    shades = _SHADES[glyphs]
    for x, strengths in _cells(columns, page, width):
        for y in range(room):
            low, high = BANDS * (room - 1 - y) // room, BANDS * (room - y) // room
            shade = max(strengths[low:high]) * len(shades) // STRENGTHS
            if shade:
                rows[2 + y][x] = Cell(shades[shade], SOUND)
    return rows


def _cells(columns: Sequence[SoundColumn], page: Page, width: int) -> Iterator[tuple[int, bytes]]:
    """Each cell of which something is known, with the strongest of what falls into it."""
    found: dict[int, bytes] = {}
    for column in columns:
        middle = (column.number + 0.5) * COLUMN_SECONDS
        x = math.floor(page.column(middle, width))
        if 0 <= x < width:
            before = found.get(x, bytes(BANDS))
            found[x] = bytes(map(max, before, column.strengths))
    yield from found.items()
