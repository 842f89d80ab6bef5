"""Keys and what they do, in the midst of a screen: to be read, pressed or clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events

from musmed_tui.widgets.words import Part, Words

_GAP = "   "


class KeyWord(NamedTuple):
    """A key and what it does, in a few words."""

    key: str
    does: str


class KeyWords(Words):
    """Rows of them, none broken in two. A click on one presses its key."""

    DEFAULT_CSS = "KeyWords { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._places: list[tuple[int, int, int, str]] = []

    def show(self, rows: Sequence[Sequence[KeyWord]], above: str = "") -> None:
        """``above``: a line over them."""
        parts: list[Part] = [(f"{above}\n", "$muted")] if above else []
        self._places = []
        for y, row in enumerate(rows, start=bool(above)):
            parts += ["\n"] if y > bool(above) else []
            x = 0
            for key, does in row:
                width = len(key) + 1 + len(does)
                self._places.append((y, x, x + width, key))
                parts += [(key, "bold"), (f" {does}{_GAP}", "$muted")]
                x += width + len(_GAP)
        self.say(*parts)

    def on_click(self, event: events.Click) -> None:
        x, y = event.get_content_offset_capture(self)
        for row, start, end, key in self._places:
            if y == row and start <= x < end:
                self.app.simulate_key(key)
