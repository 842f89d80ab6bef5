"""The bottom line: the keys of the screen, as many as fit, each to be pressed or clicked."""

from __future__ import annotations

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from musmed_tui.themed_app import ThemedApp
from musmed_tui.widgets.words import Part, Words

_GAP = 2
_CHARACTERS = {"plus": "+", "slash": "/"}
"""Keys that are characters and whose names Textual does not know for such: it would promise them
while a word is typed."""


class Transport(Words):
    """Follows the screen's active bindings; the first ones are the last to be left out."""

    def __init__(self) -> None:
        super().__init__(id="transport")
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def on_resize(self) -> None:
        self.write()

    def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for start, end, key in self._spans:
            if start <= x < end:
                self.app.simulate_key(key)

    def _follow(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.call_after_refresh(self.write)

    def write(self) -> None:
        """Show the keys as they are now."""
        if not self.is_attached:
            return
        room = self.content_size.width
        parts: list[Part] = []
        self._spans = []
        at = 0
        for key, shown, does in self._keys():
            width = len(shown) + 1 + len(does)
            if at + width > room:
                break
            parts += [(shown, "bold"), (f" {does}{' ' * _GAP}", "$muted")]
            self._spans.append((at, at + width, key))
            at += width + _GAP
        self.say(*parts)

    def _keys(self) -> list[tuple[str, str, str]]:
        """(key, how it is written, what it does) for each action that is shown."""
        found: dict[str, tuple[str, str, str]] = {}
        focused = self.screen.focused
        for owner, binding, enabled, _ in self.screen.active_bindings.values():
            character = _CHARACTERS.get(binding.key)
            if focused not in (None, owner) and focused.check_consume_key(binding.key, character):
                continue
            if binding.show and enabled:
                shown = self.app.get_key_display(binding)
                found.setdefault(binding.action, (binding.key, shown, self._does(binding)))
        return list(found.values())

    def _does(self, binding: Binding) -> str:
        """What the key does as things stand: what pauses goes on again."""
        if binding.id == "session.pause" and is_paused(self.app):
            return "go on"
        return binding.description


def is_paused(app: App[object]) -> bool:
    """Whether a session of ``app`` is paused."""
    return isinstance(app, ThemedApp) and app.is_paused
