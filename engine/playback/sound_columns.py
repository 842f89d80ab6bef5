"""What plays as columns of how strong each pitch region is, for who wants to see it. numpy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE, Frames

COLUMN_FRAMES = 9_600
"""A fifth of a second of session time."""
COLUMN_SECONDS = COLUMN_FRAMES / SAMPLE_RATE
KEPT = 320
"""Columns: a minute and four seconds, more than a screen shows."""
BANDS = 24
LOWEST, HIGHEST = 50.0, 8_000.0
"""Hz, of all bands together."""
STRENGTHS = 16
QUIET_DB, LOUD_DB = -70.0, -12.0
"""Of one band, full scale 0: the lowest strength and the highest."""


class SoundColumn(NamedTuple):
    """The session second ``number * COLUMN_SECONDS`` on; ``strengths``: of ``BANDS`` bands on the
    mel scale, the lowest first, each 0 to 15."""

    number: int
    strengths: bytes


class SoundColumns:
    """The newest columns of what was written for the ear, in the order of session time. ``push`` is
    for one thread; ``columns`` may be read by any: it is another tuple each time."""

    def __init__(self) -> None:
        self.columns: tuple[SoundColumn, ...] = ()
        self._begun: list[NDArray[np.float32]] = []
        self._number = -1
        self._next = -1

    def push(self, session_frame: int, audio: Frames) -> None:
        """``audio`` begins at ``session_frame``. One transform for each column that is full; a
        column of which the beginning is missing is left out."""
        mono = audio.mean(axis=1, dtype=np.float32)
        while len(mono):
            number, into = divmod(session_frame, COLUMN_FRAMES)
            if session_frame != self._next or into == 0:
                self._begun, self._number = [], number if into == 0 else -1
            taken = mono[: COLUMN_FRAMES - into]
            self._begun.append(taken)
            session_frame += len(taken)
            self._next = session_frame
            mono = mono[len(taken) :]
            if self._number >= 0 and session_frame == (number + 1) * COLUMN_FRAMES:
                self._add(SoundColumn(number, _strengths(np.concatenate(self._begun))))

    def _add(self, column: SoundColumn) -> None:
        """What lies behind it in session time was another future, or is heard again."""
        before = [one for one in self.columns if one.number < column.number]
        self.columns = (*before[1 - KEPT :], column)


_WINDOW = np.hanning(COLUMN_FRAMES).astype(np.float32)


def _edges() -> NDArray[np.intp]:
    """The first bin of each band, and that behind the last; bands are equally wide in mel, 2595
    log10(1 + Hz / 700) (O'Shaughnessy, Speech Communication, 1987)."""
    lowest, highest = (2595.0 * np.log10(1.0 + hertz / 700.0) for hertz in (LOWEST, HIGHEST))
    mels = np.linspace(lowest, highest, BANDS + 1)
    hertz = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    return np.round(hertz * COLUMN_FRAMES / SAMPLE_RATE).astype(np.intp)


_EDGES = _edges()


def _strengths(mono: NDArray[np.float32]) -> bytes:
    """Of ``COLUMN_FRAMES`` frames, (COLUMN_FRAMES,) float32: ``BANDS`` strengths from 0 to 15."""
    spectrum = np.abs(np.fft.rfft(mono * _WINDOW)) * (2.0 / _WINDOW.sum())
    power = np.add.reduceat(spectrum[: _EDGES[-1]] ** 2, _EDGES[:-1])
    decibels = 10.0 * np.log10(np.maximum(power, 1e-12))
    share = (decibels - QUIET_DB) / (LOUD_DB - QUIET_DB)
    return np.clip(np.floor(STRENGTHS * share), 0, STRENGTHS - 1).astype(np.uint8).tobytes()
