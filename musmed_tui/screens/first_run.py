"""The first-run card: what musmed is and is not, in three sentences."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Part, Words

SENTENCES = (
    "musmed composes music that leads from how you feel to how you want to feel; it is for "
    "listening on your own or between sessions with a music therapist, not instead of them, and "
    "it is no medical device.",
    "Keep it moderate: musmed can't know how loud it is at your ear, and it is not for driving.",
    "While it plays, q stops it and e eases it, at any time.",
)


class FirstRunScreen(WholeScreen[None], ModalScreen[None]):
    """Dismissed by who has read it. Pause, ease and stop act meanwhile."""

    CSS_PATH = "first_run.tcss"
    AUTO_FOCUS = "#first-run"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape", "dismiss", "go on", key_display="enter", id="first_run.go_on"),
        Binding("space", "app.pause", "pause", id="session.pause"),
        Binding("e", "app.ease", "ease", id="session.ease"),
        Binding("q", "app.quit", "quit", id="app.quit"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="first-run"):
            yield Words(id="first-run-words")
        yield Transport()

    def on_mount(self) -> None:
        parts: list[Part] = [f"\n\n{sentence}" for sentence in SENTENCES]
        self.query_one("#first-run-words", Words).say(
            ("Before you listen", "$now bold"),
            *parts,
            ("\n\nEnter puts this away for good.", "$muted"),
        )
