"""The first part of a sound, faded out where it is cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.crossfade import fade_gains

FADE_SECONDS = 2.0

Doubles = NDArray[np.float64]


def pieces(file: soundfile.SoundFile, frames: int, *, cut: bool) -> Iterator[Doubles]:
    """The first ``frames`` of the open ``file`` in pieces of a second, shape (n, channels); fewer
    where it ends early. ``cut``: the end fades out, also of one that has no more: where some are
    cut, its own end would tell the shortest one. Raises what soundfile raises."""
    fade = min(round(FADE_SECONDS * file.samplerate), frames)
    first = 0
    while first < frames:
        audio = file.read(min(file.samplerate, frames - first), dtype="float64", always_2d=True)
        if not len(audio):
            return
        if cut:
            left = frames - first - len(audio)
            audio *= fade_gains(left, len(audio), fade)[::-1, None]
        yield audio
        first += len(audio)
