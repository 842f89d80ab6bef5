"""What a participant of a listening study sees: what they agree to, and a clock while it plays.

Nothing on it tells what plays: no feeling, no path, no players, no picture of the sound. Modal:
the keys that the app has elsewhere are not theirs.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen

from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.big_clock import BigClock
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words
from musmed_tui.wording import VOLUME_STEP

_ASKED = "Do you agree, and want to begin?"


class ConsentScreen(WholeScreen[bool], ModalScreen[bool]):
    """Gives whether somebody agrees to the study's ``words``."""

    CSS_PATH = "listening.tcss"
    AUTO_FOCUS = "#consent"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "I agree", id="question.yes"),
        Binding("n,escape", "answer(False)", "I don't", id="question.no"),
    ]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._said = words

    def compose(self) -> ComposeResult:
        with Vertical(id="page"):
            with VerticalScroll(id="consent"):
                yield Words(id="consent-words")
            yield Words(id="question")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#consent-words", Words).say(self._said)
        self.query_one("#question", Words).say((_ASKED, "bold"))

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class HearingScreen(WholeScreen[None], ModalScreen[None]):
    """A session of the list while it plays. Posts ``Paused``, ``Volume`` and ``Stop``."""

    CSS_PATH = "listening.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause", id="session.pause", tooltip="Pause, go on"),
        Binding("plus,equals_sign,up", "volume(1)", "louder", key_display="+", id="session.louder"),
        Binding(
            "minus,underscore,down", "volume(-1)", "softer", key_display="-", id="session.softer"
        ),
        Binding("q", "stop", "stop here", id="session.stop"),
    ]

    class Paused(Message):
        """It is to pause, or to go on."""

    class Volume(Message):
        """It is to be louder by so much."""

        def __init__(self, by: float) -> None:
            super().__init__()
            self.by = by

    class Stop(Message):
        """It is enough for now."""

    def __init__(self, place: int, of: int, glyphs: Glyphs = "braille") -> None:
        super().__init__()
        self._place, self._of = place, of
        self._glyphs: Glyphs = glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="page"):
            yield Words(id="place")
            yield BigClock(glyphs=self._glyphs, id="clock")
            yield Words(id="stands")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#place", Words).say((f"Session {self._place} of {self._of}", "bold"))

    def show(self, heard: float, seconds: float, stands: str) -> None:
        """How far it is, and how it ``stands`` in a few words."""
        self.query_one(BigClock).show(heard, seconds)
        self.query_one("#stands", Words).say((stands, "$muted"))

    def action_pause(self) -> None:
        self.post_message(self.Paused())

    def action_volume(self, steps: int) -> None:
        self.post_message(self.Volume(steps * VOLUME_STEP))

    def action_stop(self) -> None:
        self.post_message(self.Stop())
