"""Mono at any rate to 48 kHz, for the meter. numpy only."""

from __future__ import annotations

import math

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.meter.listening import Floats

_ZEROS = 16
"""Zero crossings of the sinc to either side."""
_BLOCK = SAMPLE_RATE // 2
"""Frames of output, about, that are computed at a time."""
_LARGEST = 1 << 20
"""Weights in a matrix, at most; rates that need more go by a table."""
_PHASES = 4096
"""Places between two samples that the table has: the nearest is within 1/8192 of a sample, an error
of -86 dB at 5 kHz."""


class Resampler:
    """A windowed sinc, piece by piece; the result does not depend on the pieces' sizes, since it is
    computed in blocks of one size whatever comes."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        common = math.gcd(rate, SAMPLE_RATE)
        up, down = SAMPLE_RATE // common, rate // common
        self._stretch = max(1.0, down / up)
        """Going down, the sinc is as much longer as the cut-off is lower."""
        self._half = math.ceil(_ZEROS * self._stretch)
        self._same = up == down
        self._taken = self._given = 0
        # A cycle of inputs and outputs repeats its phases; some together keep the matrix full.
        cycles = max(1, 2 * self._half // down)
        self._up, self._down = up * cycles, down * cycles
        self._weights: Floats
        span = (self._up - 1) * down // up + 2 * self._half
        self._by_matrix = self._up * span <= _LARGEST
        if self._by_matrix:
            self._rows = max(1, _BLOCK // self._up)
            self._span = span
            self._weights = self._matrix()
        else:
            self._weights = self._table()
        self._kept: Floats = np.zeros(self._half - 1, np.float32)
        """Inputs from the first that the next output needs on."""

    def push(self, audio: Floats) -> Floats:
        """The next frames at 48 kHz, in whole blocks."""
        self._taken += len(audio)
        if self._same:
            return audio
        self._kept = np.concatenate([self._kept, audio])
        made = []
        while (block := self._block()) is not None:
            made.append(block)
        self._given += sum(map(len, made))
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def finish(self) -> Floats:
        """What is left, with silence behind it: in all as long as what was pushed."""
        wanted = -(-self._taken * SAMPLE_RATE // self.rate) - self._given
        if self._same or wanted <= 0:
            return np.zeros(0, np.float32)
        taken = self._taken
        silence = np.zeros(self.rate + 2 * self._half, np.float32)
        rest = [self.push(silence)]
        while sum(map(len, rest)) < wanted:
            rest.append(self.push(silence))
        self._taken = taken
        return np.concatenate(rest)[:wanted]

    def _block(self) -> Floats | None:
        return self._product() if self._by_matrix else self._interpolated()

    def _product(self) -> Floats | None:
        """Cycle by cycle: every output is a row of weights over the cycle's inputs."""
        taken = self._rows * self._down
        if len(self._kept) < taken - self._down + self._span:
            return None
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, self._span)
        made = np.ascontiguousarray(windows[: taken : self._down]) @ self._weights
        self._kept = self._kept[taken:]
        return made.reshape(-1)

    def _interpolated(self) -> Floats | None:
        """Output by output: the nearest row of the table over the inputs around."""
        place = np.arange(self._next, self._next + _BLOCK, dtype=np.int64) * self._down
        whole, phase = place // self._up, place % self._up
        whole -= self._first
        if len(self._kept) < int(whole[-1]) + 2 * self._half:
            return None
        nearest = (2 * phase * _PHASES + self._up) // (2 * self._up)
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, 2 * self._half)
        made: Floats = np.einsum("ij,ij->i", windows[whole], self._weights[nearest])
        self._next += _BLOCK
        gone = self._next * self._down // self._up - self._first
        self._kept, self._first = self._kept[gone:], self._first + gone
        return made

    _next = _first = 0
    """By the table: the next output, and the place of the first input kept (``half`` - 1 of silence
    lie before the file's first)."""

    def _matrix(self) -> Floats:
        """Weights of every input of a cycle (its rows) for every output (its columns)."""
        place = np.arange(self._up) * self._down / self._up
        away = np.arange(1 - self._half, self._span - self._half + 1)[:, None] - place
        return self._kernel(away)

    def _table(self) -> Floats:
        """Weights of the inputs around (its columns) for every phase (its rows)."""
        away = np.arange(1 - self._half, self._half + 1) - np.arange(_PHASES + 1)[:, None] / _PHASES
        return self._kernel(away)

    def _kernel(self, away: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Floats:
        """The windowed sinc at distances in input samples."""
        away = away / self._stretch
        window = np.cos(0.5 * np.pi * np.clip(away / _ZEROS, -1.0, 1.0)) ** 2
        weights: Floats = (0.95 * np.sinc(0.95 * away) * window / self._stretch).astype(np.float32)
        return weights
