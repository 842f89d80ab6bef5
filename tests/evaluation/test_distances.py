"""FAD and KAD, on Gaussians whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.distances import frechet_distance, kernel_distance


def gaussians(
    n: int, mean: float = 0.0, spread: float = 1.0, dimensions: int = 6, seed: int = 0
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return mean + spread * rng.standard_normal((n, dimensions))


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (1.5, 1.0), (0.0, 2.0), (0.7, 0.5)])
def test_frechet_distance_of_known_gaussians(mean: float, spread: float) -> None:
    """|m|^2 d + d (1 - s)^2 in d dimensions."""
    one, other = gaussians(60_000), gaussians(60_000, mean, spread, seed=1)
    known = 6 * mean**2 + 6 * (1.0 - spread) ** 2
    assert frechet_distance(one, other) == pytest.approx(known, rel=0.03, abs=0.01)


def test_frechet_distance_of_correlated_ones_that_do_not_commute() -> None:
    """Against scipy's square root of the product, which the trace is of."""
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(2)
    one, other = (rng.standard_normal((500, 8)) @ rng.standard_normal((8, 8)) for _ in range(2))
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    apart = one.mean(axis=0) - other.mean(axis=0)
    known = apart @ apart + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(one, other) == pytest.approx(known, rel=1e-6)


@pytest.mark.parametrize("mean", [0.0, 0.5, 2.0])
def test_kernel_distance_of_known_gaussians(mean: float) -> None:
    """With bandwidth s and unit Gaussians of d dimensions whose means lie D apart:
    2 (s^2 / (s^2 + 2))^(d/2) (1 - exp(-D^2 / (2 (s^2 + 2))))."""
    one, other = gaussians(3_000), gaussians(3_000, mean, seed=1)
    s, d, apart = 2.0, 6, 6 * mean**2
    known = 2 * (s**2 / (s**2 + 2)) ** (d / 2) * (1 - np.exp(-apart / (2 * (s**2 + 2))))
    assert kernel_distance(one, other, s) == pytest.approx(known, abs=0.01)


def test_few_clips_bias_the_frechet_distance_and_not_the_other() -> None:
    """Twenty draws of twelve clips of the same music."""
    pairs = [(gaussians(12, seed=2 * i), gaussians(12, seed=2 * i + 1)) for i in range(20)]
    frechet = np.mean([frechet_distance(*pair) for pair in pairs])
    kernel = np.mean([kernel_distance(*pair) for pair in pairs])
    assert frechet > 1.0
    assert abs(kernel) < 0.02


def test_distances_grow_and_are_even() -> None:
    one, near, far = gaussians(400), gaussians(400, 0.3, seed=1), gaussians(400, 1.0, seed=1)
    for distance in (frechet_distance, lambda x, y: kernel_distance(x, y, 2.0)):
        assert distance(one, near) < distance(one, far)
        assert distance(one, far) == pytest.approx(distance(far, one))


def test_what_has_no_distance() -> None:
    with pytest.raises(ValueError, match="at least two"):
        kernel_distance(gaussians(1), gaussians(5))
    with pytest.raises(ValueError, match="no distance"):
        frechet_distance(gaussians(5), gaussians(5, dimensions=4))
