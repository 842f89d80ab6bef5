"""The loudness rider: brings music to its target level slowly, and keeps rises gentle.

Two stages on 100 ms blocks of K-weighted energy (``loudness.k_filter``):

``SlowLoudness``, causal: the loudness of the last six seconds or so. Slow enough that most of
the dynamics of a phrase survive; a block far below the music (a rest, a fade) counts for less.

``Rider``: one gain per block. It wants target minus slow loudness, heard ``LOOK_AHEAD_BLOCKS``
ahead. Then the rise rule: the short-term (3 s) loudness of what leaves rises at most 2 LU within
any second. The largest gain is found that, held over the known future, obeys the rule; so a
sudden loud passage comes in at one reduced level and opens up, instead of being squeezed block by
block. Before a fresh start the output is taken to have been at the target level.

Between the two, struck and plucked notes that have nearly died away before the next (``swell.py``):
the dip is lifted and the onset softened, each by a few dB at most, so that momentary (400 ms)
loudness rises by at most 5 LU within a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import BLOCK_FRAMES
from engine.audio.k_weighting import ABSOLUTE_GATE_LUFS, energy_of, lufs
from engine.audio.loudness import SHORT_TERM_BLOCKS
from engine.audio.swell import lift, softened

LOOK_AHEAD_BLOCKS = 7
"""Blocks beyond the present one that the rider hears: with the next gain (for the ramp) and the
limiter's block, the first second of input makes the first output."""
HISTORY_BLOCKS = SHORT_TERM_BLOCKS + 10
"""Past output energies the rise rule looks at: a second of 3 s windows."""

_BLOCK_SECONDS = 0.1
_TIME_CONSTANT = 6.0
_FASTEST = _BLOCK_SECONDS / _TIME_CONSTANT
_QUIET_LU = -10.0
_QUIET_WEIGHT = 0.25
_SILENT = energy_of(ABSOLUTE_GATE_LUFS)
_QUIET = 10.0 ** (_QUIET_LU / 10.0)
_MOST_GAIN_DB, _LEAST_GAIN_DB = 24.0, -40.0
_RISE_LU = 1.75
"""Per second: the rule's 2 LU less what ramps inside a block and windows between blocks add (looked
at every 10 ms, as the guard of what is played does, rises are up to 0.2 LU larger)."""
_RISE = 10.0 ** (_RISE_LU / 10.0)
_RISE_BLOCKS = 10
_FLOOR_LU = -12.0
"""A rise is counted from this far below the target at least: music after silence may begin."""
_DEEPEST = 10.0 ** (-60.0 / 20.0)
"""The rise rule never closes a gain altogether: it could not open again."""
_OPENING = 10.0 ** (0.3 / 20.0)
"""A gain grows by at most 0.3 dB per block, so that music does not pump after a loud onset."""
_SOFTENED_LU = 0.07
"""What softened onsets take from a session's loudness: the mean over ten of two minutes (`make
listen`, 0 to 0.18)."""
_LIFTING = 10.0 ** (0.8 / 20.0)
"""In a dip by 0.8: what dies away falls faster, so that is not heard as a swell."""


class SlowState(NamedTuple):
    """``energy``: mean K-weighted energy of the music so far heard; ``weight``: blocks of music
    in it, 0 before any, growing to 60."""

    energy: float
    weight: float


def slow_step(state: SlowState, energy: float) -> SlowState:
    """The slow loudness after one more block: a plain mean over the first six seconds of music,
    an exponential one with a time constant of six seconds from then on."""
    if energy <= _SILENT:
        return state
    weight = min(state.weight + 1.0, 1.0 / _FASTEST)
    share = 1.0 / weight
    if energy < state.energy * _QUIET:
        share *= _QUIET_WEIGHT
    return SlowState(state.energy + share * (energy - state.energy), weight)


class RiderState(NamedTuple):
    """What the rider needs at a block's start: the ``gain`` of the block before (0 when there was
    none) and the energies of the last ``HISTORY_BLOCKS`` blocks that left."""

    gain: float
    history: tuple[float, ...]


