"""The quick engine with sound in it that no engine of ours makes: a program for the tests of what
guards the ear.

    hostile_engine.py WHAT BEGINS

From session second ``BEGINS`` on its sound is ``SOUNDS[WHAT]``, for ``SECONDS``. Link, worker and
conductor are the real ones; what would not let that pass is not there, as it is not in an engine
that is not ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from tests.support import quick_engine
from tests.support.quick_engine import QuickFinisher

SECONDS = 12.0
Times = NDArray[np.float64]
"""Session seconds, one for each frame."""


def noise(times: Times) -> Frames:
    """At full scale, without a fade; the same for each frame whatever chunk it comes in."""
    drawn = np.random.default_rng(1).uniform(-1.0, 1.0, (SAMPLE_RATE, CHANNELS))
    frames = drawn[np.rint(times * SAMPLE_RATE).astype(np.int64) % SAMPLE_RATE]
    return frames.astype(np.float32)


def constant(times: Times) -> Frames:
    return np.full((len(times), CHANNELS), 0.9, np.float32)


def clicks(times: Times) -> Frames:
    """One sample at full scale, twenty times a second."""
    frames = np.rint(times * SAMPLE_RATE).astype(np.int64)
    return np.where(frames % 2_400 == 0, 1.0, 0.0)[:, None] * np.ones(CHANNELS, np.float32)


def louder(times: Times) -> Frames:
    """A tone that is 30 dB louder from one sample to the next, half-way through."""
    gain = np.where(times - begins() < SECONDS / 2, 0.03, 0.03 * 10**1.5)
    mono = gain * np.sin(2.0 * np.pi * 997.0 * times)
    return (mono[:, None] * np.ones(CHANNELS)).astype(np.float32)


def between(times: Times) -> Frames:
    """Peaks between the samples, 3 dB over all of these: a quarter of the rate, 45 degrees off."""
    frames = np.rint(times * SAMPLE_RATE)
    signs = np.sign(np.sin(np.pi / 2 * frames + np.pi / 4))
    return (signs[:, None] * np.ones(CHANNELS)).astype(np.float32)


def no_number(times: Times) -> Frames:
    return np.full((len(times), CHANNELS), np.nan)


def infinite(times: Times) -> Frames:
    return np.full((len(times), CHANNELS), np.inf)


SOUNDS: dict[str, Callable[[Times], Frames]] = {
    "noise": noise,
    "constant": constant,
    "clicks": clicks,
    "louder": louder,
    "between samples": between,
    "no numbers": no_number,
    "infinite": infinite,
}


def begins() -> float:
    return float(sys.argv[2])


class HostileFinisher(QuickFinisher):
    def chunks(self) -> Iterator[Frames]:
        first = self._composition.start_frame
        for chunk in super().chunks():
            yield hostile(first, chunk)
            first += len(chunk)


def hostile(first: int, audio: Frames) -> Frames:
    """``audio``, which begins at session frame ``first``, with the sound in it. Where that begins
    late there is nothing before, but for the first twenty seconds."""
    times = np.arange(first, first + len(audio)) / SAMPLE_RATE
    since = times - begins()
    silent = (times >= 20.0) & (since < 0.0) & (begins() > 60.0)
    kept = np.where(silent[:, None], 0.0, audio)
    inside = (since >= 0.0) & (since < SECONDS)
    return np.where(inside[:, None], SOUNDS[sys.argv[1]](times), kept).astype(np.float32)


if __name__ == "__main__":
    quick_engine.QuickFinisher = HostileFinisher  # type: ignore[misc]
    quick_engine.main()
