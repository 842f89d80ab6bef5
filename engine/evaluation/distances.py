"""How far two sets of music lie apart in a space of embeddings: Fréchet and kernel audio distance.

FAD is the Fréchet distance of two Gaussians (Kilgour et al. 2019), KAD the squared maximum mean
discrepancy with a Gaussian kernel (Chung et al. 2025, arXiv 2502.15602), unbiased, so that it may
be negative and settles with few samples. Name embedding, n and the reference beside either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float64]
"""(clips, dimensions)."""


def frechet_distance(one: Embeddings, other: Embeddings) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), at least 0. It needs more clips than dimensions
    to mean anything: with fewer it is too large, by more the fewer they are."""
    _check(one, other)
    apart = one.mean(axis=0) - other.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, other))
    half = _root(first)
    # (C1 C2)^(1/2) has the trace of (C1^(1/2) C2 C1^(1/2))^(1/2), which is symmetric.
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ second @ half), 0.0)).sum()
    return max(0.0, float(apart @ apart + np.trace(first) + np.trace(second) - 2.0 * between))


def kernel_distance(one: Embeddings, other: Embeddings, bandwidth: float | None = None) -> float:
    """Unbiased squared MMD with the kernel exp(-d^2 / (2 bandwidth^2)); ``bandwidth``: the median
    distance within ``one`` (the reference) when it is not given."""
    _check(one, other)
    within = _squares(one, one)
    if bandwidth is None:
        bandwidth = float(np.sqrt(np.median(within[np.triu_indices(len(one), 1)]))) or 1.0
    m, n = len(one), len(other)
    xx, yy, xy = (
        np.exp(-squares / (2.0 * bandwidth**2))
        for squares in (within, _squares(other, other), _squares(one, other))
    )
    own = (xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1))
    return float(own - 2.0 * xy.mean())


def _root(matrix: Embeddings) -> Embeddings:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _squares(x: Embeddings, y: Embeddings) -> Embeddings:
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None] - 2.0 * x @ y.T
    return np.asarray(np.maximum(squares, 0.0))


def _check(one: Embeddings, other: Embeddings) -> None:
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]:
        raise ValueError(f"embeddings of {one.shape} and {other.shape} have no distance")
    if min(len(one), len(other)) < 2:
        raise ValueError("a distance needs at least two clips on each side")
