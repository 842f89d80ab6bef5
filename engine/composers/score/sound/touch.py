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


def narrowed(wave: Table, name: str) -> Table:
    """A stereo table, (2, n), of an instrument, with no more side than that has, in place; another
    is left as it is."""
    if wave.ndim == 1:
        return wave
    mid = 0.5 * (wave[0] + wave[1])
    side = 0.5 * (wave[0] - wave[1])
    have = np.sqrt(float(np.dot(side, side)) / (float(np.dot(mid, mid)) + 1e-12))
    most = 10.0 ** (SIDE_DB.get(name, _SIDE_DB) / 20.0)
    if have > most:
        side *= np.float32(most / have)
        np.add(mid, side, out=wave[0])
        np.subtract(mid, side, out=wave[1])
    return wave
