"""The desk: notes added up at their places and levels, several at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES
from engine.composers.score.sound.tables import Table
from engine.composers.score.sound.voices import PLACE

Bus = NDArray[np.float32]
"""Dry left, dry right and hall send, shape (3, frames)."""
Gains = NDArray[np.float32]
"""How much of each side of a wave is in each row of a bus, shape (3, sides)."""

_BEFORE = 64
"""Frames of a row before the block, of which a comb takes the last ``PLACE``."""
_WIDTH = _BEFORE + GRID_FRAMES
_ROWS, _SHARES = 8, 4
"""Rows that are added up at once, which are next to the core then; in so many products that none is
as large as OpenBLAS would share among threads."""


class Desk:
    """Waves of one block, each written into ``row`` and added to what is ``heard``.

    Row after row in the order in which they come, so that later ones leave what was before them as
    it is, to the last bit.
    """

    def __init__(self) -> None:
        self._rows = np.zeros((_ROWS, _WIDTH), np.float32)
        self._gains = np.zeros((3, _ROWS), np.float32)
        self._made, self._bus = (np.zeros((3, _WIDTH), np.float32) for _ in range(2))
        self._used, self._empty = 0, True

    def begin(self) -> None:
        """A new block, whatever became of the one before."""
        self._used, self._empty = 0, True

    def rows(self, sides: int) -> Table:
        """So many free rows, (sides, ``PLACE`` + GRID_FRAMES): to be written to, all of each, and
        then ``add``ed."""
        if self._used + sides > _ROWS:
            self._mix()
        return self._rows[self._used : self._used + sides, _BEFORE - PLACE :]

    def add(self, gains: Gains) -> None:
        """What was written into ``rows``, at its place and level."""
        used = self._used
        self._used += gains.shape[1]
        self._gains[:, used : self._used] = gains

    def heard(self) -> Bus:
        """All of it, with ``PLACE`` frames before the block; there until the next one begins."""
        if self._used or self._empty:
            self._mix()
        return self._bus[:, _BEFORE - PLACE :]

    def _mix(self) -> None:
        self._gains[:, self._used :] = 0.0
        into = self._bus if self._empty else self._made
        np.matmul(self._gains, _shared(self._rows), out=_shared(into))
        if not self._empty:
            self._bus += self._made
        self._used, self._empty = 0, False


def gains_of(sides: int, pan: float, gain: float, send: float) -> Gains:
    """Of a wave with so many sides at ``pan`` in [-1, 1]."""
    angle = (pan + 1.0) * math.pi / 4.0
    left, right = gain * math.cos(angle), gain * math.sin(angle)
    if sides == 1:
        return np.array([[left], [right], [0.7 * gain * send]], np.float32)
    half = 0.5 * gain * send
    return np.array([[left, 0.0], [0.0, right], [half, half]], np.float32)


def _shared(rows: Table) -> Table:
    return rows.reshape(len(rows), _SHARES, -1).transpose(1, 0, 2)
