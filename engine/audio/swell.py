"""Dips and onsets: how far the loudness rider lifts the one and softens the other.

Momentary loudness (EBU Tech 3341: windows of 400 ms, here four blocks of 100 ms) is to rise by at
most 5 LU within a second. A struck or plucked note dies away by more before the next in slow
music, and what the next one adds is then a start. Six tenths of what is too much are taken by the
dip before, as its last notes are let ring a little louder, and the rest by the onset. Neither goes
further than ``MOST_DB``, nor softenings one on the other further than twice that; and a rest is no
dip: what comes after it is a beginning.

Pure functions of the mean K-weighted energies (linear) of blocks: of the last 4 s that ``left``,
the newest last, with their gains in them, and of the 1 to 8 that are ``coming``, without. Gains are
linear amplitudes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.audio.k_weighting import MOMENTARY_BLOCKS

MOST_DB = 4.0
"""Of a lift, and of a softening."""

_MOST: float = 10.0 ** (MOST_DB / 20.0)
_RISE: float = 10.0 ** (4.2 / 10.0)
"""The law's 5 LU less what ramps inside a block and windows between blocks can add."""
_LIFTED_RISE: float = 10.0 ** (4.0 / 10.0)
"""A lift begins before that: what it takes, an onset need not."""
_RISE_BLOCKS = 10
_REST = 10.0 ** (-20.0 / 10.0)
"""A window so far under the loudest 100 ms of the last 4 s is a rest, no note that dies away."""
_SHARE = 0.6 / 2.0
"""Of an excess in energy, to an amplitude: six tenths of its dB are the dip's, which costs the
music less of its level than an onset does."""


def lift(left: Sequence[float], coming: Sequence[float], gain: float) -> float:
    """The factor, 1 to ``_MOST``, by which ``gain`` is to be raised for the first of the ``coming``
    blocks, because it lies in a dip before an onset that is among them."""
    first = coming[0] * gain * gain
    line = [*left[1 - MOMENTARY_BLOCKS :], *(energy * gain * gain for energy in coming)]
    windows = [sum(line[i : i + MOMENTARY_BLOCKS]) for i in range(len(coming))]
    loudest = max(windows[MOMENTARY_BLOCKS:], default=0.0)
    dip = max(min(windows[:MOMENTARY_BLOCKS]), MOMENTARY_BLOCKS * first)
    if dip <= 0.0 or loudest <= _LIFTED_RISE * dip:
        return 1.0
    return float(min((loudest / (_LIFTED_RISE * dip)) ** _SHARE, _MOST))


def softened(left: Sequence[float], coming: Sequence[float], gain: float, before: float) -> float:
    """The largest gain up to ``gain`` with which the windows that hold the first of the ``coming``
    blocks rise by no more than the law above those that have left; at least ``MOST_DB`` under the
    gain of the block ``before`` (0 for none)."""
    square = gain * gain
    least = max(min(gain, before or gain) / _MOST, gain / _MOST**2) ** 2
    past = list(left[1 - _RISE_BLOCKS - MOMENTARY_BLOCKS :])
    heard = [sum(past[i : i + MOMENTARY_BLOCKS]) for i in range(len(past) - MOMENTARY_BLOCKS + 1)]
    if min(heard) <= MOMENTARY_BLOCKS * max(left) * _REST:
        return gain
    ahead = 0.0
    for index, energy in enumerate(coming[:MOMENTARY_BLOCKS]):
        ahead += energy
        kept = sum(past[len(past) - (MOMENTARY_BLOCKS - 1 - index) :]) if index < 3 else 0.0
        room = _RISE * min(heard[index:])
        if ahead > 0.0 and kept + ahead * square > room:
            square = max((room - kept) / ahead, least)
    return math.sqrt(square)
