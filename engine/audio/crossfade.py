"""Crossfades whose level is right whatever the two sounds have in common, and end fades.

The law (docs/playback.md): gains a = 1 - t and b = t, both scaled by
1 / sqrt(a^2 + b^2 + 2 max(-0.4, r) a b), with r the correlation of the two sounds at that moment.
The sum of two sounds of equal power and correlation r has power a^2 + b^2 + 2 r a b, so the scale
keeps it at 1: for r = 1 the law is the linear fade (a continuation passes through), for r = 0 it
has constant power. Two ensembles that play the same notes can be out of phase; beyond -0.4 level is
lost rather than gains raised over 1.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import Frames

Gains = NDArray[np.float64]
LEAST_CORRELATION = -0.4


def join_gains(first: int, count: int, length: int, course: Gains) -> tuple[Gains, Gains]:
    """Gains of the outgoing and the incoming sound for frames ``first`` to ``first + count`` of a
    fade ``length`` frames long; each of shape (count,). ``course``: correlations at the middles of
    so many equal stretches of the fade (``align.correlation_course``)."""
    b = (np.arange(first, first + count) + 0.5) / length
    a = 1.0 - b
    middles = (np.arange(len(course)) + 0.5) / len(course)
    r = np.maximum(LEAST_CORRELATION, np.interp(b, middles, course))
    scale = 1.0 / np.sqrt(a * a + b * b + 2.0 * r * a * b)
    return a * scale, b * scale


def crossfade(outgoing: Frames, incoming: Frames, first: int, length: int, course: Gains) -> Frames:
    """The stretch of a join that begins ``first`` frames into a fade of ``length`` frames;
    ``course`` as of ``join_gains``.

    Both sounds have shape (n, 2). Where they are equal sample for sample over the whole join the
    caller passes one of them on instead: rounding gains would move its last bit.
    """
    a, b = join_gains(first, len(outgoing), length, course)
    mixed = outgoing * a[:, None] + incoming * b[:, None]
    return mixed.astype(np.float32)


def fade_gains(first: int, count: int, length: int) -> Gains:
    """A raised-cosine fade in over ``length`` frames, seen from frame ``first`` of it on:
    0 before it, 1 after it. Shape (count,)."""
    if length <= 0:
        return np.ones(count)
    t = np.clip((np.arange(first, first + count) + 0.5) / length, 0.0, 1.0)
    gains = 0.5 - 0.5 * np.cos(np.pi * t)
    gains[t >= 1.0] = 1.0
    return np.asarray(gains, dtype=np.float64)
