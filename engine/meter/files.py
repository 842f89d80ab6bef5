"""Any sound file -> readings, in bounded memory. soundfile and numpy only: the front uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.audio.reading.sounds import Piece, SoundReader, mixed
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
    meter = Meter()
    readings: list[Reading] = []

    def push(mono: Floats) -> None:
        readings.extend(meter.push(np.repeat(mono[:, None], 2, axis=1)))

    heard = hear_file(path, push, progress)
    readings += meter.finish()
    if not readings:
        what = "silent" if heard.silent else "shorter than 5 s or nearly silent"
        raise MusmedError(f"{path} is {what}; the meter needs 5 s of sound.")
    return Measured(tuple(readings), heard.remarks)


class Heard(NamedTuple):
    """What a file was. ``peak`` of full scale; ``remarks``: in sentences, what was odd about it."""

    peak: float
    remarks: tuple[str, ...]

    @property
    def silent(self) -> bool:
        return self.peak < _SILENT


def hear_file(
    path: Path,
    push: Callable[[Floats], None],
    progress: Progress,
    also: Callable[[Piece], None] = lambda piece: None,
) -> Heard:
    """Give ``push`` the file as one channel at 48 kHz, (n,) float32 at a time, in bounded memory;
    ``also`` is given each piece as it is read. Raises ``MusmedError`` as ``measure_file`` does for
    what is no sound."""
    with SoundReader(path) as reader:
        listener = _Listener(push)
        for piece in reader.pieces():
            also(piece)
            listener.hear(piece.audio, piece.rate)
            progress(listener.seconds, reader.seconds)
            if listener.seconds >= LONGEST_MEASURED:
                hours = LONGEST_MEASURED // 3600
                listener.remarks[f"Of {path} only the first {hours} hours are measured."] = None
                break
        listener.finish()
        cancelled = f"The channels of {path} cancel each other; the loudest one is measured."
        if listener.cancelled:
            listener.remarks[cancelled] = None
        return Heard(listener.peak, (*reader.remarks, *listener.remarks))


class _Listener:
    """Makes one channel at 48 kHz of what it hears."""

    def __init__(self, push: Callable[[Floats], None]) -> None:
        self._push = push
        self._resampler: Resampler | None = None
        self.seconds = 0.0
        self.peak = 0.0
        self.cancelled = False
        self.remarks: dict[str, None] = {}

    def hear(self, audio: Floats, rate: int) -> None:
        if self._resampler is None or self._resampler.rate != rate:
            self.finish()
            self._resampler = Resampler(rate)
        mono, cancelled = mixed(audio)
        self.cancelled |= cancelled
        self.peak = max(self.peak, float(np.max(np.abs(mono), initial=0.0)))
        self._push(self._resampler.push(mono))
        self.seconds += len(audio) / rate

    def finish(self) -> None:
        if self._resampler is not None:
            self._push(self._resampler.finish())
