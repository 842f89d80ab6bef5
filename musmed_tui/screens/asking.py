"""One question over a screen: a yes or a no, or a line to type."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.typed_line import TypedLine
from musmed_tui.widgets.words import Words


class ConfirmScreen(WholeScreen[bool], ModalScreen[bool]):
    """Gives whether the listener says yes. Enter is no answer: it may have been meant for what was
    there before."""

    CSS_PATH = "asking.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="question.yes"),
        Binding("n,escape", "answer(False)", "no", id="question.no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="asking"):
            yield Words(id="asking-question")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#asking-question", Words).say(self._question)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class LineScreen(WholeScreen[str | None], ModalScreen[str | None]):
    """Gives the line that was typed, in place of ``value``; None where it was left."""

    CSS_PATH = "asking.tcss"
    AUTO_FOCUS = "#asking-line"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", id="app.back")]

    def __init__(self, question: str, value: str, most: int) -> None:
        super().__init__()
        self._question = question
        self._value = value
        self._most = most

    def compose(self) -> ComposeResult:
        with Vertical(id="asking"):
            yield Words(id="asking-question")
            yield _KeptLine(self._value, max_length=self._most, id="asking-line", compact=True)
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#asking-question", Words).say(self._question)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss(None)


class _KeptLine(TypedLine):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep", key_display="enter", id="line.keep"),
    ]
