"""What is kept of a session that is over: how it was, and its sound in a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic

from textual import work

from engine.errors import MusmedError
from engine.listener.ratings import Felt
from engine.printable import visible
from musmed_tui.session_control import SessionControl
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.themed_app import R, ThemedApp

if TYPE_CHECKING:
    from musmed_tui.screens.check_out import CheckOutScreen
    from musmed_tui.screens.sliders import Said


class KeepingApp(ThemedApp[R], Generic[R]):
    """Does for the check-out what takes a while, in threads. Its messages come by their
    names: it is imported when it is first shown."""

    def __init__(self, control: SessionControl, shelf: ThemeShelf, **how: Any) -> None:  # noqa: ANN401
        super().__init__(shelf, shelf.first(control.loaded), **how)
        self._control = control
        self._call_off = threading.Event()

    # how it was

    def on_check_out_screen_rated(self, event: CheckOutScreen.Rated) -> None:
        self._show_felt(event.screen, event.session, event.said)

    @work(thread=True)
    def _show_felt(self, screen: CheckOutScreen, session: str, said: Said | None = None) -> None:
        """What is kept of how a session was, after what was ``said`` is kept too."""
        listener, felt, trouble = self._control.listener, Felt(), ""
        try:
            felt = listener.felt(session)
            if said is not None:
                felt = listener.rate(session, said.rating, said.note)
        except MusmedError as error:
            trouble = f"It was not kept. {error}" if said is not None else str(error)
        self.call_later(screen.show_felt, felt, trouble)

    # saving

    def on_check_out_screen_call_off(self) -> None:
        self._call_off.set()

    def on_check_out_screen_save(self, event: CheckOutScreen.Save) -> None:
        """For the screen that asks, whatever lies over it by now."""
        self._call_off.clear()
        self._save(event.screen, event)

    @work(thread=True)
    def _save(self, screen: CheckOutScreen, asked: CheckOutScreen.Save) -> None:
        output, called_off = asked.output, self._call_off.is_set

        def progress(done: float, total: float) -> None:
            self.call_later(screen.show_progress, done, total)

        try:
            changed = self._control.save(
                asked.begun.runner, output, progress, called_off, heard=asked.heard
            )
        except MusmedError as error:
            self._tell(screen, str(error), failed=True)
        else:
            size = output.stat().st_size / 1e6
            said = " ".join((f"Saved as {visible(str(output))} ({size:.1f} MB).", *changed))
            self._tell(screen, said, failed=False)

    def _tell(self, screen: CheckOutScreen, sentence: str, *, failed: bool) -> None:
        self.call_later(lambda: screen.show_saved(sentence, failed=failed))
