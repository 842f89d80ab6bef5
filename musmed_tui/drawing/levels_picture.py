"""The level meter's two bars. Pure, no Textual."""

from __future__ import annotations

from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write

FLOOR_DB = -48.0
FALL_DB_PER_SECOND = 20.0
"""How fast a level falls: it sinks, it does not flicker (peak programme meters: 9 to 12)."""
QUIET, LOUD, CHANNEL = range(1, 4)


def settled(
    before: tuple[float, float], peak: tuple[float, float], seconds: float
) -> tuple[float, float]:
    """What the meter shows ``seconds`` after ``before`` when the peaks are ``peak`` (dBFS, left
    and right): up at once, down slowly."""
    fall = FALL_DB_PER_SECOND * seconds
    left, right = (max(FLOOR_DB, new, old - fall) for old, new in zip(before, peak, strict=True))
    return left, right


def level_cells(level: float, cells: int) -> int:
    """How many of ``cells`` a level in dBFS fills."""
    share = (max(FLOOR_DB, min(0.0, level)) - FLOOR_DB) / -FLOOR_DB
    return round(cells * share)


def level_rows(shown: tuple[float, float], width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Left and right one below the other; in a single row, side by side."""
    full, empty = ("#", "-") if glyphs == "ascii" else ("━", "─")
    halves = (
        [(0, width)] * 2 if height > 1 else [(0, width // 2 - 1), (width // 2 + 1, width // 2 - 1)]
    )
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    for i, (channel, (x, room)) in enumerate(zip("LR", halves, strict=True)):
        y = i if height > 1 else 0
        cells = max(0, room - 2)
        write(rows, channel, x, y, CHANNEL)
        filled = level_cells(shown[i], cells)
        for cell in range(cells):
            role = QUIET if cell >= filled else LOUD
            rows[y][x + 2 + cell] = Cell(empty if role == QUIET else full, role)
    return rows
