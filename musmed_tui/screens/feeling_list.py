"""A feeling from a list: the words that are known, by quarter of the plane."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList

from engine.affect.circumplex import Affect
from engine.affect.feelings import Feeling, by_quarter
from engine.affect.quarters import Quarter, quarter_of
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words

_PLACES = ((Quarter.UNPLEASANT_HIGH, Quarter.PLEASANT_HIGH),
           (Quarter.UNPLEASANT_LOW, Quarter.PLEASANT_LOW))  # fmt: skip
"""As the quarters lie on the plane."""
_FRAME = 6
"""What the corners of a frame, and the blanks between them and a name on it, take, in columns."""


class FeelingListScreen(WholeScreen[Feeling | None], ModalScreen[Feeling | None]):
    """Gives the feeling that was picked, or None. Opens on the quarter that ``near`` lies in."""

    CSS_PATH = "feeling_list.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,right", "across", show=False, tooltip="To the quarter beside", id="words.across"
        ),
        Binding("escape", "leave", "leave", id="app.back"),
        Binding("tab", "app.focus_next", "quarter", id="words.next"),
        Binding("a", "jump", "jump", key_display="a-z", id="words.jump"),
    ]

    def __init__(self, question: str, near: Affect) -> None:
        super().__init__()
        self._question = question
        self._words = by_quarter()
        self._first = quarter_of(near) or Quarter.PLEASANT_LOW

    def compose(self) -> ComposeResult:
        with Vertical(id="words"):
            yield Words(id="words-question")
            with Grid(id="quarters"):
                for row in _PLACES:
                    for quarter in row:
                        yield _QuarterList(quarter, self._words[quarter])
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#words-question", Words).say((self._question, "bold"))
        self.query_one(f"#{_name(self._first)}", OptionList).focus()

    def action_across(self) -> None:
        """To the list beside the one that is looked at; Tab goes round all four."""
        lists = list(self.query(OptionList))
        at = next((i for i, one in enumerate(lists) if one.has_focus), 0)
        lists[at ^ 1].focus()

    def action_jump(self) -> None:
        """Every letter jumps, and the lists take it themselves; this is for the line of keys."""

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        assert isinstance(event.option_list, _QuarterList)
        self.dismiss(event.option_list.feelings[event.option_index])


class _QuarterList(OptionList):
    """One quarter's words. A letter goes to the next word that begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "take", key_display="enter", id="words.take"),
    ]

    def __init__(self, quarter: Quarter, feelings: tuple[Feeling, ...]) -> None:
        super().__init__(
            *(one.word for one in feelings), id=_name(quarter), markup=False, compact=True
        )
        self.feelings = feelings
        self._quarter = quarter.value

    def on_resize(self) -> None:
        """The quarter's name on the frame: above in one piece, else above and below."""
        feeling, _, energy = self._quarter.partition(", ")
        whole = len(self._quarter) <= self.outer_size.width - _FRAME
        self.border_title = self._quarter if whole else feeling
        self.border_subtitle = "" if whole else energy

    def on_key(self, event: events.Key) -> None:
        if event.character is None or not event.character.isalpha():
            return
        event.stop()
        here = -1 if self.highlighted is None else self.highlighted
        places = [*range(here + 1, len(self.feelings)), *range(here + 1)]
        letter = event.character.lower()
        for place in places:
            if self.feelings[place].word.startswith(letter):
                self.highlighted = place
                return


def _name(quarter: Quarter) -> str:
    return quarter.name.lower().replace("_", "-")
