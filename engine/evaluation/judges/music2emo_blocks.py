"""Sound at 48 kHz in pieces -> blocks of 10 s: as MERT hears it, and its chords."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.evaluation.judges import btc, cqt, mert

Floats = NDArray[np.float32]

_ZEROS, _CUT = 6, 0.99
_BLOCK = btc.SECONDS * mert.RATE


class Block(NamedTuple):
    """``sound``: (240000,) at 24 kHz; ``chords``: (108,) numbers as ``chords`` has them."""

    sound: Floats
    chords: NDArray[np.int64]


class Blocks:
    """Gives ``hear`` every whole block; what is left at the end is left out."""

    def __init__(self, chords: btc.ChordRecogniser, hear: Callable[[Block], None]) -> None:
        self._chords, self._hear = chords, hear
        self._half = Halver()
        self._stream = soxr.ResampleStream(SAMPLE_RATE, cqt.RATE, 1, "float32", "HQ")
        self._high, self._low = _Samples(), _Samples()

    def push(self, mono: Floats) -> None:
        """(n,) at 48 kHz."""
        if len(mono):
            self._add(self._half.push(mono), self._stream.resample_chunk(mono))

    def finish(self) -> None:
        self._add(
            self._half.finish(), self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        )
        if self._high.count >= _BLOCK:  # the other resampler may round down
            self._add(np.zeros(0, np.float32), np.zeros(1, np.float32))

    def _add(self, high: Floats, low: Floats) -> None:
        self._high.add(high)
        self._low.add(low)
        while self._high.count >= _BLOCK and self._low.count >= btc.SAMPLES:
            spectra = cqt.log_magnitudes(self._low.take(btc.SAMPLES))
            self._hear(Block(self._high.take(_BLOCK), self._chords.chords(spectra)))


class Halver:
    """48 to 24 kHz, piece by piece, by the short sinc that torchaudio resamples with, since MERT's
    vectors were made so when Music2Emo was trained."""

    def __init__(self) -> None:
        reach = int(2 * _ZEROS / _CUT)
        away = np.arange(-reach, reach + 1) * _CUT / 2
        window = np.cos(0.5 * np.pi * away / _ZEROS) ** 2
        self._weights = (0.5 * _CUT * np.sinc(away) * window).astype(np.float32)
        self._reach = reach
        self._kept: Floats = np.zeros(reach, np.float32)

    def push(self, mono: Floats) -> Floats:
        kept = np.concatenate([self._kept, mono])
        long = len(self._weights)
        if len(kept) < long:
            self._kept = kept
            return np.zeros(0, np.float32)
        made = sliding_window_view(kept, long)[::2] @ self._weights
        self._kept = kept[2 * len(made) :]
        return np.asarray(made, np.float32)

    def finish(self) -> Floats:
        return self.push(np.zeros(self._reach, np.float32))


class _Samples:
    """Pieces, of which so many samples at a time are taken."""

    def __init__(self) -> None:
        self._pieces: list[Floats] = []
        self.count = 0

    def add(self, piece: Floats) -> None:
        self._pieces.append(np.asarray(piece, np.float32))
        self.count += len(piece)

    def take(self, count: int) -> Floats:
        whole = np.concatenate(self._pieces)
        self._pieces, self.count = [whole[count:].copy()], len(whole) - count
        return whole[:count]
