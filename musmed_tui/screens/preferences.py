"""The preference card: what was learned of the listener's likes, in words, and from what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList

from engine.errors import MusmedError
from engine.listener.preferences import Learned
from musmed_tui.preference_words import FORGOTTEN, NOTHING, sentence
from musmed_tui.screens.asking import ConfirmScreen
from musmed_tui.screens.past_actions import PastKeeper
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words

_ABOUT = "It bends who plays in the next sessions; what you pin stands."
_EVERY = (
    "Forget all that was learned of what you like? The likes stay with their sessions, and count "
    "no more."
)


class PreferencesScreen(WholeScreen[None], ModalScreen[None]):
    """Over a ``keeper``, which is asked in threads."""

    CSS_PATH = "preferences.tcss"
    AUTO_FOCUS = "#learned"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f",
            "forget",
            "forget this one",
            tooltip="Let this one count no more",
            id="likes.forget",
        ),
        Binding(
            "a",
            "forget_all",
            "forget all",
            tooltip="Let none count any more",
            id="likes.forget_all",
        ),
        Binding("escape", "leave", "back", id="app.back"),
    ]

    def __init__(self, keeper: PastKeeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._learned: tuple[Learned, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(id="preferences"):
            yield Words(id="preferences-heading")
            yield Words(id="preferences-said")
            yield OptionList(id="learned", markup=False, compact=True)
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#preferences-heading", Words).say(("what you like", "$now bold"))
        self._ask(lambda: None, "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("forget", "forget_all"):
            return bool(self._learned)
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_forget(self) -> None:
        """Count the marked one no more."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self._ask(partial(self._keeper.forget, self._learned[at]), FORGOTTEN)

    def action_forget_all(self) -> None:
        """Count none any more, after a question."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._ask(self._keeper.forget_all, FORGOTTEN)

        self.app.push_screen(ConfirmScreen(_EVERY), answered)

    @work(thread=True)
    def _ask(self, deed: Callable[[], None], said: str) -> None:
        """Do it, and show what is learned then."""
        found, trouble = self._learned, ""
        try:
            deed()
            found = self._keeper.learned()
        except MusmedError as error:
            trouble = str(error)
        self.app.call_later(self._show, found, said, trouble)

    @while_open
    def _show(self, found: tuple[Learned, ...], said: str, trouble: str) -> None:
        self._learned = found
        words = self.query_one("#preferences-said", Words)
        words.say((trouble, "$error") if trouble else (said or _ABOUT if found else NOTHING))
        learned = self.query_one(OptionList)
        at = learned.highlighted or 0
        learned.clear_options()
        learned.add_options([_shown(one) for one in found])
        if found:
            learned.highlighted = min(at, len(found) - 1)
        self.refresh_bindings()


def _shown(one: Learned) -> str:
    """Its sentence, in which no figure is parted from its sign at the end of a line. (A blank that
    does not break is shown as a question mark: terminals show it in many ways.)"""
    return sentence(one).replace(" %", "%")
