"""The timeline: the session's clips, how far each is, and the playhead."""

from __future__ import annotations

from typing import ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from musmed_tui import strip
from musmed_tui.raster import Glyphs, Row
from musmed_tui.strip import TimelineState, timeline_state
from musmed_tui.widgets.cells import CellsWidget

__all__ = ["Timeline", "TimelineState", "timeline_state"]

_PARTS = {
    strip.PLAYED: "timeline--played",
    strip.PLAYING: "timeline--playing",
    strip.CROSSFADE: "timeline--crossfade",
    strip.READY: "timeline--ready",
    strip.COMPOSING: "timeline--composing",
    strip.PLANNED: "timeline--planned",
    strip.PLAYHEAD: "timeline--playhead",
    strip.TIME: "timeline--time",
    strip.LEGEND: "timeline--legend",
}


class Timeline(CellsWidget):
    """Shows a ``TimelineState`` in one row, or in three with a legend."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS.values())
    DEFAULT_CSS = """
    Timeline {
        height: 3;
        .timeline--played { color: $secondary; }
        .timeline--playing { color: $accent; }
        .timeline--crossfade { color: $primary; }
        .timeline--ready { color: $primary; }
        .timeline--composing { color: $foreground-muted; }
        .timeline--planned { color: $foreground-muted; }
        .timeline--playhead { color: $accent; text-style: bold; }
        .timeline--time { color: $foreground; }
        .timeline--legend { color: $foreground-muted; }
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
        self.state = TimelineState()
        self._key: object = None

    def show(self, state: TimelineState) -> None:
        """Show ``state``; the picture is made again only when something in it moved."""
        self.state = state
        key = (state.clips, state.total, int(state.position), self._head(), self.size)
        if key != self._key:
            self._key = key
            self.paint()

    def _head(self) -> int:
        return strip.playhead(self.state, max(1, self.size.width))

    def picture(self, width: int, height: int) -> list[Row]:
        return strip.timeline_rows(self.state, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        return self.get_visual_style(_PARTS[role])

    def render(self) -> RenderResult:
        return ""
