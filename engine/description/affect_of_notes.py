"""Valence and arousal of a piece, told from its notes alone by what people said of VGMIDI's pieces.

Two ridge regressions on the features of ``engine/evaluation/quadrant_features.py``, on the meter's
scale: 0 is VGMIDI's mean, 0.4 a standard deviation of its ratings. Shipped as
``data/affect_of_notes.json``, made by ``scripts/fit_affect_of_notes.py``.
"""

from __future__ import annotations

import functools
import importlib.resources
from typing import NamedTuple

import msgspec
import numpy as np

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.evaluation.notes import Piece, cut
from engine.evaluation.quadrant_features import FEATURES, Vector, features

STRETCH = 20.0
"""Seconds that are read at once."""
LEAST_SECONDS, LEAST_NOTES, LEAST_BARS = 5.0, 8, 2
"""What a shorter piece must have to be read as one stretch."""
MOST_STRETCHES = 12
"""Spread evenly over the piece."""
MOST_NOTES = 2_000
"""In a stretch: with more it is no music, and takes long."""
LIMIT = 3.0
"""Standard deviations beyond which a feature says no more."""
_SIZE_LIMIT = 1 << 16

Pair = tuple[float, float]


class NotesModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``mean`` and ``spread`` standardise the features ``names``; ``weights`` (valence, arousal) of
    each and ``offset`` make the affect. From cross-validation by piece: ``r``, ``error`` (root mean
    square), and of pieces' means ``r_piece``; ``chance``: the r that 95 % of shuffles of the pieces
    stay under."""

    version: int
    source: str
    licence: str
    names: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[Pair, ...]
    offset: Pair
    r: Pair
    error: Pair
    r_piece: Pair
    chance: Pair


class Told(NamedTuple):
    """The mean over the stretches that were read, and how many these were."""

    affect: Affect
    stretches: int


@functools.cache
def shipped() -> NotesModel:
    """The model that comes with musmed. Raises ``MusmedError`` where its file is damaged."""
    place = importlib.resources.files("engine.description") / "data" / "affect_of_notes.json"
    try:
        data = place.read_bytes()[:_SIZE_LIMIT]
        model = msgspec.json.decode(data, type=NotesModel)
    except (OSError, msgspec.DecodeError) as error:
        raise MusmedError("What notes say of a feeling is damaged; reinstall musmed.") from error
    widths = {len(model.mean), len(model.spread), len(model.weights)}
    if model.names != FEATURES or widths != {len(FEATURES)} or min(model.spread) <= 0.0:
        raise MusmedError("What notes say of a feeling is for another musmed; reinstall musmed.")
    return model


def affect_of_notes(piece: Piece) -> Told | None:
    """None where there are too few notes to say something of."""
    told = [_told(vector) for vector in _vectors(piece)]
    if not told:
        return None
    valence, arousal = np.mean(told, axis=0)
    return Told(Affect(float(valence), float(arousal)), len(told))


def _vectors(piece: Piece) -> list[Vector]:
    count = int(piece.seconds // STRETCH)
    if count == 0:
        return _vector(piece, piece.seconds)
    chosen = (
        range(count)
        if count <= MOST_STRETCHES
        else (i * count // MOST_STRETCHES for i in range(MOST_STRETCHES))
    )
    parts = (cut(piece, number * STRETCH, (number + 1) * STRETCH) for number in chosen)
    return [vector for part in parts for vector in _vector(part, STRETCH)]


def _vector(part: Piece, seconds: float) -> list[Vector]:
    enough = len(part.notes) >= LEAST_NOTES and len(part.bars) >= LEAST_BARS
    if not enough or seconds < LEAST_SECONDS or len(part.notes) > MOST_NOTES:
        return []
    found = features(part, seconds)
    return [found] if np.all(np.isfinite(found)) else []


def _told(vector: Vector) -> Vector:
    model = shipped()
    x = np.clip((vector - np.array(model.mean)) / np.array(model.spread), -LIMIT, LIMIT)
    return np.asarray(np.clip(x @ np.array(model.weights) + np.array(model.offset), -1.0, 1.0))
