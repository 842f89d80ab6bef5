"""Any sound file -> readings, in bounded memory. soundfile and numpy only: the front uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.audio.reading.sounds import SoundReader, mixed
from engine.errors import MusmedError
from engine.meter.listening import Floats
from engine.meter.meter import Meter
from engine.meter.reading import Reading
from engine.meter.resampler import Resampler

LONGEST_MEASURED = 4 * 3600
"""Seconds of a file that are measured at most."""
_SILENT = 1e-5


class Measured(NamedTuple):
    """The readings of a file, and in sentences what was odd about it."""

    readings: tuple[Reading, ...]
    remarks: tuple[str, ...]


Progress = Callable[[float, float | None], None]
"""Told the seconds done and, where that is known, those of the whole; what it raises ends it."""


def measure_file(path: Path, progress: Progress = lambda done, total: None) -> Measured:
    """Readings of a whole file: anything libsndfile reads (WAV, FLAC, Ogg, MP3, AIFF ...), up to 16
    channels, 8 to 384 kHz, of the first four hours. Raises ``MusmedError``: missing, unreadable,
    not audio, silent, or with less than 5 s of sound."""
    with SoundReader(path) as reader:
        listener = _Listener()
        for piece in reader.pieces():
            listener.hear(piece.audio, piece.rate)
            progress(listener.seconds, reader.seconds)
            if listener.seconds >= LONGEST_MEASURED:
                hours = LONGEST_MEASURED // 3600
                listener.remarks[f"Of {path} only the first {hours} hours are measured."] = None
                break
        readings = listener.finish()
        if not readings:
            what = "silent" if listener.peak < _SILENT else "shorter than 5 s or nearly silent"
            raise MusmedError(f"{path} is {what}; the meter needs 5 s of sound.")
        cancelled = f"The channels of {path} cancel each other; the loudest one is measured."
        if listener.cancelled:
            listener.remarks[cancelled] = None
        return Measured(tuple(readings), (*reader.remarks, *listener.remarks))


class _Listener:
    """The meter with what a file needs before it: one channel, at 48 kHz."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._readings: list[Reading] = []
        self._resampler: Resampler | None = None
        self.seconds = 0.0
        self.peak = 0.0
        self.cancelled = False
        self.remarks: dict[str, None] = {}

    def hear(self, audio: Floats, rate: int) -> None:
        if self._resampler is None or self._resampler.rate != rate:
            self._push(self._rest())
            self._resampler = Resampler(rate)
        mono, cancelled = mixed(audio)
        self.cancelled |= cancelled
        self.peak = max(self.peak, float(np.max(np.abs(mono), initial=0.0)))
        self._push(self._resampler.push(mono))
        self.seconds += len(audio) / rate

    def finish(self) -> list[Reading]:
        self._push(self._rest())
        return self._readings + self._meter.finish()

    def _rest(self) -> Floats:
        return np.zeros(0, np.float32) if self._resampler is None else self._resampler.finish()

    def _push(self, mono: Floats) -> None:
        self._readings += self._meter.push(np.repeat(mono[:, None], 2, axis=1))
