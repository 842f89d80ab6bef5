"""A clip's sound on its way into the outbox, and the clock of its composing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.audio.units import SAMPLE_RATE
from engine.clip_record import PLAIN
from engine.link.outbox import Chunk, Outbox

if TYPE_CHECKING:
    from engine.audio.format import Frames
    from engine.link.codec import Piece
    from engine.link.worker import Job

MOST_FRAMES = SAMPLE_RATE
"""Of a chunk."""
AT_ONCE_SECONDS = 4.0
"""Of a clip's beginning, which somebody may wait for: it crosses as it comes."""
QUICK = 4.0
"""How many times as fast as it is heard a clip is composed of which a chunk may wait for the next
one: no longer than an eighth of a second, then. What a chunk costs is the threads that it wakes."""


class Stopwatch:
    """Wall seconds spent composing, waiting for the front left out."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._since

    def next(self, chunks: Iterator[Frames]) -> Frames | None:
        with self:
            return next(chunks, None)


class Crossing:
    """A clip's sound from session frame ``start`` on, chunk by chunk into the outbox. Plain samples
    of a quick composer cross a second at a time."""

    def __init__(self, outbox: Outbox, job: Job, start: int) -> None:
        from engine.link.codec import encoder_of

        self._outbox, self._key = outbox, job.spec.key
        self._part, self._whole = job.part_bytes, job.codec == PLAIN
        self._encoder = encoder_of(job.codec)
        self._start = self._at = start
        self._held: list[Frames] = []
        """What waits for the next chunk."""

    def send(self, chunk: Frames, clock: Stopwatch) -> None:
        """``chunk``: the next finished sound, a second at most."""
        come = sum(map(len, self._held)) + len(chunk)
        if come > MOST_FRAMES:
            self._give(clock)
            come = len(chunk)
        self._held.append(chunk)
        seconds = (self._at - self._start + come) / SAMPLE_RATE
        quick = seconds > max(AT_ONCE_SECONDS, QUICK * clock.seconds)
        if not (self._whole and quick) or 2 * come > MOST_FRAMES:
            self._give(clock)

    def finish(self, clock: Stopwatch) -> None:
        """Nothing follows."""
        self._give(clock)
        with clock:
            pieces = list(self._encoder.finish())
        self._put(pieces)

    def _give(self, clock: Stopwatch) -> None:
        import numpy as np

        held, self._held = self._held, []
        if not held:
            return
        with clock:
            sound = held[0] if len(held) == 1 else np.concatenate(held)
            pieces = list(self._encoder.push(sound))
        self._put(pieces)

    def _put(self, pieces: list[Piece]) -> None:
        for frames, data in pieces:
            first = self._at == self._start
            self._outbox.chunk(Chunk(self._key, self._at, first, frames, data, self._part))
            self._at += frames
