"""Where the sound of a session goes that others hear: a file that grows and is read meanwhile."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.audio.files import AudioWriter
from engine.audio.format import CHANNELS, SAMPLE_RATE, frames_of
from engine.errors import MusmedError
from engine.places import part_of
from engine.playback.sinks.base import Fill, SinkUnavailableError

PERIOD = frames_of(0.1)
LEAD_SECONDS = 3.0
"""How far a live session's sound lies ahead of who began to listen when it began: what a browser
wants to have before it plays, and no more, since a steer is heard that much later."""


HOLD_SECONDS = 1800.0
"""The longest that a live session is held: whoever paused it may have gone."""
LOOK_SECONDS = 0.05


class GrowingSink:
    """Writes exactly the session's frames to ``path``, a FLAC file that appears under its name when
    it is whole; until then it grows as ``growing``.

    As fast as the session is composed, or ``live``: from session frame ``since`` on no faster than
    it would be heard, ``LEAD_SECONDS`` ahead; while it is held, nothing comes. It never counts a
    gap: what is composed late comes late. Errors as with ``FileSink``.
    """

    name = "service"
    realtime = False
    own_clock = False

    def __init__(
        self,
        path: Path,
        *,
        title: str,
        live: bool = False,
        since: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._title = path, title
        self._live, self._since, self._clock = live, since, clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: MusmedError | None = None
        self._held_until = -math.inf
        self.frames = 0
        """Taken so far."""

    @property
    def latency(self) -> float:
        return 0.0

    @property
    def active(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def describe(self) -> str:
        return "the service"

    def hold(self, held: bool) -> None:
        """Hold a live session, or let it go on. Any thread may call it."""
        self._held_until = self._clock() + HOLD_SECONDS if held and self._live else -math.inf

    def check(self) -> None:
        """Raise what was wrong, if the file could not be written."""
        if self._failure is not None:
            raise self._failure

    def start(self, fill: Fill) -> None:
        if self._failure is not None:
            raise SinkUnavailableError(str(self._failure)) from self._failure
        about = {"title": self._title, "artist": "musmed", "comment": "music medicine"}
        writer = AudioWriter(self._path, **about)
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(fill, writer), name="service sink", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, fill: Fill, writer: AudioWriter) -> None:
        block = np.zeros((PERIOD, CHANNELS), np.float32)
        began: float | None = None
        try:
            going = True
            while going and not self._stop.is_set():
                stood = self._stand()
                began = began and began + stood
                valid = fill(block)
                writer.write(block[:valid])
                self.frames += valid
                going = valid == len(block)
                if self._live and self.frames > self._since:
                    began = self._clock() if began is None else began
                    ahead = (self.frames - self._since) / SAMPLE_RATE - LEAD_SECONDS
                    self._stop.wait(max(0.0, began + ahead - self._clock()))
            writer.close()
        except MusmedError as error:
            self._failure = error

    def _stand(self) -> float:
        """Wait while it is held; for how long it was."""
        since = self._clock()
        while self._clock() < self._held_until and not self._stop.wait(LOOK_SECONDS):
            pass
        return self._clock() - since


def growing(path: Path) -> Path:
    """Under which name this process writes ``path`` until it is whole."""
    return part_of(path)
