"""musicnn's tagger in numpy: the one trained judge whose weights come with a package.

Pons & Serra, *musicnn: pre-trained convolutional neural networks for music audio tagging* (ISMIR
2019 LBD); PyPI ``musicnn`` 0.1.0, ISC. The package asks for TensorFlow 1 and numpy 1.16, so only
its files are read: ``MTT_musicnn``, trained on MagnaTagATune's 50 tags in patches of 3 s. It is
asked for 'fast' and 'slow', by which it judges arousal; of valence it says hardly anything.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges.mel import MelLayout, mel_powers
from engine.evaluation.judges.tensor_bundle import Tensors, read_bundle

Floats = NDArray[np.float32]
Means = NDArray[np.float64]

TAGS = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast"),
    *("piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male"),
    *("singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman"),
    *("male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice"),
    *("new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice"),
    *("weird", "country", "metal", "female voice", "choral"),
)
"""MagnaTagATune's fifty most frequent, in the model's order."""
PATCH = 187
"""Spectra to a patch: 3 s."""
MELS = 96
LAYOUT = MelLayout(rate=16_000, fft=512, hop=256, bands=MELS)
EPSILON = 1e-3
"""TensorFlow's for batch normalisation."""
SHAPES = {
    "conv2d/kernel": (7, 38, 1, 204),
    "conv2d_1/kernel": (7, 67, 1, 204),
    "conv2d_2/kernel": (128, 1, 1, 51),
    "conv2d_3/kernel": (64, 1, 1, 51),
    "conv2d_4/kernel": (32, 1, 1, 51),
    "conv2d_5/kernel": (7, 561, 1, 64),
    "conv2d_6/kernel": (7, 64, 1, 64),
    "conv2d_7/kernel": (7, 64, 1, 64),
    "dense/kernel": (1506, 200),
    "dense_1/kernel": (200, 50),
}


class Normalisation(NamedTuple):
    """A batch normalisation as it is at use: one factor and one offset a channel."""

    scale: Floats
    offset: Floats

    def __call__(self, x: Floats) -> Floats:
        return x * self.scale + self.offset


