"""Shown in a window too small for anything else."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import ScreenResume
from textual.screen import ModalScreen

from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import is_paused
from musmed_tui.widgets.words import Part, Words

COLUMNS, ROWS = 40, 12


def is_too_small(columns: int, rows: int) -> bool:
    """Whether nothing else fits into a window of this size."""
    return columns < COLUMNS or rows < ROWS


class TooSmallScreen(WholeScreen[None], ModalScreen[None]):
    """Says so, until the window is larger; the music goes on, and can be paused, eased and left."""

    CSS_PATH = "too_small.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "app.pause", "pause", id="session.pause"),
        Binding("e", "app.ease", "ease", id="session.ease"),
        Binding("q", "app.quit", "quit", id="app.quit"),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="message")

    def on_mount(self) -> None:
        self.bindings_updated_signal.subscribe(self, lambda _: self._say())
        self.on_resize()

    def on_resize(self) -> None:
        if is_too_small(*self.app.size):
            self._say()
        else:
            self._go()

    @while_open
    def _say(self) -> None:
        size = self.app.size
        paused = is_paused(self.app)
        keys = [("space", "go on" if paused else "pause"), ("e", "ease"), ("q", "quit")]
        music = bool(self.app.check_action("pause", ()))
        told = "It is paused.\n" if paused else "The music goes on.\n"
        words: list[Part] = [(told, "$muted")] if music else []
        for key, does in keys if music else keys[-1:]:
            words += [key, (f" {does}" if key == "q" else f" {does}  ", "$muted")]
        self.query_one(Words).say(
            (f"{size.width} x {size.height} is too small.\n", "bold"),
            f"musmed needs {COLUMNS} x {ROWS}.\n",
            *words,
        )

    def on_screen_resume(self, _: ScreenResume) -> None:
        self.on_resize()

    def _go(self) -> None:
        """Only from the top: what lies over it (nothing does for long) comes off first."""
        if self.is_active:  # what lies below a question is 'current', too
            self.dismiss()
