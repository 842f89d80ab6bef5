"""Help: what can be done on the screen it was asked on, by what one wants, and how to read the
plane."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen, Screen

from musmed_tui.drawing.plane_layout import CURSOR, NOW, START, TARGET
from musmed_tui.drawing.plane_picture import signs as plane_signs
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.key_words import grouped, key_name, title
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
    """Made for the screen it is ``about``. Pause and ease act while it is read."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,f1,q,enter",
            "dismiss",
            "close",
            key_display="Esc",
            id="help.close",
        ),
        Binding("space", "app.pause", "pause", id="session.pause"),
        Binding("e", "app.ease", "ease", id="session.ease"),
    ]

    def __init__(
        self, about: Screen[Any], glyphs: Glyphs = "braille", keys: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._signs = plane_signs(glyphs)
        self._groups = grouped(about, keys or {})

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
        room = max(8, self.query_one("#keys").content_size.width)
        parts: list[Part] = []
        for group in self._groups:
            parts.append((f"{group.wish}\n", "$now bold"))
            parts.append((textwrap.fill(group.prose, room) + "\n", "$muted"))
            for binding in group.bindings:
                does = textwrap.wrap(title(binding), max(8, room - _KEY - 2))
                lines = f"\n{' ' * (_KEY + 2)}".join(does)
                parts += [(key_name(binding).rjust(_KEY), "bold"), (f"  {lines}\n", "$text")]
            parts.append("\n")
        signs: list[Part] = [("The plane\n", "$now bold")]
        for role, means in _PLANE:
            signs += ["\n", (self._signs[role], "bold"), f"  {means}"]
        signs += [(f"\n\n{_ABOUT}", "$muted")]
        self.query_one("#keys", Words).say(*parts[:-1])
        self.query_one("#plane-signs", Words).say(*signs)
