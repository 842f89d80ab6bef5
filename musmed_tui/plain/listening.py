"""A participant's way through a listening list as lines: what is asked, and one clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from engine.errors import MusmedError
from engine.listener.ratings import HIGHEST, Rating, parse_rating
from engine.playback.sinks.base import Sink
from engine.playback.sound_file import SoundFilePlayback
from engine.study.listening.questions import Questions
from engine.study.listening.sheet import sound_of
from engine.study.listening.sitting import After, Before, Consent, Done, Hear, Sitting
from musmed_tui.plain.keys import KEYS, Act, KeyDecoder
from musmed_tui.plain.output import Output
from musmed_tui.terminal.streams import remark, write_out
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys
from musmed_tui.wording import VOLUME_STEP, clock

LOOK_SECONDS = 0.1
HOW = (
    f"Two numbers from 0 to {HIGHEST}, such as 30,70: how pleasant (0 unpleasant), and how awake "
    "(0 sleepy). Enter leaves it out."
)
_KEYS = "space pauses, + - volume, q stops here; you go on from there next time"
_AGREE = "Do you agree, and want to begin? y or n"
_NOW = "How do you feel now? Such as 30,70; Enter leaves it out: "
_MOST_TYPED = 7


class PlainListening:
    """Lines on standard output, answers and keys on standard input; sinks of ``open_sink``."""

    def __init__(
        self,
        sitting: Sitting,
        asked: Questions,
        folder: Path,
        open_sink: Callable[[], Sink],
        *,
        volume: float,
    ) -> None:
        self._sitting, self._asked, self._folder = sitting, asked, folder
        self._open_sink = open_sink
        self._volume = volume

    def run(self, signals: Signals) -> bool:
        """Until all was heard, or somebody stops; whether all was. Raises ``MusmedError``."""
        told, output = False, Output(sys.stdout, look_at_terminal(plain=False))
        while signals.stop is None:
            match self._sitting.step:
                case Consent(words):
                    for line in words.splitlines():
                        output.line(line)
                    if self._line(_AGREE).lower() not in {"y", "yes"}:
                        return False
                    self._sitting.consent()
                case Before(place, of):
                    if not told:
                        output.line(HOW)
                        told = True
                    self._sitting.before(self._rating(f"Before session {place} of {of}"))
                case Hear() as hears:
                    if not self._hear(hears, signals):
                        return False
                case After(place, of):
                    self._after(place, of)
                case Done():
                    return True
        return False

    def _after(self, place: int, of: int) -> None:
        asked = self._asked
        rating = self._rating(f"After session {place} of {of}") if asked.ratings else Rating()
        liking = self._liking() if asked.liking else None
        note = self._line("A few words about it, or none") if asked.note else ""
        try:
            self._sitting.after(rating, liking, note)
        except MusmedError as error:
            remark(str(error))  # too long a note: it is asked again

    # asking

    def _rating(self, named: str) -> Rating:
        while answer := self._line(named):
            try:
                return parse_rating(answer, "It")
            except MusmedError:
                remark(HOW)
        return Rating()

    def _liking(self) -> int | None:
        while answer := self._line(f"How much did you like it? 0 to {HIGHEST}"):
            if answer.isascii() and answer.isdigit() and int(answer) <= HIGHEST:
                return int(answer)
            remark(f"A number from 0 (not at all) to {HIGHEST} (very much); Enter leaves it out.")
        return None

    @staticmethod
    def _line(question: str) -> str:
        """Raises ``MusmedError`` where the terminal is closed."""
        write_out(f"{question}: ")
        line = sys.stdin.readline()
        if not line:
            raise MusmedError("Nobody answers any more; start it again to go on.")
        return line.strip()

    # playing

    def _hear(self, hears: Hear, signals: Signals) -> bool:
        """Whether it was heard to its end."""
        path = sound_of(self._folder, hears.code)
        playing = SoundFilePlayback(path, self._open_sink(), hears.start, remark)
        playing.speaker.volume = self._volume
        self._sitting.began(hears.start)
        playing.start()
        try:
            ended = _Hearing(self._sitting, hears, playing, signals).run()
        finally:
            heard, self._volume = playing.heard, playing.speaker.volume
            playing.close()
            if not playing.over or heard < playing.seconds:
                self._sitting.stopped(heard)
        if ended:
            self._sitting.ended(playing.seconds)
        if playing.failure is not None:
            raise MusmedError(f"The sound stopped ({playing.failure}); start it again.")
        return ended


class _Hearing:
    """One session while it plays: its clock, its keys, and what is typed at its moments."""

    def __init__(
        self, sitting: Sitting, hears: Hear, playing: SoundFilePlayback, signals: Signals
    ) -> None:
        self._sitting, self._hears, self._playing, self._signals = sitting, hears, playing, signals
        self._moments = list(hears.moments)
        self._typed: str | None = None
        """At a moment what was typed so far."""
        self._asked_at = 0.0

    def run(self) -> bool:
        terminal = look_at_terminal(plain=False)
        output, decoder = Output(sys.stdout, terminal), KeyDecoder()
        output.line(_KEYS)
        try:
            with reading_keys(terminal) as cbreak:
                keys_fd = sys.stdin.fileno() if cbreak else None
                while self._typed is not None or not self._playing.over:
                    self._look()
                    output.redraw(*self._shown())
                    data = self._signals.wait(LOOK_SECONDS, keys_fd)
                    for key in decoder.feed(data) if data else []:
                        if self._typed is not None:
                            self._type(key, self._typed)
                        elif not self._act(key):
                            return False
                    if self._signals.stop is not None or self._playing.failure is not None:
                        return False
        finally:
            output.clear()
        return True

    def _look(self) -> None:
        if self._typed is None and self._moments and self._moments[0] <= self._playing.heard:
            self._typed, self._asked_at = "", self._playing.heard

    def _shown(self) -> tuple[str, str]:
        if self._typed is not None:
            return _NOW, self._typed
        paused = "  paused" if self._playing.speaker.paused else ""
        at = f"  {clock(self._playing.heard)} of {clock(self._playing.seconds)}{paused}"
        return f"Session {self._hears.place} of {self._hears.of}", at

    def _type(self, key: str, typed: str) -> None:
        if key == "enter":
            try:
                rating = parse_rating(typed, "It") if typed else Rating()
            except MusmedError:
                self._typed = ""
                return
            self._sitting.moment(self._moments.pop(0), self._asked_at, rating)
            self._typed = None
        elif key == "backspace":
            self._typed = typed[:-1]
        elif key in "0123456789,-" and len(typed) < _MOST_TYPED:
            self._typed = typed + key

    def _act(self, key: str) -> bool:
        """Whether it goes on."""
        speaker = self._playing.speaker
        match KEYS.get(key):
            case Act.QUIT:
                return False
            case Act.PAUSE:
                speaker.paused = not speaker.paused
            case Act.LOUDER | Act.SOFTER as act:
                step = VOLUME_STEP if act is Act.LOUDER else -VOLUME_STEP
                speaker.volume = min(1.0, max(0.0, round(speaker.volume + step, 2)))
            case _:
                pass
        return True
