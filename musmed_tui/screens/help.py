"""Help: the keys of the screen it was asked on, and how to read the plane."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from musmed_tui.drawing.plane_layout import CURSOR, NOW, START, TARGET
from musmed_tui.drawing.plane_picture import signs as plane_signs
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Part, Words

_KEY = 6
_PLANE = (
    (START, "the start"),
    (TARGET, "the target"),
    (NOW, "now"),
    (CURSOR, "the cursor"),
)
_ABOUT = (
    "Right is pleasant, left unpleasant; up is livelier, down calmer. musmed is for listening "
    "between sessions with a music therapist, not instead of them."
)


class HelpScreen(WholeScreen[None], ModalScreen[None]):
    """Made for one screen's ``bindings``. Pause and ease act while it is read."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,q,enter", "dismiss", "close", key_display="Esc", id="help.close"
        ),
        Binding("space", "app.pause", "pause", id="session.pause"),
        Binding("e", "app.ease", "ease", id="session.ease"),
    ]

    def __init__(self, about: Screen[Any], glyphs: Glyphs = "braille") -> None:
        super().__init__()
        self._signs = plane_signs(glyphs)
        self._keys = tuple(keys_of(about))

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"), Horizontal(id="columns"):
            yield Words(id="keys")
            yield Words(id="plane-signs")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#help").focus()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @while_open
    def _show(self) -> None:
        keys: list[Part] = [("Keys\n", "$now bold")]
        room = max(8, self.query_one("#keys").content_size.width - _KEY - 2)
        for key, does in self._keys:
            lines = f"\n{' ' * (_KEY + 2)}".join(textwrap.wrap(does, room))
            keys += ["\n", (key.rjust(_KEY), "bold"), (f"  {lines}", "$text")]
        signs: list[Part] = [("The plane\n", "$now bold")]
        for role, means in _PLANE:
            signs += ["\n", (self._signs[role], "bold"), f"  {means}"]
        signs += [(f"\n\n{_ABOUT}", "$muted")]
        self.query_one("#keys", Words).say(*keys)
        self.query_one("#plane-signs", Words).say(*signs)


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
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "arrows": "←↑↓→",
    "ctrl+c": "Ctrl-C",
}


def bindings_of(screen: Screen[Any]) -> list[tuple[Binding, DOMNode]]:
    """Every binding of ``screen`` and of the app that says what it does (others are more keys for
    the same), in the order they were written, each with what its action belongs to."""
    owners: tuple[DOMNode, ...] = (screen, screen.app)
    return [
        (one, owner)
        for owner in owners
        for one in type(owner).BINDINGS
        if isinstance(one, Binding)
        and (one.description or one.tooltip)
        and owner.check_action(*_call(one.action)) is not False
    ]


def keys_of(screen: Screen[Any]) -> list[tuple[str, str]]:
    """Keys and what they do."""
    return [(key_name(one), title(one)) for one, _ in bindings_of(screen)]


def key_name(binding: Binding) -> str:
    """The first key of ``binding`` as it is written on it."""
    key = binding.key.split(",")[0]
    return _NAMES.get(key, key)


def title(binding: Binding) -> str:
    """What ``binding`` does, in a phrase."""
    does = binding.tooltip or binding.description
    return does[:1].upper() + does[1:]


def _call(action: str) -> tuple[str, tuple[object, ...]]:
    _, name, parameters = parse(action)
    return name, parameters
