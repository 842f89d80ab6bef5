"""The way of a session: stretches behind, now and ahead, and what was asked for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from musmed_tui.drawing import way_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.drawing.way_picture import WayState
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.cells import CellsWidget

_PARTS = {
    way_picture.PAST: "way--past",
    way_picture.NOW: "way--now",
    way_picture.NEXT: "way--next",
    way_picture.DEED: "way--deed",
}


class Way(CellsWidget):
    """Follows a session; what is heard now is always among its rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS.values())
    DEFAULT_CSS = """
    Way {
        .way--past { color: $muted; }
        .way--now { color: $now; text-style: bold; }
        .way--next { color: $text; }
        .way--deed { color: $path-end; }
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
        self.state = WayState()
        self._key: object = None

    def show(self, snapshot: Snapshot) -> None:
        """Painted again when another stretch is heard, or something was asked for."""
        self.state = WayState(
            snapshot.course, snapshot.asked, snapshot.position_s, snapshot.total_s
        )
        over = snapshot.position_s >= snapshot.total_s
        key = (id(snapshot.course), snapshot.asked, self.state.here, over, self.size)
        if key != self._key:
            self._key = key
            self.paint()

    def picture(self, width: int, height: int) -> list[Row]:
        return way_picture.way_rows(self.state, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        return self.get_visual_style(_PARTS[role])

    def render(self) -> RenderResult:
        return ""
