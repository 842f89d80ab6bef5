"""A participant's way through a listening list, on the screen: what is asked, and what plays.

What comes next is the sitting's (``engine.study.listening.sitting``), and so is what is kept.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.driver import Driver

from engine.errors import MusmedError
from engine.listener.ratings import Rating
from engine.playback.sinks.base import Sink
from engine.playback.sound_file import SoundFilePlayback
from engine.study.listening.questions import Questions
from engine.study.listening.sheet import sound_of
from engine.study.listening.sitting import After, Before, Consent, Done, Hear, Sitting
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.listening import ConsentScreen, HearingScreen
from musmed_tui.screens.sliders import FEELING, Said, SlidersScreen
from musmed_tui.terminal.driver import TerminalDriver
from musmed_tui.terminal.terminal import STOP_SIGNALS
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.themed_app import ThemedApp

TICK_SECONDS = 0.2
NOTHING = Rating()
_BEFORE = "Before session {} of {}: how do you feel now?"
_AFTER = "After session {} of {}: how do you feel now?"
_MEANWHILE = "How do you feel now? The music goes on meanwhile."
_LIKED = "After session {} of {}: how was it?"


class ListeningApp(ThemedApp[signal.Signals | None]):
    """Plays from the ``folder`` of a list what ``sitting`` says comes next, through sinks of
    ``open_sink``, and asks what is ``asked``. It is left by who stops, and when all was heard;
    then ``done``. ``failure``: why it can't go on, in a sentence."""

    TITLE = "musmed"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True, id="app.quit_anywhere"),
    ]

    def __init__(
        self,
        sitting: Sitting,
        asked: Questions,
        folder: Path,
        open_sink: Callable[[], Sink],
        shelf: ThemeShelf,
        *,
        theme: str,
        volume: float = 1.0,
        glyphs: Glyphs = "braille",
        driver_class: type[Driver] | None = TerminalDriver,
    ) -> None:
        super().__init__(shelf, theme, driver_class=driver_class)
        self.failure: str | None = None
        self._sitting, self._asked, self._folder = sitting, asked, folder
        self._open_sink = open_sink
        self._volume = volume
        self._glyphs: Glyphs = glyphs
        self._playing: SoundFilePlayback | None = None
        self._hears: Hear | None = None
        self._asks = False

    @property
    def done(self) -> bool:
        """Whether all was heard and answered."""
        return isinstance(self._sitting.step, Done)

    @property
    def is_paused(self) -> bool:
        return self._playing is not None and self._playing.speaker.paused

    def on_mount(self) -> None:
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in STOP_SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    loop.add_signal_handler(number, self._leave, number)
        self.set_interval(TICK_SECONDS, self._tick)
        self._go_on()

    # what comes next

    def _go_on(self) -> None:
        match self._sitting.step:
            case Consent(words):
                self.push_screen(ConsentScreen(words), self._agreed)
            case Before(place, of):
                self._ask(_BEFORE.format(place, of), self._before)
            case Hear() as hears:
                self._begin(hears)
            case After(place, of):
                question = (_AFTER if self._asked.ratings else _LIKED).format(place, of)
                self._ask(question, self._after, behind=True)
            case Done():
                self._leave(None)

    def _ask(
        self, question: str, then: Callable[[Said | None], None], *, behind: bool = False
    ) -> None:
        asks = FEELING if self._asked.ratings or not behind else ()
        note = "" if behind and self._asked.note else None
        if behind and self._asked.liking:
            asks = (*asks, "liking")
        self.push_screen(SlidersScreen(question, NOTHING, note, self._glyphs, asks), then)

    def _agreed(self, agreed: bool | None) -> None:
        if agreed:
            self._kept(self._sitting.consent)
        else:
            self._leave(None)

    def _before(self, said: Said | None) -> None:
        if said is None:
            self._leave(None)
        else:
            self._kept(lambda: self._sitting.before(said.rating))

    def _after(self, said: Said | None) -> None:
        if said is None:
            self._leave(None)
        else:
            note = said.note or ""
            self._kept(lambda: self._sitting.after(said.rating, said.liking, note))

    def _kept(self, keep: Callable[[], None]) -> None:
        """Keep it and go on; what can't be kept is not asked for."""
        try:
            keep()
        except MusmedError as error:
            self._fail(error)
        else:
            self._go_on()

    # while it plays

    def _begin(self, hears: Hear) -> None:
        try:
            path = sound_of(self._folder, hears.code)
            playing = SoundFilePlayback(path, self._open_sink(), hears.start, self._say)
            playing.speaker.volume = self._volume
            self._sitting.began(hears.start)
            playing.start()
        except MusmedError as error:
            self._fail(error)
            return
        self._playing, self._hears = playing, hears
        self.push_screen(HearingScreen(hears.place, hears.of, self._glyphs))

    def _say(self, sentence: str) -> None:
        """From the sink's thread."""
        self.call_later(self.notify, sentence, markup=False)

    def _tick(self) -> None:
        driver = self._driver
        if isinstance(driver, TerminalDriver) and driver.gone:
            self._leave(signal.SIGHUP)
            return
        playing, hears = self._playing, self._hears
        if playing is None or hears is None:
            return
        if playing.failure is not None:
            self._fail(MusmedError(f"The sound stopped ({playing.failure}); start it again."))
            return
        self._show(playing)
        if self._asks:
            return
        due = [one for one in hears.moments if one <= playing.heard]
        if due:
            self._ask_moment(due[0], playing, hears)
        elif playing.over:
            self._ended(playing)

    def _show(self, playing: SoundFilePlayback) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, HearingScreen):
                lacking = playing.speaker.lacking
                stands = lacking or ("paused; space goes on" if self.is_paused else "")
                screen.show(playing.heard, playing.seconds, stands)

    def _ask_moment(self, moment: float, playing: SoundFilePlayback, hears: Hear) -> None:
        self._asks = True
        at = playing.heard

        def answered(said: Said | None) -> None:
            self._asks = False
            left = tuple(one for one in hears.moments if one != moment)
            rating = NOTHING if said is None else said.rating
            try:
                self._sitting.moment(moment, at, rating)
            except MusmedError as error:
                self._fail(error)
            else:
                self._hears = hears._replace(moments=left)

        screen = SlidersScreen(_MEANWHILE, NOTHING, None, self._glyphs)
        self.push_screen(screen, answered)

    def _ended(self, playing: SoundFilePlayback) -> None:
        self._playing = None
        playing.close()
        self.pop_screen()
        self._kept(lambda: self._sitting.ended(playing.seconds))

    @on(HearingScreen.Paused)
    def _pause(self) -> None:
        if self._playing is not None:
            self._playing.speaker.paused = not self._playing.speaker.paused
            self._show(self._playing)
            self.screen.refresh_bindings()

    @on(HearingScreen.Volume)
    def _louder(self, event: HearingScreen.Volume) -> None:
        self._volume = min(1.0, max(0.0, round(self._volume + event.by, 2)))
        if self._playing is not None:
            self._playing.speaker.volume = self._volume

    # leaving

    @on(HearingScreen.Stop)
    def _stop(self) -> None:
        self._leave(None)

    async def action_quit(self) -> None:
        self._leave(None)

    def _fail(self, error: MusmedError) -> None:
        self.failure = str(error)
        self._leave(None)

    def _leave(self, number: signal.Signals | None) -> None:
        """What plays fades out; where it was left is kept."""
        playing, self._playing = self._playing, None
        if playing is not None:
            heard = playing.heard
            playing.close()
            try:
                self._sitting.stopped(heard)
            except MusmedError as error:
                self.failure = self.failure or str(error)
        self.exit(number)
