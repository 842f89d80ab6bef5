"""A codec with random weights, fitted to music as far as it has to be: as it is, it would say the
same code of all music, and make the same hum of all codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
ROUNDS = 10


def fit_codec(codec: Any, sounds: Sequence[NDArray[np.float32]], seed: int = 0) -> None:
    """``codec``: an ``EncodecModel``; ``sounds``: mono, at its rate; what they are is not told. The
    encoder's last layer comes to give numbers of mean 0 and deviation 1, and the codebooks are set
    by k-means, stage by stage of what is left, as EnCodec's are begun (Défossez et al. 2022,
    3.2)."""
    import torch

    with torch.inference_mode():
        heard = [codec.encoder(torch.from_numpy(sound)[None, None])[0].T for sound in sounds]
    left = torch.cat(heard).double().numpy()
    mean, deviation = left.mean(axis=0), left.std(axis=0)
    left = (left - mean) / deviation
    _scale(codec.encoder.layers[-1].conv, torch.from_numpy(mean), torch.from_numpy(deviation))
    rng = np.random.default_rng(seed)
    for layer in codec.quantizer.layers:
        book = layer.codebook.embed
        centres = _centres(left, book.shape[0], rng)
        left = left - centres[_nearest(left, centres)]
        book.copy_(torch.from_numpy(centres))


def _scale(layer: Any, mean: Any, deviation: Any) -> None:
    """What ``layer``, a convolution with weight normalisation, gives, less ``mean`` and over
    ``deviation`` of each channel."""
    size = layer.parametrizations.weight.original0.data
    size /= deviation.to(size.dtype).view(-1, 1, 1)
    layer.bias.data = ((layer.bias.data - mean) / deviation).to(size.dtype)


def _centres(points: Points, count: int, rng: np.random.Generator) -> Points:
    centres = points[rng.permutation(len(points))[:count]].copy()
    for _ in range(ROUNDS):
        nearest = _nearest(points, centres)
        for number in np.unique(nearest):
            centres[number] = points[nearest == number].mean(axis=0)
    return centres


def _nearest(points: Points, centres: Points) -> NDArray[np.intp]:
    return np.asarray(np.argmin(np.square(centres).sum(axis=1) - 2.0 * points @ centres.T, axis=1))
