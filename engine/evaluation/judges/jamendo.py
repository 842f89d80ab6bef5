"""MTG-Jamendo's baseline as a judge: 56 moods and themes, and by them valence and arousal.

The network of Bogdanov et al. 2019 (*The MTG-Jamendo dataset for automatic music tagging*; after
Choi et al. 2016): five convolutions over 29.1 s of a mel spectrum. Its published weights are a file
of that dataset's repository. It tells moods; where they lie on the plane are the norms of words
that musmed has (docs/affect.md), so valence and arousal are the mean place of the moods it hears,
each by how sure it is of it: chosen before any session was judged.

The dataset's script writes 20 log10 of the power; the weights' own running mean and variance
(-22.7, 320) are those of 10 log10, of which real music has about that and half of the other, so
that is what it is given.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from engine.affect.moods import MOODS
from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges.base import Activations, Judged, Window
from engine.evaluation.judges.mel import Floats, MelLayout, centred_powers
from engine.evaluation.judges.weights import Tensors, check_shapes, read_weights
from engine.meter.files import Progress, hear_file

NAME = "MTG-Jamendo baseline"
ADDRESS = (
    "https://github.com/MTG/mtg-jamendo-dataset/raw/master/scripts/baseline/models/best_model.pth"
)
LAYOUT = MelLayout(rate=12_000, fft=512, hop=256, bands=96)
FRAMES = 1366
"""To a window: 29.1 s."""
STEP = 469
"""Frames from one window to the next: 10 s."""
FLOOR = 1e-10
POOLS = ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4))
CHANNELS = (1, 64, 128, 128, 128, 64)
SHAPES = {
    **{f"conv_{n}.weight": (CHANNELS[n], CHANNELS[n - 1], 3, 3) for n in range(1, 6)},
    **{f"conv_{n}.bias": (CHANNELS[n],) for n in range(1, 6)},
    **{
        f"bn_{n or 'init'}.{what}": (CHANNELS[n],)
        for n in range(6)
        for what in ("weight", "bias", "running_mean", "running_var")
    },
    "dense.weight": (56, 64),
    "dense.bias": (56,),
}


class JamendoNetwork:
    """Raises ``MusmedError`` for tensors that are not its own."""

    def __init__(self, tensors: Tensors) -> None:
        check_shapes(tensors, SHAPES, NAME)
        self._tensors = {name: tensors[name].float() for name in SHAPES}

    @torch.inference_mode()
    def activations(self, decibels: Floats) -> Activations:
        """Of (``FRAMES``, bands) the 56 moods in alphabetical order, each in [0, 1]."""
        x = self._normalised(torch.from_numpy(decibels.T[None, None].copy()), "bn_init")
        for number, pool in enumerate(POOLS, 1):
            weight, bias = (self._tensors[f"conv_{number}.{what}"] for what in ("weight", "bias"))
            x = self._normalised(functional.conv2d(x, weight, bias, padding=1), f"bn_{number}")
            x = functional.max_pool2d(functional.elu(x), pool)
        weight, bias = self._tensors["dense.weight"], self._tensors["dense.bias"]
        told = torch.sigmoid(functional.linear(x.flatten(1), weight, bias))
        return np.asarray(told[0].numpy(), np.float64)

    def _normalised(self, x: Any, name: str) -> Any:  # noqa: ANN401 - tensors
        mean, variance, weight, bias = (
            self._tensors[f"{name}.{what}"]
            for what in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, variance, weight, bias)


def _digest(tensors: Tensors) -> str:
    """By which weights can be told from others."""
    made = hashlib.blake2b(digest_size=4)
    for name in sorted(SHAPES):
        made.update(tensors[name].float().contiguous().numpy().tobytes())
    return made.hexdigest()


class JamendoJudge:
    """29.1 s, every 10 s. ``place``: its weights, as they are published or converted. Raises
    ``MusmedError`` where they are not."""

    name = NAME
    licence = "Apache-2.0; learnt from MTG-Jamendo (CC BY-NC-SA 4.0)"
    scaled = False
    hears_affect = True
    tags = tuple(mood.name for mood in MOODS)
    domain = (
        "56 moods and themes as artists tagged their music on Jamendo (macro PR-AUC .108 of a "
        "baseline like it on that dataset's test set, chance .032); valence and arousal are the "
        "mean place of the moods it hears, by norms of words, on a scale of their own."
    )

    def __init__(self, place: Path | None = None) -> None:
        if place is None:
            raise MusmedError(
                f"The judge jamendo needs its weights: fetch {ADDRESS} (1.8 MB) and say --judge "
                "jamendo=FILE."
            )
        tensors = read_weights(place, NAME)
        self._network = JamendoNetwork(tensors)
        self.version = f"weights {_digest(tensors)}"

    def judge(self, sound: Path, progress: Progress) -> Judged:
        windows = _Windows(self._network)
        heard = hear_file(sound, windows.push, progress)
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        windows.finish()
        if not windows.told:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 29 s at once.")
        found = []
        for number, activations in enumerate(windows.told):
            start = number * STEP / LAYOUT.frames_a_second
            valence, arousal = mean_place(activations)
            end = start + FRAMES / LAYOUT.frames_a_second
            found.append(Window(start, end, valence, arousal, activations))
        return Judged(tuple(found), heard.remarks)


def mean_place(activations: Activations) -> tuple[float, float]:
    """The place on the plane of the moods that have one, by how sure of them one is."""
    placed = [
        (sure, mood.affect.valence, mood.affect.arousal)
        for sure, mood in zip(activations, MOODS, strict=True)
        if mood.affect is not None
    ]
    sure, valence, arousal = np.array(placed).T
    total = max(float(sure.sum()), 1e-12)
    return float(sure @ valence) / total, float(sure @ arousal) / total


class _Windows:
    """Takes one channel at 48 kHz, piece by piece, and has every window told: ``told``."""

    def __init__(self, network: JamendoNetwork) -> None:
        self.told: list[Activations] = []
        self._network = network
        self._hop = LAYOUT.hop * LAYOUT.factor
        self._length = LAYOUT.fft * LAYOUT.factor
        self._left = np.zeros(self._length // 2, np.float32)  # the first frame is centred at 0
        self._frames = np.zeros((0, LAYOUT.bands), np.float32)

    def push(self, mono: Floats) -> None:
        samples = np.concatenate([self._left, mono])
        count = (len(samples) - self._length) // self._hop + 1
        if count < SAMPLE_RATE // self._hop:  # a second at a time
            self._left = samples
            return
        self._take(samples[: (count - 1) * self._hop + self._length])
        self._left = samples[count * self._hop :]

    def finish(self) -> None:
        """The last frames are centred up to the sound's end."""
        samples = np.concatenate([self._left, np.zeros(self._length // 2, np.float32)])
        if len(samples) >= self._length:
            self._take(samples)

    def _take(self, samples: Floats) -> None:
        powers = centred_powers(samples, LAYOUT)
        decibels = 10.0 * np.log10(np.maximum(powers, FLOOR))
        self._frames = np.concatenate([self._frames, decibels.astype(np.float32)])
        while len(self._frames) >= FRAMES:
            self.told.append(self._network.activations(self._frames[:FRAMES]))
            self._frames = self._frames[STEP:]
