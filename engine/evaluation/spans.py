"""Parts of a sound file, given one by one as they are read, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.meter.files import Heard, Progress, hear_file

Floats = NDArray[np.float32]


def hear_spans(
    sound: Path,
    spans: Sequence[tuple[float, float]],
    take: Callable[[int, Floats], None],
    progress: Progress,
) -> Heard:
    """Give ``take`` each span (its number, and (n,) samples at 48 kHz) of ``spans``, seconds from
    and to, once it is read; they may overlap. One that goes past the sound's end is cut there, or
    empty. Raises ``MusmedError`` as ``hear_file`` does."""
    collector = _Collector(spans, take)
    heard = hear_file(sound, collector.push, progress)
    collector.finish()
    return heard


class _Collector:
    def __init__(
        self, spans: Sequence[tuple[float, float]], take: Callable[[int, Floats], None]
    ) -> None:
        frames = [(round(a * SAMPLE_RATE), round(b * SAMPLE_RATE)) for a, b in spans]
        self._waiting = sorted(range(len(frames)), key=lambda number: frames[number])
        self._frames, self._take = frames, take
        self._held: list[Floats] = []
        self._begin = self._end = 0

    def push(self, mono: Floats) -> None:
        self._held.append(mono)
        self._end += len(mono)
        done = [n for n in self._waiting if self._frames[n][1] <= self._end]
        if done:
            self._give(done)
        self._forget()

    def finish(self) -> None:
        self._give(list(self._waiting))

    def _give(self, numbers: Sequence[int]) -> None:
        samples = np.concatenate(self._held) if self._held else np.zeros(0, np.float32)
        self._held = [samples]
        for number in numbers:
            begin, end = (max(0, at - self._begin) for at in self._frames[number])
            self._take(number, samples[begin:end])
            self._waiting.remove(number)

    def _forget(self) -> None:
        """What no span that waits begins before."""
        needed = min((self._frames[n][0] for n in self._waiting), default=self._end)
        while self._held and self._begin + len(self._held[0]) <= needed:
            self._begin += len(self._held.pop(0))
        if self._held and needed > self._begin:
            self._held[0] = self._held[0][needed - self._begin :]
            self._begin = needed
