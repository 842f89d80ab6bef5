"""A list of sessions of the past that paints only what is seen of it, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from engine.listener.history import Past
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.session_rows import session_row
from musmed_tui.wording import ASCII, UNICODE


class SessionList(ScrollView, can_focus=True):
    """Shows one row for each session, one of them chosen. Posts ``Chosen`` and ``Opened``."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("sessions--when", "sessions--way", "sessions--figure", "sessions--note"),
        *("sessions--chosen", "sessions--chosen-apart"),
    }
    DEFAULT_CSS = """
    SessionList {
        height: 1fr;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        .sessions--when { color: $muted; }
        .sessions--way { color: $foreground; }
        .sessions--figure { color: $foreground; }
        .sessions--note { color: $muted; }
        .sessions--chosen { background: $now; color: $background; text-style: bold; }
        .sessions--chosen-apart { background: $surface; color: $foreground; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="enter", id="history.open"),
        Binding("up,k", "step(-1)", show=False, tooltip="Up", id="list.up"),
        Binding("down,j", "step(1)", show=False, tooltip="Down", id="list.down"),
        Binding("pageup", "page(-1)", show=False, tooltip="A page up", id="list.page_up"),
        Binding("pagedown", "page(1)", show=False, tooltip="A page down", id="list.page_down"),
        Binding("home", "end(0)", show=False, tooltip="To the newest", id="list.first"),
        Binding("end", "end(-1)", show=False, tooltip="To the oldest", id="list.last"),
    ]

    class Chosen(Message):
        """Another session is chosen, or none."""

    class Opened(Message):
        """The chosen session is to be opened."""

    def __init__(self, *, glyphs: Glyphs = "braille", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pasts: Sequence[Past] = ()
        self._at = 0
        self._cut = (ASCII if glyphs == "ascii" else UNICODE).cut

    @property
    def pasts(self) -> Sequence[Past]:
        return self._pasts

    @property
    def chosen(self) -> Past | None:
        return self._pasts[self._at] if self._pasts else None

    def show(self, pasts: Sequence[Past]) -> None:
        """Show ``pasts``. The chosen session stays chosen where it is among them, else the one in
        its row."""
        before = self.chosen
        self._pasts = pasts
        self._at = max(0, min(self._at, len(pasts) - 1))
        if before is not None and (not pasts or self._pasts[self._at].id != before.id):
            self._at = next((i for i, one in enumerate(pasts) if one.id == before.id), self._at)
        self.virtual_size = Size(self.size.width, len(pasts))
        self._scroll()
        self.refresh()
        if (before and before.id) != (self.chosen and self.chosen.id):
            self.post_message(self.Chosen())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return self.chosen is not None
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def action_step(self, rows: int) -> None:
        self._go(self._at + rows)

    def action_page(self, pages: int) -> None:
        self._go(self._at + pages * max(1, self.size.height - 1))

    def action_end(self, at: int) -> None:
        self._go(at % max(1, len(self._pasts)))

    def _go(self, at: int) -> None:
        at = max(0, min(at, len(self._pasts) - 1))
        if at != self._at:
            self._at = at
            self._scroll()
            self.refresh()
            self.post_message(self.Chosen())

    def _scroll(self) -> None:
        self.scroll_to_region(Region(0, self._at, 1, 1), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        row = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if 0 <= row < len(self._pasts):
            self._go(row)
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._pasts))
        self._scroll()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if row >= len(self._pasts) or not width:
            return Strip.blank(width, self.rich_style)
        chosen = row == self._at
        look = "chosen" if self.has_focus else "chosen-apart"
        segments = [
            Segment(text, self.get_component_rich_style(f"sessions--{look if chosen else part}"))
            for text, part in session_row(self._pasts[row], width, self._cut)
        ]
        return Strip(segments).crop_extend(0, width, self.rich_style)
