"""Small music for tests of what is alike: chords and a melody by chance, of a few partials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
Note = tuple[float, float, float]
"""Seconds at which it begins, seconds it lasts, MIDI pitch."""


def score(seed: int, seconds: float) -> list[Note]:
    """Triads of a key of its own, 1 to 2.5 s each, and a melody above them."""
    rng = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) + rng.integers(12)
    notes: list[Note] = []
    at = 0.0
    while at < seconds:
        long = float(rng.uniform(1.0, 2.5))
        root = int(rng.integers(7))
        notes += [(at, long, 48.0 + scale[(root + step) % 7]) for step in (0, 2, 4)]
        notes += [
            (at + part * long / 2, long / 2, 72.0 + scale[int(rng.integers(7))]) for part in (0, 1)
        ]
        at += long
    return notes


def sounded(notes: list[Note], seconds: float, up: float = 0.0, partials: int = 4) -> np.ndarray:
    """(n,) float32 at ``RATE``, ``up`` semitones higher; the colour hangs on ``partials``."""
    made = np.zeros(int((seconds + 4.0) * RATE))
    for at, long, pitch in notes:
        t = np.arange(int(long * RATE)) / RATE
        hertz = 440.0 * 2.0 ** ((pitch + up - 69.0) / 12.0)
        tone = sum(np.sin(2 * np.pi * hertz * n * t) / n**1.5 for n in range(1, partials + 1))
        first = int(at * RATE)
        made[first : first + len(t)] += tone * np.exp(-t) * np.minimum(1.0, 100.0 * (long - t))
    return np.asarray(0.05 * made[: int(seconds * RATE)], np.float32)


def music(seed: int, seconds: float, up: float = 0.0, partials: int = 4) -> np.ndarray:
    return sounded(score(seed, seconds), seconds, up, partials)


def resampled(sound: np.ndarray, ratio: float) -> np.ndarray:
    """Played ``ratio`` times as fast, and so much higher."""
    at = np.arange(int((len(sound) - 1) / ratio)) * ratio
    return np.asarray(np.interp(at, np.arange(len(sound)), sound), np.float32)


def written(path: Path, sound: np.ndarray) -> Path:
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    return path
