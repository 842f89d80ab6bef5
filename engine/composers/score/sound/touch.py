"""How hard a recorded note is played: its colour, its level, and how wide it stands.

A recording is one touch, a hard one: FluidR3's notes are the same samples at every velocity, and
all but a few through the same filter. The layers below the hardest are made of it by a low-pass
without phase, so that layers of one recording add up and never cancel.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from engine.composers.score.sound.tables import Table

CUTS = (1000.0, 1500.0, 2300.0, 3600.0, 6000.0)
"""Hz at which the layers, softest first, are 6 dB down at middle C; the hardest is the recording.
Softer blows excite the high partials less: from piano to forte those around 2 kHz grow by some
10-20 dB more than the lowest (Askenfelt & Jansson 1993, JASA 93, 2181)."""
OCTAVES = 2.5
"""The cut moves an octave in so many octaves of pitch, as felt is harder in the treble."""
HIT_PITCH = 96
"""The pitch by which strokes of the kit are coloured: they stay bright."""
STEP_DB = 1.0
"""How much louder each layer is than the softer one, beside what a note's gain says."""
_MIDDLE = 2.5
SIDE_DB = {"piano": -9.0}
"""Side over mid of an instrument's table, at most: a piano is a thing in a room and not the room.
The hall and each note's place on the stage come to it."""
_SIDE_DB = -6.5
"""Of what a group holds."""


def colour(layer: int, pitch: float, rate: float, size: int) -> NDArray[np.float32]:
    """What a layer lets through of each bin of a real transform of ``size`` frames at ``rate``, of
    a recording of ``pitch``: 1 / (1 + (f / cut)^2)."""
    squares = _squares(rate, size)
    if layer >= len(CUTS):
        return np.ones_like(squares)
    cut = CUTS[layer] * 2.0 ** ((pitch - 60.0) / (12.0 * OCTAVES))
    return np.asarray(1.0 / (1.0 + squares * np.float32(cut**-2.0)), np.float32)


@functools.lru_cache(maxsize=16)
def _squares(rate: float, size: int) -> NDArray[np.float32]:
    return np.asarray(np.fft.rfftfreq(size, 1.0 / rate) ** 2, np.float32)


def gain_of(layer: int) -> float:
    """The linear gain of a layer beside those of its table's own level."""
    return float(10.0 ** (STEP_DB * (layer - _MIDDLE) / 20.0))


def side_kept(wave: Table, name: str) -> float:
    """How much of the side of a stereo table, (2, n), is as much as an instrument has; 1 of a mono
    one."""
    if wave.ndim == 1:
        return 1.0
    # Both from three products, without the waves of mid and side themselves.
    left, right, both = (
        float(np.dot(a, b)) for a, b in ((wave[0], wave[0]), (wave[1], wave[1]), (wave[0], wave[1]))
    )
    mid, side = left + right + 2.0 * both, max(0.0, left + right - 2.0 * both)
    have = np.sqrt(side / (mid + 4e-12))
    most = 10.0 ** (SIDE_DB.get(name, _SIDE_DB) / 20.0)
    return float(min(1.0, most / (have + 1e-12)))


def narrowed(wave: Table, kept: float, gain: float = 1.0) -> Table:
    """A new table, ``gain`` times one; of a stereo one, (2, n), with so much of its side."""
    if wave.ndim == 1 or kept >= 1.0:
        return wave * np.float32(gain)
    made = wave * np.float32(0.5 * (1.0 + kept) * gain)
    made += wave[::-1] * np.float32(0.5 * (1.0 - kept) * gain)
    return made
