"""How the listener feels, on two sliders; behind a session with a note. Each may be left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from engine.listener.ratings import NOTE_LIMIT, Rating
from engine.printable import one_line
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.slider import Slider
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.typed_line import TypedLine
from musmed_tui.widgets.words import Words

VALENCE, AROUSAL = ("unpleasant", "pleasant"), ("sleepy", "wide awake")
"""The ends of the two sliders."""
LIKING = ("not liked at all", "liked very much")
_ENDS = {"valence": VALENCE, "arousal": AROUSAL, "liking": LIKING}
FEELING = ("valence", "arousal")


class Said(NamedTuple):
    """Where the sliders stood, and the note; None where there was none to write or it stayed as it
    was. ``liking``: None where that was not asked, or left out."""

    rating: Rating
    note: str | None = None
    liking: int | None = None


class SlidersScreen(WholeScreen[Said | None], ModalScreen[Said | None]):
    """Gives what was said, or None where it was left. ``note``: the one that is kept, '' for none;
    None where none is asked for. ``asks``: the sliders, by their names in ``_ENDS``."""

    CSS_PATH = "sliders.tcss"
    AUTO_FOCUS = "Slider, Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("across", "move", "move", key_display="←→", id="sliders.move"),
        Binding("enter", "go_on", "go on", key_display="enter", id="sliders.go_on"),
        Binding("minus", "leave_out", "leave out", key_display="-", id="sliders.leave_out"),
        Binding(
            "tab,down", "app.focus_next", show=False, tooltip="To the next line", id="sliders.next"
        ),
        Binding(
            "shift+tab,up",
            "app.focus_previous",
            show=False,
            tooltip="To the line before",
            id="sliders.previous",
        ),
        Binding("escape", "leave", "leave", id="app.back"),
    ]

    def __init__(
        self,
        question: str,
        rating: Rating,
        note: str | None = None,
        glyphs: Glyphs = "braille",
        asks: Sequence[str] = FEELING,
    ) -> None:
        super().__init__()
        self._question = question
        self._asks = tuple(asks)
        self._rating = rating
        self._note = note
        self._glyphs: Glyphs = glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="sliders"):
            yield Words(id="sliders-question")
            stands = {"valence": self._rating.valence, "arousal": self._rating.arousal}
            for name in self._asks:
                yield Slider(*_ENDS[name], stands.get(name), glyphs=self._glyphs, id=name)
            if self._note is not None:
                yield Label("a few words about it, or none", classes="label")
                yield _NoteLine(one_line(self._note))
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#sliders-question", Words).say((self._question, "bold"))

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("move", "leave_out"):
            return isinstance(self.focused, Slider)
        return super().check_action(action, parameters)

    def action_move(self) -> None:
        """The slider takes the arrows itself; this is for the line of keys."""

    def action_leave_out(self) -> None:
        """Nothing is said by this one; on to the next."""
        if isinstance(self.focused, Slider):
            self.focused.put(None)
            self.action_go_on()

    @on(Input.Submitted)
    def action_go_on(self) -> None:
        """To the next one; behind the last that is all."""
        asked = list(self.query("Slider, Input"))
        if self.focused in asked[:-1]:
            self.set_focus(asked[asked.index(self.focused) + 1])
        else:
            self.dismiss(self._said())

    def action_leave(self) -> None:
        """Out of the note first: what was typed stays there."""
        if isinstance(self.focused, Input) and self._asks:
            self.set_focus(self.query(Slider).last())
        else:
            self.dismiss(None)

    def _said(self) -> Said:
        stands = {one.id: one.value for one in self.query(Slider)}
        note = None
        if self._note is not None:
            typed = self.query_one("#note", Input).value
            note = typed if typed != one_line(self._note) else None
        rating = Rating(stands.get("valence"), stands.get("arousal"))
        return Said(rating, note, stands.get("liking"))


class _NoteLine(TypedLine):
    """A note to type on one line; Enter keeps all that was said."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep", key_display="enter", id="line.keep"),
    ]

    def __init__(self, value: str) -> None:
        super().__init__(
            value, max_length=NOTE_LIMIT, select_on_focus=False, id="note", compact=True
        )
