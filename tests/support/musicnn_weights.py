"""Random weights of musicnn's real shape, and the package as pip would install it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.tensor_bundles import write_bundle

from engine.evaluation.judges.musicnn_network import SHAPES

CHANNELS = (1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200)


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in SHAPES.items():
        made[name] = rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))
        made[name.replace("kernel", "bias")] = 0.1 * rng.standard_normal(shape[-1])
    for number, count in enumerate(CHANNELS):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        made[f"{name}/gamma"] = rng.uniform(-1.0, 1.5, count)
        made[f"{name}/beta"] = 0.1 * rng.standard_normal(count)
        made[f"{name}/moving_mean"] = 0.1 * rng.standard_normal(count)
        made[f"{name}/moving_variance"] = rng.uniform(0.5, 2.0, count)
    return {name: values.astype(np.float32) for name, values in made.items()}


def write_package(folder: Path, trained_on: str, seed: int = 0) -> None:
    """Into ``folder``, which is to be put on the path; the package can't be imported, as the real
    one can't without TensorFlow 1."""
    place = folder / "musicnn" / f"{trained_on}_musicnn"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("raise ImportError('TensorFlow 1 is missing')")
    write_bundle(place / ".index", place / ".data-00000-of-00001", weights(seed))
