"""What a sound file says of itself, in one pass and bounded memory: how loud it is, the meter's
readings, which pitch classes sound, and what begins when. numpy and soundfile only.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.affect.circumplex import Affect
from engine.audio.format import BLOCK_FRAMES, Frames
from engine.audio.k_weighting import (
    STEPS,
    gated_lufs,
    k_weighting,
    nothing_before,
    step_energies,
)
from engine.audio.reading.sounds import Piece
from engine.errors import MusmedError
from engine.evaluation.chroma import Listener
from engine.meter.files import Progress, hear_file
from engine.meter.listening import BLOCK_SECONDS, Blocks, Floats, spectral_bands
from engine.meter.meter import Meter
from engine.meter.reading import Reading
from engine.meter.resampler import Resampler


class HeardSound(NamedTuple):
    """``loudness``: integrated LUFS, None for silence; ``affect``: the mean of the meter's
    readings, None without one, and whether it ``known`` its like; ``classes``: (12,) how much each
    pitch class sounds; ``onsets``: what begins, ``pulse.RATE`` values a second."""

    seconds: float
    loudness: float | None
    affect: Affect | None
    known: bool
    classes: NDArray[np.float64]
    onsets: NDArray[np.float64]
    remarks: tuple[str, ...]


def hear_sound(path: Path, progress: Progress = lambda done, total: None) -> HeardSound:
    """The first four hours of a sound file. Raises ``MusmedError`` for what is no sound, and for
    silence."""
    meter, chroma, onsets, loudness = Meter(), Listener(), _Onsets(), _Loudness()
    readings: list[Reading] = []

    def push(mono: Floats) -> None:
        readings.extend(meter.push(np.repeat(mono[:, None], 2, axis=1)))
        chroma.push(mono)
        onsets.push(mono)

    heard = hear_file(path, push, progress, loudness.hear)
    readings += meter.finish()
    if heard.silent:
        raise MusmedError(f"{path} is silent; there is nothing to describe.")
    affect = None
    if readings:
        valence, arousal = np.mean([(one.valence, one.arousal) for one in readings], axis=0)
        affect = Affect(float(valence), float(arousal))
    sung = chroma.chroma()
    return HeardSound(
        seconds=onsets.seconds,
        loudness=loudness.integrated(),
        affect=affect,
        known=all(one.known for one in readings),
        classes=sung.frames.sum(axis=0, dtype=np.float64),
        onsets=onsets.curve(),
        remarks=heard.remarks,
    )


class _Onsets:
    """How much begins: the bands' rises on a logarithmic scale, over neighbouring bands' own
    (Boeck & Widmer 2013), each 10 s by their own level."""

    def __init__(self) -> None:
        self._cut = Blocks()
        self._bands: list[Floats] = []
        self._before: NDArray[np.float64] | None = None
        self._made: list[NDArray[np.float64]] = []
        self.seconds = 0.0

    def push(self, mono: Floats) -> None:
        for samples in self._cut.push(mono):
            self._bands.append(spectral_bands(samples))
            self.seconds += BLOCK_SECONDS
            if len(self._bands) == 20:
                self._rise()

    def curve(self) -> NDArray[np.float64]:
        if self._bands:
            self._rise()
        return np.concatenate(self._made) if self._made else np.zeros(0)

    def _rise(self) -> None:
        bands = np.concatenate(self._bands).astype(np.float64)
        self._bands = []
        level = np.sqrt(np.mean(bands**2, axis=0))
        white = np.log1p(4.0 * bands / (level + 0.02 * np.max(level) + 1e-12))
        lead = white[:2] if self._before is None else self._before
        line = np.concatenate([lead, white])
        before = line[:-2].copy()
        before[:, 1:] = np.maximum(before[:, 1:], line[:-2, :-1])
        before[:, :-1] = np.maximum(before[:, :-1], line[:-2, 1:])
        self._made.append(np.maximum(0.0, line[2:] - before).mean(axis=1))
        self._before = white[-2:]


class _Loudness:
    """ITU-R BS.1770-4: energies of 0.1 s of every channel, each counting alike (surround channels
    would count 1.5 dB more), added up and gated."""

    def __init__(self) -> None:
        self._rate = 0
        self._resamplers: list[Resampler] = []
        self._lines: list[_Weighted] = []
        self._done: list[NDArray[np.float64]] = []

    def hear(self, piece: Piece) -> None:
        channels = piece.audio.shape[1]
        if (piece.rate, channels) != (self._rate, len(self._resamplers)):
            self._close()
            self._rate = piece.rate
            self._resamplers = [Resampler(piece.rate) for _ in range(channels)]
            self._lines = [_Weighted() for _ in range((channels + 1) // 2)]
        made = [
            resampler.push(np.ascontiguousarray(piece.audio[:, channel]))
            for channel, resampler in enumerate(self._resamplers)
        ]
        self._push(made)

    def integrated(self) -> float | None:
        self._close()
        return gated_lufs(np.concatenate(self._done)) if self._done else None

    def _push(self, made: list[Floats]) -> None:
        for number, line in enumerate(self._lines):
            pair = made[2 * number : 2 * number + 2]
            line.push(np.stack([pair[0], pair[1] if len(pair) > 1 else np.zeros_like(pair[0])], 1))

    def _close(self) -> None:
        if self._resamplers:
            self._push([resampler.finish() for resampler in self._resamplers])
            energies = [line.energies() for line in self._lines]
            self._done.append(np.sum(energies, axis=0))
        self._resamplers, self._lines = [], []


class _Weighted:
    """K-weighted energies of whole 0.1 s of two channels."""

    def __init__(self) -> None:
        self._kept: Frames = np.zeros((0, 2), np.float32)
        self._memory = nothing_before()
        self._made: list[NDArray[np.float64]] = []

    def push(self, audio: Frames) -> None:
        line = np.concatenate([self._kept, audio])
        whole = len(line) // BLOCK_FRAMES * BLOCK_FRAMES
        laid = k_weighting().lay(line[:whole])
        *before, self._memory = k_weighting().chained(laid, self._memory)
        if before:
            self._made.append(step_energies(laid, np.stack(before))[:, :STEPS].mean(axis=1))
        self._kept = line[whole:].copy()

    def energies(self) -> NDArray[np.float64]:
        return np.concatenate([*self._made, np.zeros(0)])
