"""The meter's model: kernel ridge regression on a few hundred landmark vectors.

Shipped as ``data/meter.json``, made by ``scripts/train_meter.py``.
"""

from __future__ import annotations

import functools
import importlib.resources
from typing import Annotated

import msgspec
import numpy as np

from engine.errors import MusmedError
from engine.meter.features import NAMES, Vector

CLIP = 3.0
"""Features further than this from their mean, in standard deviations, count as this far."""
FAR_CLIP = 8.0
SIZE_LIMIT = 1 << 20
MAX_LANDMARKS = 1000

Row = Annotated[tuple[float, ...], msgspec.Meta(max_length=len(NAMES))]
Pair = tuple[float, float]


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grouped cross-validation said of one axis: correlation with its 95 % interval, CCC,
    root mean square error on the meter's scale with 30 s and with 10 s of context."""

    r: float
    low: float
    high: float
    ccc: float
    error: float
    error_short: float


class MeterModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``names``: the features it was made for. ``mean``/``spread`` standardise them;
    ``landmarks`` (standardised) and ``weights`` (valence, arousal) are the regression with
    kernel exp(-gamma d^2); ``offset`` is added. ``far``: mean square of standardised features
    that 99 % of the training material stays under. ``valence``/``arousal``: its quality;
    ``piano``: correlations on piano renderings alone, the sound the raters heard."""

    version: int
    source: str
    licence: str
    names: tuple[str, ...]
    mean: Row
    spread: Row
    gamma: float
    landmarks: Annotated[tuple[Row, ...], msgspec.Meta(max_length=MAX_LANDMARKS)]
    weights: Annotated[tuple[Pair, ...], msgspec.Meta(max_length=MAX_LANDMARKS)]
    offset: Pair
    far: float
    valence: Quality
    arousal: Quality
    piano: Pair


class Estimator:
    """A model ready to use."""

    def __init__(self, model: MeterModel) -> None:
        if model.names != NAMES:
            raise MusmedError("The meter's coefficients are for other features; reinstall musmed.")
        width = {len(row) for row in (model.mean, model.spread, *model.landmarks)}
        values = (*model.mean, *model.spread, *model.offset, model.gamma, model.far)
        whole = len(model.landmarks) == len(model.weights) > 0 and width == {len(NAMES)}
        if not whole or not np.all(np.isfinite(values)) or min(model.spread) <= 0.0:
            raise MusmedError("The meter's coefficients are damaged; reinstall musmed.")
        self.model = model
        self._mean, self._spread = np.array(model.mean), np.array(model.spread)
        self._landmarks, self._weights = np.array(model.landmarks), np.array(model.weights)

    def predict(self, vector: Vector) -> Pair:
        """(valence, arousal) of one feature vector, each clipped to [-1, 1]."""
        x = np.clip((vector - self._mean) / self._spread, -CLIP, CLIP)
        near = np.exp(-self.model.gamma * np.sum((self._landmarks - x) ** 2, axis=1))
        # Summed row by row, not by a matrix product: the same bits on any thread count.
        made = np.sum(self._weights * near[:, None], axis=0) + np.array(self.model.offset)
        valence, arousal = np.clip(made, -1.0, 1.0)
        return float(valence), float(arousal)

    def known(self, vector: Vector) -> bool:
        """Whether the vector lies where the training material did."""
        return far_from(vector, self._mean, self._spread) <= self.model.far


def far_from(vector: Vector, mean: Vector, spread: Vector) -> float:
    """Mean square of the standardised features, each counted at most ``FAR_CLIP`` away."""
    return float(np.mean(np.clip((vector - mean) / spread, -FAR_CLIP, FAR_CLIP) ** 2))


def decode(data: bytes) -> Estimator:
    """Raises ``MusmedError`` for anything that is not a whole model of this version."""
    if len(data) > SIZE_LIMIT:
        raise MusmedError("The meter's coefficients are too large; reinstall musmed.")
    try:
        return Estimator(msgspec.json.decode(data, type=MeterModel))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MusmedError("The meter's coefficients are damaged; reinstall musmed.") from error


@functools.lru_cache(maxsize=1)
def shipped() -> Estimator:
    """The model that comes with musmed."""
    return decode(
        importlib.resources.files("engine.meter").joinpath("data/meter.json").read_bytes()
    )
