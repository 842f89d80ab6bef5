"""The app with hands of its own: it presses the demo's keys, until somebody else presses one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.css.query import NoMatches
from textual.screen import Screen

from musmed_tui.app import MusmedApp
from musmed_tui.demo import DemoRun, Place
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.words import Words

_CHARACTERS = {"slash": "/"}
_ENDING = ("q", "escape")
_ENDS = "   q ends the demo"
_TAKEN = "It is yours now. Ctrl-Q leaves."
TAKEN_SECONDS = 8.0
"""How long that stands there."""
IDLE_SECONDS = 90.0
"""After so long without a hand a demo that loops begins again: it stands in a hall."""


class DemoLine(Words):
    """One quiet line below all else: what is being shown."""

    DEFAULT_CSS = """
    DemoLine { dock: bottom; height: 1; padding: 0 1; color: $muted; text-wrap: nowrap;
               text-overflow: ellipsis; }
    """


class DemoApp(MusmedApp):
    """Runs through the script, again and again with ``loops``, else it ends then. q or Escape ends
    it; with any other key, or the mouse, the listener takes over where it is, with ``loops`` until
    they have touched nothing for ``IDLE_SECONDS``. ``clock``: seconds, monotonic."""

    CSS = "CheckOutScreen #kept { display: none !important; }"
    """Nothing is kept."""

    def __init__(
        self,
        *given: Any,  # noqa: ANN401 - MusmedApp's own
        loops: bool = False,
        clock: Callable[[], float] = time.monotonic,
        **more: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*given, **more)
        self._loops = loops
        self._clock = clock
        self._run = DemoRun()
        self._hands = True
        self._own: list[events.Key] = []
        self._since = (id(None), 0.0)
        self._now_said = ""
        self._silent_at: float | None = None
        self._touched = 0.0

    def _tick(self) -> None:
        super()._tick()
        if self._leaving:
            return
        if self._hands:
            self._step()
        elif self._loops and self._clock() - self._touched >= IDLE_SECONDS:
            self._begin_again()
        elif self._silent_at is not None and self._clock() >= self._silent_at:
            self._silent_at = None
            self._say("")
        self._show_line()

    # the hands

    def _step(self) -> None:
        found = self._place()
        if found is None:
            return
        place, seconds = found
        step = self._run.next(place, seconds)
        if step is not None:
            if step.said is not None:
                self._say(step.said)
            if step.key is not None:
                self._press(step.key)
        elif self._run.is_over(place, seconds):
            self._again_or_leave()

    def _place(self) -> tuple[Place, float] | None:
        """Where it is, and the seconds there; None while something else is shown."""
        screen = self.screen
        if self._since[0] != id(screen):
            self._since = (id(screen), self._clock())
        here = self._clock() - self._since[1]
        match screen:
            case CheckInScreen():
                return "check_in", here
            case SessionScreen():
                return ("session", screen.shown.position_s) if screen.has_begun else None
            case CheckOutScreen():
                return "check_out", here
        return None

    def _press(self, key: str) -> None:
        character = _CHARACTERS.get(key, key if len(key) == 1 else None)
        event = events.Key(key, character)
        self._own = [*self._own[-8:], event]
        self.post_message(event)

    def _again_or_leave(self) -> None:
        self._run = DemoRun()
        if self._loops:
            self._control.warm()
            self._show_instead(self._check_in())
        else:
            self._leave(None)

    def _begin_again(self) -> None:
        """Nobody is there any more."""
        self._hands, self._silent_at = True, None
        self._say("")
        self._close_session()
        self._again_or_leave()

    async def on_event(self, event: events.Event) -> None:
        if self._is_somebodys(event):
            self._touched = self._clock()
        if self._hands and self._is_somebodys(event):
            self._hands = False
            if isinstance(event, events.Key) and event.key in _ENDING:
                self._leave(None)
                return
            self._say(_TAKEN)
            self._silent_at = self._clock() + TAKEN_SECONDS
        await super().on_event(event)

    def _is_somebodys(self, event: events.Event) -> bool:
        if not isinstance(event, events.Key | events.MouseDown | events.Paste):
            return False
        return not event.is_forwarded and not any(event is own for own in self._own)

    # the line

    def _say(self, text: str) -> None:
        self._now_said = text

    def _show_line(self) -> None:
        """On the screen that is shown; one that closes takes none."""
        screen: Screen[Any] = self.screen
        if not screen.is_mounted or not screen.is_current:
            return
        try:
            line = screen.query_one(DemoLine)
        except NoMatches:
            if isinstance(screen, CheckInScreen | SessionScreen | CheckOutScreen):
                screen.mount(DemoLine())
            return
        line.display = self._hands or bool(self._now_said)
        line.say((self._now_said, "$text"), (_ENDS if self._hands else "", "$muted"))
