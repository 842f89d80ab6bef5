"""Pictures as text."""

from __future__ import annotations

from collections.abc import Iterable

from musmed_tui.drawing.raster import Row


def text_of(rows: Iterable[Row]) -> str:
    """A picture's glyphs, lines without trailing blanks."""
    return "\n".join("".join(cell.glyph for cell in row).rstrip() for row in rows)
