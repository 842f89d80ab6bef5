"""The last session on the check-in: one key away, on or from its start; and the way to all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import App
from textual.events import ScreenResume
from textual.message import Message

from engine.errors import MusmedError
from musmed_tui.screens.check_in_offers import Keeper, Offers
from musmed_tui.screens.grid import GridScreen
from musmed_tui.screens.shown_focus import while_open

if TYPE_CHECKING:
    from engine.listener.history import Past


class PastOfferingScreen(GridScreen):
    """Has ``Offers``; ``keeper`` knows the last session. Posts ``History`` and ``Again``."""

    class History(Message):
        """The history is to be shown."""

    class Again(Message):
        """The last session is to be played, on or from its start."""

        def __init__(self, session: str, *, from_start: bool) -> None:
            super().__init__()
            self.session = session
            self.from_start = from_start

    def __init__(self, keeper: Keeper | None = None) -> None:
        super().__init__()
        self._keeper = keeper
        self._last: Past | None = None

    def action_past(self) -> None:
        self.post_message(self.History())

    def on_whole_screen_shown(self) -> None:
        self._read_last(self.app)

    def on_screen_resume(self, _: ScreenResume) -> None:
        if self._whole:  # else once it is shown: it waits for no library
            self._read_last(self.app)

    @work(thread=True, exclusive=True)
    def _read_last(self, app: App[Any]) -> None:
        """A library that can't be read has no last session; the history says what is wrong. The
        screen may be gone by the time, so it is told by way of ``app``."""
        pages: tuple[Past, ...] = ()
        if self._keeper is not None:
            with contextlib.suppress(MusmedError):
                pages = self._keeper.page(1)
        app.call_later(self._show_last, pages[0] if pages else None)

    @while_open
    def _show_last(self, past: Past | None) -> None:
        self._last = past
        self.query_one(Offers).show_last(past)
        self.refresh_bindings()

    def action_again(self, from_start: bool) -> None:
        if self._last is not None:
            self.post_message(self.Again(self._last.id, from_start=from_start))
