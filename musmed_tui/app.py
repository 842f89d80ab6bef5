"""The app: which screen is shown, the one timer, and leaving cleanly. No domain logic."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.screen import Screen

from engine.errors import MusmedError
from engine.printable import one_line
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.keymap import Read
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.too_small import TooSmallScreen, is_too_small
from musmed_tui.session_app import SessionApp
from musmed_tui.session_control import Begun, SessionControl
from musmed_tui.terminal.driver import TerminalDriver
from musmed_tui.terminal.job_control import has_shell
from musmed_tui.terminal.terminal import STOP_SIGNALS
from musmed_tui.theme_shelf import ThemeShelf

if TYPE_CHECKING:
    from textual.command import Provider

    from musmed_tui.desktop.announcer import Announcer
    from musmed_tui.screens.check_out import CheckOutScreen
    from musmed_tui.screens.past_actions import PastActions
    from musmed_tui.screens.session import SessionScreen, View
    from musmed_tui.session_view import Snapshot


def commands() -> type[Provider]:
    """What the palette lists."""
    from musmed_tui.palette import Commands

    return Commands


TICK_SECONDS = 0.1
SLOW_TICK_SECONDS = 0.5
SAID_SECONDS = 20.0
"""How long a sentence from before the screen stays on it: it lies over the clock meanwhile."""

_NO_SHELL = "There is no shell here to go back to. Space pauses, q stops."
PAUSE_SECONDS = 0.5
"""For a pause to have faded (0.05 s) and to be heard, before the process stands still."""


class Left(msgspec.Struct, frozen=True):
    """How the app was left: by which signal, if any; the last session as it stood; a sentence
    when the session that was asked for could not begin, or none can."""

    signal: signal.Signals | None
    last: Snapshot | None
    refused: str | None = None


class MusmedApp(SessionApp[Left]):
    """Opens on the check-in, or straight in a session when given a ``begin`` and the snapshot
    it is expected to begin with. ``said`` is a sentence that lies over it for a minute. Where
    ``welcomed`` is given the first-run card lies over all of it, and ``welcomed`` is called when it
    is put away."""

    TITLE = "musmed"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {commands}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "next_theme", show=False, tooltip="The next theme", id="app.theme"),
        Binding("o,f2", "settings", show=False, tooltip="Settings", id="app.settings"),
        Binding(
            "colon",
            "command_palette",
            show=False,
            tooltip="Find a command by its name",
            id="app.commands",
        ),
        Binding(
            "ctrl+p",
            "command_palette",
            show=False,
            priority=True,
            tooltip="Find a command, also while one types",
            id="app.commands_anywhere",
        ),
        Binding(
            "ctrl+c,ctrl+q",
            "quit",
            show=False,
            priority=True,
            tooltip="Quit from anywhere",
            id="app.quit_anywhere",
        ),
        Binding(
            "ctrl+z",
            "put_aside",
            show=False,
            priority=True,
            tooltip="Pause, and back to the shell; fg comes back",
            id="app.suspend",
        ),
    ]

    def __init__(
        self,
        control: SessionControl,
        shelf: ThemeShelf,
        *,
        session: tuple[Callable[[], Begun], Snapshot] | None = None,
        slow_link: bool = False,
        staged: bool = False,
        glyphs: Glyphs = "braille",
        said: str | None = None,
        welcomed: Callable[[], None] | None = None,
        keymap: Read | None = None,
        driver_class: type[Driver] | None = TerminalDriver,
    ) -> None:
        super().__init__(control, shelf, asks=session is None, driver_class=driver_class)
        self._first_session = session
        self._said = said
        self._welcomed = welcomed
        self._glyphs: Glyphs = glyphs
        self._slow = slow_link
        self._staged = staged
        self._announcer: Announcer | None = None
        self._tick_seconds = SLOW_TICK_SECONDS if slow_link else TICK_SECONDS
        self._last: Snapshot | None = None
        self._signal: signal.Signals | None = None
        self._leaving = False
        self._back_at = 0.0
        self.keys, self._amiss = keymap or Read({}, ())
        self.set_keymap(self.keys)

    def on_mount(self) -> None:
        if not self.is_headless:
            self._listen_to_signals()
        if self._first_session is None:
            self.push_screen(self._check_in())
        else:
            self.push_screen(self._session(*self._first_session))
        if (welcomed := self._welcomed) is not None:
            from musmed_tui.screens.first_run import FirstRunScreen

            self.push_screen(FirstRunScreen(), lambda _: welcomed())
        if self._said:
            self.notify(self._said, markup=False, timeout=SAID_SECONDS)
        self.tell_troubles(self._amiss)
        self.watch_themes()
        self.set_interval(self._tick_seconds, self._tick)

    def on_unmount(self) -> None:
        self._call_off.set()

    def _tick(self) -> None:
        """Show the session's progress, unless the terminal still has to take what was drawn."""
        if self._control.quit_asked.is_set() and not self._leaving:
            self._leave(None)
        driver = self._driver
        if isinstance(driver, TerminalDriver):
            if driver.gone and not self._leaving:
                self._leave(signal.SIGHUP)  # else it would play on, and nobody could stop it
            if driver.behind:
                return
            if driver.dropped:
                driver.dropped = False
                self.screen.refresh(repaint=True, layout=True)
        for screen in self._sessions:
            screen.tick()
            if self._announcer is not None:
                self._announcer.look(screen.shown, time.monotonic())

    def notify(self, message: str, *, title: str = "", **how: Any) -> None:  # noqa: ANN401
        """Textual's, for sentences that others may have written."""
        super().notify(one_line(message), title=one_line(title), **how)

    # which screen

    @on(CheckInScreen.Ready)
    def _begin_chosen(self, event: CheckInScreen.Ready) -> None:
        from musmed_tui.session_view import expected

        request = self._control.leaning(event.request)
        first = expected(request, self._control.volume)
        self._play(lambda: self._control.begin(request, before=event.before), first)

    # Messages of screens that are imported when they are first shown come by their names.

    def on_check_out_screen_history(self) -> None:
        self._show_history()

    @on(CheckInScreen.History)
    def _show_history(self) -> None:
        from musmed_tui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen(self._control.listener, self._glyphs))

    @on(CheckInScreen.Again)
    def _last_again(self, event: CheckInScreen.Again) -> None:
        self._play_again(event.session, event.from_start)

    def on_past_actions_again(self, event: PastActions.Again) -> None:
        self._play_again(event.session, event.from_start)

    @work(thread=True)
    def _play_again(self, session: str, from_start: bool) -> None:
        """A session of the history."""
        try:
            first = self._control.first_look(session, from_start=from_start)
        except MusmedError as error:
            self.call_later(self.notify, str(error), severity="error", markup=False, timeout=15)
        else:
            begin = partial(self._control.again, session, from_start=from_start)
            self.call_later(self._play, begin, first)

    def _check_in(self) -> CheckInScreen:
        return CheckInScreen(self._control.loaded, self._glyphs, self._control.listener)

    def _session(self, begin: Callable[[], Begun], first: Snapshot) -> SessionScreen:
        """Over a thin line the notes are there when they are asked for: a page of them is 8 KB."""
        from musmed_tui.desktop.announcer import Announcer
        from musmed_tui.screens.session import SessionScreen

        view: View = "plane" if self._slow else "both"
        settings = self._control.loaded.settings
        calm = self._slow or settings.calm
        self._announcer = Announcer(self._write, settings, os.environ)
        screen = SessionScreen(begin, first, self._glyphs, view, staged=self._staged, calm=calm)
        self._session_screen = screen
        return screen

    def _play(self, begin: Callable[[], Begun], first: Snapshot) -> None:
        self._show_instead(self._session(begin, first))

    def _show_instead(self, screen: Screen[None]) -> None:
        """``screen`` in the place of the one that is shown now, and of help and the like that lie
        over it: they were about that one."""
        while len(self.screen_stack) > 2:  # Textual's own, and ours
            self.pop_screen()
        self.switch_screen(screen)
        self._check_size(*self.size)

    def on_session_screen_over(self, event: SessionScreen.Over) -> None:
        self._last = event.last
        self._control.volume = event.volume
        if not self._leaving:
            self._close_session()
            from musmed_tui.screens.check_out import CheckOutScreen

            folder, grounding = self._control.folder, event.grounding
            screen = CheckOutScreen(
                event.last, event.begun, folder, self._glyphs, grounding=grounding
            )
            self._show_instead(screen)
            self._show_felt(screen, event.last.session_id)

    def on_session_screen_refused(self, event: SessionScreen.Refused) -> None:
        if self._first_session is not None and self._last is None:
            self.refuse(event.sentence)
            return
        self._show_instead(self._check_in())
        self.notify(event.sentence, severity="error", markup=False, timeout=15)

    def on_check_out_screen_next(self, event: CheckOutScreen.Next) -> None:
        if event.what == "new" or self._last is None:
            self._control.warm()
            self._show_instead(self._check_in())
            return
        from musmed_tui.session_view import placed_at

        session, from_start = self._last.session_id, event.what == "replay"
        plan = event.begun.runner.status().plan
        first = placed_at(self._last, plan, 0.0 if from_start else self._last.position_s)
        first = msgspec.structs.replace(first, volume=self._control.volume)
        self._play(lambda: self._control.again(session, from_start=from_start), first)

    # leaving

    def refuse(self, sentence: str) -> None:
        self.exit(Left(self._signal, None, sentence))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._leave, number)

    async def action_quit(self) -> None:
        """Fade out, keep the session, leave; asked twice: leave at once."""
        self._leave(None)

    def _leave(self, number: signal.Signals | None) -> None:
        self._signal = number or self._signal
        self._call_off.set()
        if self._leaving:
            self.exit(Left(self._signal, self._last))
            return
        self._leaving = True
        self._end_and_exit()

    @work(thread=True)
    def _end_and_exit(self) -> None:
        self._control.end()
        self.call_later(self._leave_now)

    def _leave_now(self) -> None:
        for screen in self._sessions:
            screen.tick()
            self._last = screen.shown
        self.exit(Left(self._signal, self._last))

    @work(thread=True)
    def _close_session(self) -> None:
        self._control.end()

    # everywhere

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "ctrl+z" and event.time < self._back_at:
            return  # pressed again, or held down, before it stood still
        await super().on_event(event)
        if isinstance(event, events.Resize):
            self._check_size(event.size.width, event.size.height)

    def _check_size(self, columns: int, rows: int) -> None:
        """``TooSmallScreen`` goes by itself."""
        shown = isinstance(self.screen, TooSmallScreen)
        if is_too_small(columns, rows) and not shown:
            self.push_screen(TooSmallScreen())

    async def action_put_aside(self) -> None:
        """Pause, give the terminal back to the shell and stand still; from there on when it is
        continued, still paused: who comes back says when."""
        if not has_shell():
            self.notify(_NO_SHELL, markup=False)
            return
        held = [one for one in self._sessions if one.hold()]
        if held:
            await asyncio.sleep(PAUSE_SECONDS)
        self._stand_still()
        self._back_at = time.monotonic()
        self._tick()  # what is drawn first says how it stands now
        if held:
            self.notify("Paused. Space goes on.", markup=False)

    def _write(self, sequence: str) -> None:
        """For the terminal itself, between two drawings."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.write(sequence)

    def _stand_still(self) -> None:
        if isinstance(self._driver, TerminalDriver):
            self._driver.put_aside()

    def action_help(self) -> None:
        from musmed_tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self._glyphs, self.keys))

    def action_settings(self) -> None:
        from musmed_tui.settings_door import SettingsDoor

        if not isinstance(self.screen, TooSmallScreen):
            SettingsDoor(self, self._control, self._begin_anew).open()

    def _begin_anew(self) -> None:
        self._show_instead(self._check_in())

    def action_command_palette(self) -> None:
        """Nothing to choose from where nothing can be shown."""
        if not isinstance(self.screen, TooSmallScreen):
            super().action_command_palette()

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """What clashes was found and said when the keymap was read (``musmed_tui.keymap``); Textual
        takes a binding of several keys for one that clashes with itself."""
