"""Valence and arousal by a head that Essentia's authors fitted to what people said of music.

``deam-musicnn-msd-1.pb`` and ``emomusic-musicnn-msd-1.pb`` (Music Technology Group, Universitat
Pompeu Fabra, 2022; CC BY-NC-SA 4.0; 8 KB each): the embeddings of musicnn as it was trained on the
Million Song Dataset, scaled, then one layer. Their ratings are those of DEAM (1,802 songs; Aljanaki
et al. 2017) and emoMusic (744 of these; Soleymani et al. 2013): neither VGMIDI nor anything that
musmed learnt from. musicnn's own package has the same weights as Essentia's ``msd-musicnn-1.pb``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.judges.frozen_graph import read_frozen
from engine.evaluation.judges.musicnn_network import Patches, installed, windows
from engine.evaluation.judges.tensor_bundle import Tensors
from engine.meter.files import Progress, hear_file

ADDRESS = "essentia.upf.edu/models"
WHAT = "a head for musicnn-msd"
SIZE = 200
EPSILON = 1e-5
"""ONNX's for batch normalisation, from which the graphs were converted."""
VALENCE, AROUSAL = 0, 1
"""Which number is which: the model's card says 'arousal-valence' and no order. VGMIDI's raters do:
see docs/evaluation.md."""


class MusicnnHead:
    """Raises ``MusmedError`` for tensors that are no such head."""

    def __init__(self, tensors: Tensors) -> None:
        self._scale, self._offset = (_one(tensors, name, (SIZE,)) for name in ("scale", "bias"))
        mean, variance = (_one(tensors, name, (SIZE,)) for name in ("mean", "var"))
        if not (variance > -EPSILON).all():
            raise MusmedError("These are not the weights of a head: its variances are negative.")
        self._scale = self._scale / np.sqrt(variance + EPSILON)
        self._offset = self._offset - mean * self._scale
        self._weights = _one(tensors, "dense_out/kernel", (SIZE, 2))
        self._bias = _one(tensors, "dense_out/bias", (2,))

    def __call__(self, embeddings: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of (n, 200) embeddings what it says of each, (n, 2)."""
        scaled = embeddings * self._scale + self._offset
        return np.asarray(scaled @ self._weights + self._bias)


def _one(tensors: Tensors, beginning: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The tensor whose name begins so: converters put a number behind some."""
    found = [one for name, one in tensors.items() if name.startswith(beginning)]
    if len(found) != 1 or found[0].shape != shape or not np.isfinite(found[0]).all():
        raise MusmedError(f"These are not the weights of {WHAT}: {beginning} is another.")
    return np.asarray(found[0], np.float64)


class MusicnnHeadJudge:
    """30 s, every 9 s. ``place``: the head's file. Raises ``MusmedError`` where it or musicnn is
    not here."""

    licence = "CC BY-NC-SA 4.0; musicnn: ISC"
    scaled = False
    tags: tuple[str, ...] = ()
    hears_affect = True
    domain = (
        "Valence and arousal as people rated 45 s of songs, by embeddings of musicnn (Million Song "
        "Dataset), on a scale of its own; its figures were not compared with TensorFlow's."
    )

    def __init__(self, place: Path | None = None) -> None:
        if place is None:
            raise MusmedError(
                "The judge musicnn-head needs a head: fetch deam-musicnn-msd-1.pb or "
                f"emomusic-musicnn-msd-1.pb ({ADDRESS}; 8 KB) and say --judge musicnn-head=FILE."
            )
        tensors = read_frozen(place, WHAT)
        self._head = MusicnnHead(tensors)
        self._network = installed("MSD")
        self.name = f"musicnn MSD, {place.stem}"
        self.version = f"0.1.0, head {_digest(tensors)}"

    def judge(self, sound: Path, progress: Progress) -> Judged:
        patches = Patches(self._network.embedding)
        heard = hear_file(sound, patches.push, progress)
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        means = windows([*self._head(np.array(patches.told, np.float64).reshape(-1, SIZE))])
        if not means:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 30 s at once.")
        found = (
            Window(start, end, valence=float(mean[VALENCE]), arousal=float(mean[AROUSAL]))
            for start, end, mean in means
        )
        return Judged(tuple(found), heard.remarks)


def _digest(tensors: Tensors) -> str:
    """By which heads can be told from others."""
    made = hashlib.blake2b(digest_size=4)
    for name in sorted(tensors):
        made.update(tensors[name].tobytes())
    return made.hexdigest()
