"""Help: the keys of the screen it was asked on, and how to read the plane."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from musmed_tui.widgets.words import Part, Words

_KEY = 10
_PLANE = (
    ("○", "where the session begins"),
    ("◎", "where it goes"),
    ("●", "where it is now"),
    ("+", "the cursor"),
)
_ABOUT = (
    "Right is pleasant, left unpleasant; up is livelier, down calmer. musmed is for listening "
    "between sessions with a music therapist, not instead of them."
)


class HelpScreen(ModalScreen[None]):
    """Made for one screen's ``bindings``."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "close", key_display="Esc"),
    ]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._keys = tuple(keys_of(about))

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Words(id="keys")

    def on_mount(self) -> None:
        parts: list[Part] = [("Keys\n", "$now bold")]
        for key, does in self._keys:
            parts += [(key.rjust(_KEY), "bold"), f"  {does}\n"]
        parts += [("\nThe plane\n", "$now bold")]
        for sign, means in _PLANE:
            parts += [(sign.rjust(_KEY), "bold"), f"  {means}\n"]
        parts += [("\n", ""), (_ABOUT, "$muted"), ("\n\nEsc", "bold"), (" closes this.", "$muted")]
        self.query_one(Words).say(*parts)
        self.query_one("#help").focus()


_NAMES = {
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "slash": "/",
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "colon": ":",
    "arrows": "←↑↓→ hjkl",
    "ctrl+c": "Ctrl-C",
}


def bindings_of(screen: Screen[Any]) -> list[tuple[Binding, DOMNode]]:
    """Every binding of ``screen`` and of the app, in the order they were written, each with
    what its action belongs to."""
    owners: tuple[DOMNode, ...] = (screen, screen.app)
    return [
        (one, owner)
        for owner in owners
        for one in type(owner).BINDINGS
        if isinstance(one, Binding) and owner.check_action(*_call(one.action)) is not False
    ]


def keys_of(screen: Screen[Any]) -> list[tuple[str, str]]:
    """Keys and what they do."""
    rows = (
        (one.key.split(",")[0], one.tooltip or one.description) for one, _ in bindings_of(screen)
    )
    return [(_NAMES.get(key, key), does[:1].upper() + does[1:]) for key, does in rows]


def _call(action: str) -> tuple[str, tuple[object, ...]]:
    _, name, parameters = parse(action)
    return name, parameters
