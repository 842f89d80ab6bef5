"""The timeline: the session's clips, how far each is, and the playhead."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.style import Style as VisualStyle

from musmed_tui.drawing import timeline_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.drawing.timeline_picture import TimelineState, timeline_state
from musmed_tui.widgets.cells import CellsWidget, blended

__all__ = ["Timeline", "TimelineState", "timeline_state"]

_PARTS = {
    timeline_picture.PLAYING: "timeline--playing",
    timeline_picture.COMPOSING: "timeline--composing",
    timeline_picture.PLANNED: "timeline--planned",
    timeline_picture.PLAYHEAD: "timeline--playhead",
    timeline_picture.TIME: "timeline--time",
    timeline_picture.LEGEND: "timeline--legend",
    timeline_picture.DONE: "timeline--done",
    timeline_picture.BASELINE: "timeline--baseline",
}


CALM_STEP = 5.0
"""How many session seconds the playhead of a calm one goes at a time."""
CALM_SECONDS = 10.0
"""So seldom what is composed ahead is painted where things are calm: a clip is a kilobyte, and the
first minutes are composed in one go."""


class Timeline(CellsWidget):
    """Shows a ``TimelineState`` in one row, or in three with how loud it is, times and a legend;
    ``calm``: what is composed meanwhile is shown now and then. Posts ``Sought`` where it is
    clicked."""

    class Sought(Message):
        """It was clicked at ``second``, session time."""

        def __init__(self, second: float) -> None:
            super().__init__()
            self.second = second

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--path-start",
        "timeline--path-end",
        *_PARTS.values(),
    }
    DEFAULT_CSS = """
    Timeline {
        height: 3;
        .timeline--path-start { color: $path-start; }
        .timeline--path-end { color: $path-end; }
        .timeline--playing { color: $now; }
        .timeline--composing { color: $muted; }
        .timeline--planned { color: $muted; }
        .timeline--playhead { color: $now; text-style: bold; }
        .timeline--time { color: $muted; }
        .timeline--legend { color: $muted; }
        .timeline--baseline { color: $muted 45%; }
        .timeline--done { color: $text; text-style: bold; }
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        calm: bool = False,
        clock: Callable[[], float] = time.monotonic,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(name=name, id=id)
        self.glyphs = glyphs
        self.state = TimelineState()
        self._patience = CALM_SECONDS if calm else 0.0
        self._clock = clock
        self._painted_at = 0.0
        self._composed: object = None
        self._key: object = None

    def show(self, state: TimelineState) -> None:
        """Show ``state``; the picture is made again only when something in it moved."""
        if self._patience:
            state = replace(state, position=state.position // CALM_STEP * CALM_STEP)
        self.state = state
        second = int(state.position) if self.size.height < 3 else None
        key = (state.total, state.done, second, self._head(), self._playing(), self.size)
        composed = (state.clips, state.sections)
        now = self._clock()
        if key != self._key or (
            composed != self._composed and now - self._painted_at >= self._patience
        ):
            self._key, self._composed, self._painted_at = key, composed, now
            self.paint()

    def _head(self) -> int:
        return timeline_picture.playhead(self.state, max(1, self.size.width))

    def _playing(self) -> int:
        """How many clips have begun: with the next one another stretch plays."""
        return sum(clip.start <= self.state.position for clip in self.state.clips)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset_capture(self).x
        second = timeline_picture.second_at(self.state, at, *self.size)
        if second is not None:
            self.post_message(self.Sought(second))

    def picture(self, width: int, height: int) -> list[Row]:
        return timeline_picture.timeline_rows(self.state, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        if role in _PARTS:
            return self.get_visual_style(_PARTS[role])
        start = self.get_visual_style("timeline--path-start")
        end = self.get_visual_style("timeline--path-end")
        return blended(start, end, timeline_picture.share(role))

    def render(self) -> RenderResult:
        return ""
