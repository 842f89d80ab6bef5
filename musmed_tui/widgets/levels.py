"""The level meter: stereo peaks, rising at once and sinking slowly."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from musmed_tui.drawing import levels_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.widgets.cells import CellsWidget

_PARTS = {
    levels_picture.QUIET: "levels--quiet",
    levels_picture.LOUD: "levels--loud",
    levels_picture.CHANNEL: "levels--channel",
}


class Levels(CellsWidget):
    """Shows peaks in dBFS, left and right; two rows, or one with both side by side."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS.values())
    DEFAULT_CSS = """
    Levels {
        height: 2;
        max-width: 42;
        .levels--quiet { color: $muted 55%; }
        .levels--loud { color: $muted; }
        .levels--channel { color: $muted; }
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        clock: Callable[[], float] = time.monotonic,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(name=name, id=id)
        self.glyphs = glyphs
        self.shown = (levels_picture.FLOOR_DB, levels_picture.FLOOR_DB)
        self._clock = clock
        self._shown_at = clock()

    def show(self, peak: tuple[float, float]) -> None:
        """Show these peaks (dBFS; -inf for silence)."""
        now = self._clock()
        before, self.shown = (
            self.shown,
            levels_picture.settled(self.shown, peak, now - self._shown_at),
        )
        self._shown_at = now
        if before != self.shown:
            self.paint()

    def picture(self, width: int, height: int) -> list[Row]:
        return levels_picture.level_rows(self.shown, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        return self.get_visual_style(_PARTS[role])

    def render(self) -> RenderResult:
        return ""
