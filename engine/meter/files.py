"""Any sound file -> readings, in bounded memory. soundfile and numpy only: the front uses it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from engine.audio.format import SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.meter.listening import Floats
from engine.meter.meter import Meter
from engine.meter.reading import Reading
from engine.places import look_at

LOWEST_RATE, HIGHEST_RATE = 8_000, 384_000
LOUDEST = 1_000.0
"""Samples beyond this (60 dB over full scale) are no audio."""
_PIECE_SECONDS = 5
_ZEROS = 16
"""Zero crossings of the resampler's sinc to either side."""


def measure_file(path: Path) -> list[Reading]:
    """Readings of a whole file: anything libsndfile reads (WAV, FLAC, Ogg, MP3, AIFF ...), any
    number of channels, 8 to 384 kHz. Raises ``MusmedError``: missing, unreadable, not audio,
    silent, or with less than 5 s of sound."""
    meter = Meter()
    readings: list[Reading] = []
    peak = 0.0
    for piece in _pieces(path):
        peak = max(peak, float(np.max(np.abs(piece), initial=0.0)))
        readings += meter.push(np.repeat(piece[:, None], 2, axis=1))
    readings += meter.finish()
    if not readings:
        what = "silent" if peak < 1e-5 else "shorter than 5 s or nearly silent"
        raise MusmedError(f"{path} is {what}; the meter needs 5 s of sound.")
    return readings


def _pieces(path: Path) -> Iterator[Floats]:
    """The file at 48 kHz, mixed to mono."""
    found = look_at(path, "sound file")
    if found == "folder":
        raise MusmedError(f"{path} is a folder; name a sound file.")
    if found == "nothing":
        raise MusmedError(f"There is no file {path}; check the name.")
    if found == "other":
        raise MusmedError(f"{path} is no regular file; name a sound file.")
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            if not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise MusmedError(f"{path} has {rate} samples a second; convert it to 48000 first.")
            resampler = Resampler(rate)
            while len(audio := file.read(_PIECE_SECONDS * rate, dtype="float32", always_2d=True)):
                yield resampler.push(_checked(audio, path))
            yield resampler.push(np.zeros(resampler.reach, np.float32))
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or error
        reason = str(reason).strip().rstrip(".").lower()
        raise MusmedError(f"{path} can't be read as sound ({reason}).") from error


def _checked(audio: Frames, path: Path) -> Floats:
    if not bool(np.all(np.abs(audio) <= LOUDEST)):  # NaN fails this too
        raise MusmedError(f"{path} holds samples that are no sound; make it again.")
    mono: Floats = audio.mean(axis=1, dtype=np.float32)
    return mono


class Resampler:
    """Mono at ``rate`` to 48 kHz with a windowed sinc, piece by piece; the result does not
    depend on the pieces' sizes. ``reach``: zeros to push at the end to get the last samples."""

    def __init__(self, rate: int) -> None:
        common = math.gcd(rate, SAMPLE_RATE)
        self._up, self._down = SAMPLE_RATE // common, rate // common
        # Going down, the sinc is as much longer as the cut-off is lower.
        stretch = max(1.0, self._down / self._up)
        self._half = math.ceil(_ZEROS * stretch)
        self.reach = 0 if self._up == self._down else self._half
        self._stretch = stretch
        self._kept: Floats = np.zeros(self._half, np.float32)
        self._first = -self._half
        """Position in the input of the first sample kept."""
        self._out = 0

    def push(self, audio: Floats) -> Floats:
        """The next samples at 48 kHz, as far as they can be told."""
        if not self.reach:
            return audio
        self._kept = np.concatenate([self._kept, audio])
        end = self._first + len(self._kept)
        # Output n lies at n * down / up and needs the inputs within half of that.
        last = max(self._out, -(-(end - self._half) * self._up // self._down))
        done = [
            self._between(n, min(n + SAMPLE_RATE, last))
            for n in range(self._out, last, SAMPLE_RATE)
        ]
        self._out = last
        gone = max(0, self._out * self._down // self._up - self._half - self._first)
        self._kept, self._first = self._kept[gone:], self._first + gone
        return np.concatenate(done) if done else np.zeros(0, np.float32)

    def _between(self, first: int, last: int) -> Floats:
        position = np.arange(first, last, dtype=np.int64) * self._down
        whole, phase = position // self._up, position % self._up
        out = np.zeros(last - first, np.float32)
        for tap in range(1 - self._half, self._half + 1):
            weights = self._weights(tap)
            at = np.minimum(whole + tap - self._first, len(self._kept) - 1)
            out += weights[phase] * self._kept[at]
        return out

    def _weights(self, tap: int) -> Floats:
        """The kernel at ``tap`` for every phase."""
        away = (tap - np.arange(self._up) / self._up) / self._stretch
        window = np.cos(0.5 * np.pi * np.clip(away / _ZEROS, -1.0, 1.0)) ** 2
        weights: Floats = (0.95 * np.sinc(0.95 * away) * window / self._stretch).astype(np.float32)
        return weights
