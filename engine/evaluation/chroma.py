"""A sound -> which pitch classes sound when: twelve numbers every half second. numpy only.

Made of the meter's spectral peaks (``engine.meter.listening``): five windows of 0.34 s a block,
each peak counted as the root of its magnitude, which compresses as a logarithm does and needs no
floor. They are folded into 120 tenths of a semitone as they come, so that four hours are 14 MB, and
into the twelve classes once the tuning of the whole file is known. Overtones are left in.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.meter.files import Progress, hear_file
from engine.meter.listening import (
    BINS_PER_SEMITONE,
    BLOCK_SECONDS,
    HISTORY,
    LOWEST_PITCH,
    PITCHES,
    Blocks,
    Floats,
    spectral_peaks,
)

FRAME_SECONDS = BLOCK_SECONDS
CLASSES = 12
_FINE = CLASSES * BINS_PER_SEMITONE
_QUIET = 10.0 ** (-60.0 / 20.0)
"""Below the loudest half second of the file by more than this a half second is silent."""
_NOTHING = 1e-7
"""Root mean square (-140 dB) under which it is silent whatever the others are."""


class Chroma(NamedTuple):
    """``frames``: (n, 12) float32, C first, what sounds in each half second, at the tuning that the
    file itself has: each of unit length with a mean of 0, or all 0 where ``silent`` (n,) bool.
    ``tuning``: of the file, in semitones off A = 440 Hz, in [-0.5, 0.5]. ``remarks``: in sentences,
    what was odd about it."""

    frames: Floats
    silent: NDArray[np.bool_]
    tuning: float
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_SECONDS


class Listener:
    """Takes one channel at 48 kHz piece by piece, whatever their sizes, and folds its peaks."""

    def __init__(self) -> None:
        self._cut = Blocks()
        self._fine: list[Floats] = []
        self._loud: list[float] = []

    def push(self, mono: Floats) -> None:
        for samples in self._cut.push(mono):
            self._block(samples)

    def chroma(self, remarks: tuple[str, ...] = ()) -> Chroma:
        """Of what was pushed; less than half a second at its end is left out."""
        fine = np.array(self._fine, np.float32).reshape(-1, _FINE)
        loud = np.array(self._loud)
        floor = max(_NOTHING, _QUIET * float(loud.max(initial=0.0)))
        tuning = _tuning(fine.sum(axis=0, dtype=np.float64))
        frames = _unit(fine @ _folding(tuning))
        silent = (loud < floor) | ~frames.any(axis=1)
        frames[silent] = 0.0
        return Chroma(frames, silent, tuning, remarks)

    def _block(self, samples: Floats) -> None:
        [(peaks, _)] = spectral_peaks([samples])
        self._fine.append(np.bincount(_PLACES, peaks, minlength=_FINE).astype(np.float32))
        block = samples[HISTORY:].astype(np.float64)
        self._loud.append(float(np.sqrt(np.mean(block**2))))


_PLACES = (np.arange(PITCHES * BINS_PER_SEMITONE) + LOWEST_PITCH * BINS_PER_SEMITONE) % _FINE


def _tuning(fine: NDArray[np.float64]) -> float:
    """Where within their semitones the peaks lie, in semitones: the direction of their mean on a
    circle that is a semitone round, as the meter has it for its stretches."""
    tenth = (np.arange(_FINE) % BINS_PER_SEMITONE + 0.5) / BINS_PER_SEMITONE - 0.5
    mean = np.sum(fine * np.exp(2j * np.pi * tenth))
    return float(np.angle(mean)) / (2.0 * np.pi) if abs(mean) > 0.0 else 0.0


def _folding(tuning: float) -> Floats:
    """(120, 12): how much of each tenth counts to each class, less the farther off it lies."""
    pitch = (np.arange(_FINE) + 0.5) / BINS_PER_SEMITONE - 0.5 - tuning
    away = (pitch[:, None] - np.arange(CLASSES) + CLASSES / 2) % CLASSES - CLASSES / 2
    near: Floats = np.exp(-0.5 * (away / 0.2) ** 2).astype(np.float32)
    return near


def _unit(frames: Floats) -> Floats:
    even = frames - frames.mean(axis=1, keepdims=True)
    length = np.linalg.norm(even, axis=1, keepdims=True)
    return np.asarray(even / np.where(length > 1e-9, length, np.inf), np.float32)


def chroma_of_file(path: Path, progress: Progress) -> Chroma:
    """Of the first four hours of a sound file, in bounded memory. Raises ``MusmedError`` for what
    is no sound."""
    listener = Listener()
    heard = hear_file(path, listener.push, progress)
    return listener.chroma(heard.remarks)
