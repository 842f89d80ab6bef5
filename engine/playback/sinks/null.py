"""A sink without sound: it asks for audio at the speed of a sound card and drops it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from engine.audio.format import CHANNELS, SAMPLE_RATE, frames_of
from engine.playback.sinks.base import Fill

PERIOD = frames_of(0.02)
CATCH_UP_SECONDS = 1.0
"""Who was stopped for longer, or slept, does not make up for it: it would run through the music."""


class NullSink:
    """Paced by ``clock`` (seconds, monotonic): after a short delay it catches up."""

    name = "null"
    realtime = True
    own_clock = False

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def latency(self) -> float:
        return 0.0

    @property
    def active(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def describe(self) -> str:
        return "no sound (null sink)"

    def start(self, fill: Fill) -> None:
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(fill,), name="null sink", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, fill: Fill) -> None:
        out = np.zeros((PERIOD, CHANNELS), np.float32)
        begun = self._clock()
        asked = 0
        while not self._stop.is_set():
            fill(out)
            asked += PERIOD
            due = begun + asked / SAMPLE_RATE - self._clock()
            if due > 0:
                self._stop.wait(due)
            elif due < -CATCH_UP_SECONDS:
                begun -= due
