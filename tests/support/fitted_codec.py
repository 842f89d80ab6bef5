"""A codec with random weights whose codebooks are fitted to music: with random ones too, all music
would be one code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
ROUNDS = 10


def fit_codebooks(codec: Any, sounds: Sequence[NDArray[np.float32]], seed: int = 0) -> None:
    """Set the codebooks of ``codec`` (an ``EncodecModel``) by k-means, stage by stage of what is
    left, as EnCodec's are begun (Défossez et al. 2022, 3.2). ``sounds``: mono, at its rate; what
    they are is not told."""
    import torch

    with torch.inference_mode():
        heard = [codec.encoder(torch.from_numpy(sound)[None, None])[0].T for sound in sounds]
    left = torch.cat(heard).double().numpy()
    rng = np.random.default_rng(seed)
    for layer in codec.quantizer.layers:
        book = layer.codebook.embed
        centres = _centres(left, book.shape[0], rng)
        left = left - centres[_nearest(left, centres)]
        book.copy_(torch.from_numpy(centres))


def _centres(points: Points, count: int, rng: np.random.Generator) -> Points:
    centres = points[rng.permutation(len(points))[:count]].copy()
    for _ in range(ROUNDS):
        nearest = _nearest(points, centres)
        for number in np.unique(nearest):
            centres[number] = points[nearest == number].mean(axis=0)
    return centres


def _nearest(points: Points, centres: Points) -> NDArray[np.intp]:
    return np.asarray(np.argmin(np.square(centres).sum(axis=1) - 2.0 * points @ centres.T, axis=1))