class Rider:
    """Gives each block a linear gain; pure but for the history it keeps."""

    def __init__(self, target_lufs: float, state: RiderState | None = None) -> None:
        past = (energy_of(target_lufs),) * HISTORY_BLOCKS
        self.gain = 0.0 if state is None else state.gain
        self.history = list(past if state is None else state.history)

    @property
    def state(self) -> RiderState:
        """The state before the next block."""
        return RiderState(self.gain, tuple(self.history[-HISTORY_BLOCKS:]))

    def step(self, energies: Sequence[float], slow: SlowState, target_lufs: float) -> float:
        """The gain of the next block. ``energies``: its own and those of the blocks after it, as
        far as known (1 to 8); ``slow`` has heard the last of them."""
        before = self.gain
        left = self.history[-HISTORY_BLOCKS:]
        wanted = self._wanted(slow, target_lufs)
        lifted = lift(left, energies, wanted)
        opening = _LIFTING if lifted > 1.0 else _OPENING
        opened = min(wanted * lifted, before * opening) if before > 0.0 else wanted
        if lifted > 1.0:  # the gain of a dip is not the one with which the onset comes
            gain = min(opened, self._bound(energies[:1], target_lufs, opened))
        else:
            bound = self._bound(energies, target_lufs, wanted)
            gain = min(opened, softened(left, energies, bound, before))
        start = min(before, gain) if before > 0.0 else gain
        ramp = (start * start + start * gain + gain * gain) / 3.0
        self.history.append(energies[0] * ramp)
        if slow.weight > 0.0:
            self.gain = gain
        return gain

    @staticmethod
    def _wanted(slow: SlowState, target_lufs: float) -> float:
        if slow.weight == 0.0:
            return 1.0
        decibels = target_lufs + _SOFTENED_LU - lufs(slow.energy)
        return float(10.0 ** (min(max(decibels, _LEAST_GAIN_DB), _MOST_GAIN_DB) / 20.0))

    def _bound(self, energies: Sequence[float], target_lufs: float, gain: float) -> float:
        """The largest gain up to ``gain`` that keeps the rise rule if held over ``energies``.

        Window sums are a + b * gain^2: a from what has left, b from what is to come. For every
        coming window and each of the ten before it: a1 + b1 g^2 <= rise * (a0 + b0 g^2).
        """
        floor = SHORT_TERM_BLOCKS * energy_of(target_lufs + _FLOOR_LU)
        past = self.history[-HISTORY_BLOCKS:]
        sums = [(sum(past[i : i + SHORT_TERM_BLOCKS]), 0.0) for i in range(1, _RISE_BLOCKS + 1)]
        coming = 0.0
        for index, energy in enumerate(energies):
            coming += energy
            sums.append((sum(past[_RISE_BLOCKS + 1 + index :]), coming))
        square = gain * gain
        if not _surely_slow(sums, square, floor):
            for at in range(_RISE_BLOCKS, len(sums)):
                square = _slow(sums[at], sums[at - _RISE_BLOCKS : at], square, floor)
        return max(math.sqrt(square), gain * _DEEPEST)


Sum = tuple[float, float]
"""Of the energies in a window: what has left, and what is to come without its gain."""


def _surely_slow(sums: Sequence[Sum], square: float, floor: float) -> bool:
    """Whether the loudest coming window keeps the rule above the softest of all: then each does."""
    heard = [a + b * square for a, b in sums]
    return bool(max(heard[_RISE_BLOCKS:]) <= _RISE * max(min(heard), floor))


def _slow(window: Sum, before: Sequence[Sum], square: float, floor: float) -> float:
    """The largest squared gain up to ``square`` with which a coming window keeps the rule above
    each of those ``before`` it."""
    a1, b1 = window
    for a0, b0 in before:
        room = _RISE * max(a0 + b0 * square, floor)
        if b1 == 0.0 or a1 + b1 * square <= room:
            continue
        if b0 == 0.0 or a0 + b0 * square <= floor:
            square = max(room - a1, 0.0) / b1
        elif b1 > _RISE * b0:
            square = max(_RISE * a0 - a1, 0.0) / (b1 - _RISE * b0)
    return square


_ALONG = np.arange(BLOCK_FRAMES, dtype=np.float64) / BLOCK_FRAMES


def ramp(start: float, end: float) -> NDArray[np.float32]:
    """Gain over one block, shape (4800,), from ``start`` towards ``end`` (exclusive)."""
    return (start + (end - start) * _ALONG).astype(np.float32)
