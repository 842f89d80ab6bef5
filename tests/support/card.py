"""Sinks whose time a test holds in its hands."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.playback.player import Player
from engine.playback.ring import Ring
from engine.playback.sinks.base import Fill
from engine.playback.sinks.file import FileSink
from engine.playback.sinks.null import PERIOD, NullSink
from engine.playback.sinks.sounddevice import SoundDeviceSink

ENOUGH_SECONDS = 6.0
"""What has to be composed ahead where a card waits for the composer: a clip is late 4 s before the
music ends."""
STEP_SECONDS = 0.1
"""The most that a card's time goes on by from one look to the next, before its rate."""


class Card(NullSink):
    """Asks for audio ``rate`` times as fast as a sound card, not at all at 0, and keeps what it is
    given in ``given``. It never catches up on time in which this process was not run.

    ``waits_for``: a ``SessionRunner``. The card stands still while less than ``enough`` seconds of
    its session are composed ahead, or nothing of it is in the ring: nothing is late then on a
    machine that composes or reads slowly.
    """

    enough = ENOUGH_SECONDS

    def __init__(self, rate: float = 1.0) -> None:
        super().__init__()
        self.rate = rate
        self.waits_for: Any = None
        self.given: list[Frames] = []

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """Its time stands still meanwhile."""
        rate, self.rate = self.rate, 0.0
        yield
        self.rate = rate

    def _run(self, fill: Fill) -> None:
        now, asked, since = 0.0, 0, time.monotonic()
        while not self._stop.is_set():
            looked = time.monotonic()
            if not self._stands():
                now += self.rate * min(looked - since, STEP_SECONDS)
            since = looked
            while asked < frames_of(now) and not self._stands() and not self._stop.is_set():
                out = np.zeros((PERIOD, CHANNELS), np.float32)
                fill(out)
                self.given.append(out)
                asked += PERIOD
            self._stop.wait(PERIOD / SAMPLE_RATE / max(1.0, self.rate))

    def _stands(self) -> bool:
        if self.rate == 0.0:
            return True
        if self.waits_for is None:
            return False
        playback, total = self.waits_for.playback, self.waits_for.status().plan.total
        if self._outruns(playback._ring, playback._speaker.player):
            return True
        with playback.joiner() as joiner:
            horizon = joiner.horizon()
        ahead = horizon - playback.state().written
        return bool(horizon < frames_of(total) and ahead < frames_of(self.enough))

    @staticmethod
    def _outruns(ring: Ring, player: Player) -> bool:
        """Whether the feeder is behind a card that runs several times as fast as a real one: it
        would be given silence for a lack of time, not of music."""
        waited_for = player.held or ring.finished or ring.skip_to > ring.taken
        return ring.filled < PERIOD and not waited_for


class SteppedFile(FileSink):
    """Writes a file as far as ``until``, in seconds of the file, and waits there for more."""

    def __init__(self, path: Path, until: float) -> None:
        super().__init__(path)
        self.until = until
        self._asked = 0

    def before(self) -> None:
        while self._asked >= self.until * SAMPLE_RATE and not self.stopping.wait(0.002):
            pass

    def after(self, frames: int) -> None:
        self._asked += frames


class HeldSink(SoundDeviceSink):
    """A device in virtual time that goes no further than ``until`` seconds. ``asked``: seconds."""

    until = math.inf
    _asked = 0

    @property
    def asked(self) -> float:
        return self._asked / SAMPLE_RATE

    def _callback(self, out: Frames, frames: int, when: object, status: object) -> None:
        while self.asked >= self.until:
            time.sleep(0.001)
        self._asked += len(out)
        super()._callback(out, frames, when, status)
