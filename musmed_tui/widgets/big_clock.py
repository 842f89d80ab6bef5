"""How far a session is, in large digits."""

from __future__ import annotations

from typing import ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from musmed_tui.drawing import digits_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.widgets.cells import CellsWidget

_PARTS = {digits_picture.DIGIT: "big-clock--digit", digits_picture.BESIDE: "big-clock--beside"}


class BigClock(CellsWidget):
    """'6:27' in digits as high as the widget, with what there is of it and what is left beside
    them. Painted once a second, and only what changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS.values())
    DEFAULT_CSS = """
    BigClock {
        height: 3;
        .big-clock--digit { color: $now; }
        .big-clock--beside { color: $muted; }
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        name: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(name=name, id=id)
        self.glyphs = glyphs
        self._time = (0, 0.0)

    def show(self, position: float, total: float) -> None:
        """Session seconds."""
        time = (int(position), total)
        if time != self._time:
            self._time = time
            self.paint()

    def picture(self, width: int, height: int) -> list[Row]:
        return digits_picture.clock_rows(*self._time, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        return self.get_visual_style(_PARTS[role])

    def render(self) -> RenderResult:
        return ""