class Musicnn:
    """The network. Raises ``MusmedError`` for tensors that are not its own."""

    def __init__(self, tensors: Tensors) -> None:
        for name, shape in SHAPES.items():
            if name not in tensors or tensors[name].shape != shape:
                raise MusmedError(f"These are not the weights of musicnn: {name} is another.")
        self._tensors = tensors
        self._norms = [self._norm(number) for number in range(11)]

    def logits(self, patch: Floats) -> Floats:
        """Of a patch (``PATCH``, ``MELS``) of log-mel spectra, the logits of its tags, (50,)."""
        hidden = np.maximum(self.embedding(patch), 0.0)
        return self._dense(self._norms[10](hidden), "dense_1")

    def embedding(self, patch: Floats) -> Floats:
        """Of a patch likewise the last layer but one before it is rectified, (200,)."""
        x = self._norms[0](patch)
        front = np.concatenate(
            [self._timbre(x, 0), self._timbre(x, 1), *(self._tempo(x, n) for n in (2, 3, 4))],
            axis=1,
        )
        first = self._over_time(front, 5)
        second = self._over_time(first, 6) + first
        third = self._over_time(second, 7) + second
        features = np.concatenate([front, first, second, third], axis=1)
        pooled = np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).reshape(-1)
        return self._dense(self._norms[9](pooled), "dense")

    def _timbre(self, x: Floats, number: int) -> Floats:
        """A filter of 7 spectra by so many bands, at every place; the loudest place counts."""
        kernel, bias = self._convolution(number)
        padded = np.pad(x, ((3, 3), (0, 0)))
        places = sliding_window_view(padded, kernel.shape[:2])
        flat = places.reshape(-1, kernel.shape[0] * kernel.shape[1])
        made = np.maximum(flat @ kernel.reshape(-1, kernel.shape[-1]) + bias, 0.0)
        made = self._norms[number + 1](made)
        return np.asarray(made.reshape(*places.shape[:2], -1).max(axis=1))

    def _tempo(self, x: Floats, number: int) -> Floats:
        """A filter of so many spectra in each band by itself; the loudest band counts."""
        kernel, bias = self._convolution(number)
        long = kernel.shape[0]
        padded = np.pad(x, (((long - 1) // 2, long - 1 - (long - 1) // 2), (0, 0)))
        bands = sliding_window_view(padded, long, axis=0)
        made = np.maximum(bands @ kernel.reshape(long, -1) + bias, 0.0)
        return np.asarray(self._norms[number + 1](made).max(axis=1))

    def _over_time(self, x: Floats, number: int) -> Floats:
        """A filter of 7 spectra by all channels."""
        kernel, bias = self._convolution(number)
        windows = sliding_window_view(np.pad(x, ((3, 3), (0, 0))), 7, axis=0)  # (time, channels, 7)
        flat = windows.transpose(0, 2, 1).reshape(len(x), -1)
        made = np.maximum(flat @ kernel.reshape(-1, kernel.shape[-1]) + bias, 0.0)
        return self._norms[number + 1](made)

    def _dense(self, x: Floats, name: str) -> Floats:
        return np.asarray(x @ self._tensors[f"{name}/kernel"] + self._tensors[f"{name}/bias"])

    def _convolution(self, number: int) -> tuple[Floats, Floats]:
        name = f"conv2d_{number}" if number else "conv2d"
        kernel = self._tensors[f"{name}/kernel"]
        return kernel[:, :, 0], self._tensors[f"{name}/bias"]

    def _norm(self, number: int) -> Normalisation:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        try:
            gamma, beta, mean, variance = (
                self._tensors[f"{name}/{what}"]
                for what in ("gamma", "beta", "moving_mean", "moving_variance")
            )
        except KeyError as error:
            raise MusmedError(f"These are not the weights of musicnn: no {error}.") from error
        scale = gamma / np.sqrt(variance + EPSILON)
        return Normalisation(scale, beta - mean * scale)


class Patches:
    """Takes one channel at 48 kHz, piece by piece, and tells what ``hears`` (a network's
    ``logits``, say) makes of every ``SECONDS`` of it: ``told``. A patch is mirrored at its ends."""

    def __init__(self, hears: Callable[[Floats], Floats]) -> None:
        self.told: list[Floats] = []
        self._hears = hears
        self._waiting: list[Floats] = []
        self._count = 0

    def push(self, mono: Floats) -> None:
        self._waiting.append(mono)
        self._count += len(mono)
        if self._count < SAMPLES:
            return
        samples = np.concatenate(self._waiting)
        whole = len(samples) // SAMPLES * SAMPLES
        for at in range(0, whole, SAMPLES):
            found = spectra(samples[at : at + SAMPLES])
            self.told.append(self._hears(found[:PATCH]))
        self._waiting, self._count = [samples[whole:]], len(samples) - whole


PATCHES, STEP = 10, 3
"""Patches to a window, and from one window to the next: 30 s every 9 s."""


def windows(told: Sequence[NDArray[np.floating]]) -> list[tuple[float, float, Means]]:
    """From and to which second each window is, and the mean of what was ``told`` of its patches,
    (n,) each. None where there are fewer than ``PATCHES``."""
    values = np.array(told, np.float64)
    return [
        (at * SECONDS, (at + PATCHES) * SECONDS, values[at : at + PATCHES].mean(axis=0))
        for at in range(0, len(values) - PATCHES + 1, STEP)
    ]


SECONDS = 3.0
SAMPLES = int(SECONDS * SAMPLE_RATE)


def spectra(mono: Floats) -> Floats:
    """Log-mel spectra of (n,) samples at 48 kHz: (1 + n // 768, ``MELS``)."""
    return np.asarray(np.log10(10_000.0 * mel_powers(mono, LAYOUT) + 1.0), np.float32)


def installed(trained_on: str = "MTT") -> Musicnn:
    """With the package's weights: those learnt from MagnaTagATune ('MTT') or from the Million Song
    Dataset ('MSD', whose fifty tags are others). Raises ``MusmedError`` where it is not there."""
    found = importlib.util.find_spec("musicnn")
    if found is None or not found.submodule_search_locations:
        raise MusmedError(
            "The judge musicnn is not installed; 'pip install --no-deps musicnn==0.1.0' installs "
            "it (29 MB)."
        )
    folder = Path(found.submodule_search_locations[0]) / f"{trained_on}_musicnn"
    return Musicnn(read_bundle(folder / ".index", folder / ".data-00000-of-00001"))
