"""Shown in a window too small for anything else."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from musmed_tui.widgets.words import Words

COLUMNS, ROWS = 40, 12


class TooSmallScreen(ModalScreen[None]):
    """Says so; the music goes on, and can be paused and left."""

    CSS_PATH = "too_small.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "app.pause", "pause"),
        Binding("q", "app.quit", "quit"),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="message")

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        size = self.app.size
        self.query_one(Words).say(
            (f"{size.width} x {size.height} is too small.\n", "bold"),
            f"musmed needs {COLUMNS} x {ROWS}.\n",
            ("The music goes on.\n", "$muted"),
            "space",
            (" pause  ", "$muted"),
            "q",
            (" quit", "$muted"),
        )
