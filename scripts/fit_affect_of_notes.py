"""Fit what notes say of a feeling to VGMIDI's ratings, for engine/description/data.

    python scripts/fit_affect_of_notes.py

Needs VGMIDI at ../shared/data/vgmidi and scikit-learn (the extra evaluate). Takes a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench")]

from notes_judge import human  # noqa: E402
from sklearn.model_selection import GroupKFold  # noqa: E402

from engine.description.affect_of_notes import NotesModel  # noqa: E402
from engine.evaluation import quadrants as q  # noqa: E402
from engine.evaluation.quadrant_features import FEATURES  # noqa: E402

TARGET = ROOT / "engine" / "description" / "data" / "affect_of_notes.json"
SCALE = 0.4
"""A standard deviation of the ratings, as on the meter's scale."""
FOLDS, SHUFFLES = 10, 200


def held_out(rated: q.Rated) -> np.ndarray:
    """(n, 2): what is told of each stretch by other pieces."""
    told = np.zeros_like(rated.ratings)
    for learn, test in GroupKFold(FOLDS).split(rated.features, groups=rated.pieces):
        by = rated.features[learn]
        model = q.fitted(q.standardised(by), rated.ratings[learn], rated.pieces[learn])
        told[test] = model.told(q.standardised(rated.features[test], by))
    return told


def correlations(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    return tuple(float(np.corrcoef(a[:, axis], b[:, axis])[0, 1]) for axis in (0, 1))


def chance(told: np.ndarray, rated: q.Rated) -> tuple[float, float]:
    """The r that 95 % of shuffles of whole pieces stay under."""
    rng, found = np.random.default_rng(0), []
    names = np.unique(rated.pieces)
    for _ in range(SHUFFLES):
        dealt = rated.ratings.copy()
        for name, other in zip(names, rng.permutation(names), strict=True):
            here = np.flatnonzero(rated.pieces == name)
            there = rated.ratings[rated.pieces == other]
            dealt[here] = there[np.arange(len(here)) % len(there)]
        found.append(correlations(told, dealt))
    return tuple(float(one) for one in np.quantile(found, 0.95, axis=0))


def by_piece(values: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    return np.array([values[pieces == one].mean(axis=0) for one in np.unique(pieces)])


def main() -> None:
    rated = human()
    told = held_out(rated)
    mean, spread = rated.ratings.mean(axis=0), rated.ratings.std(axis=0)
    # The regression's shrinkage is undone: what is told spreads as ratings do.
    factor = SCALE / told.std(axis=0)
    shift = -told.mean(axis=0) * factor
    on_scale = np.clip(told * factor + shift, -1.0, 1.0)
    y = (rated.ratings - mean) * SCALE / spread
    whole = q.fitted(q.standardised(rated.features), rated.ratings, rated.pieces)
    model = NotesModel(
        version=1,
        source="VGMIDI (lucasnfe/vgmidi @1e62f0a), Ferreira & Whitehead, ISMIR 2019",
        licence="figures computed from VGMIDI, which has no licence file",
        names=FEATURES,
        mean=rounded(rated.features.mean(axis=0)),
        spread=rounded(rated.features.std(axis=0)),
        weights=tuple(tuple(map(float, row)) for row in np.round(whole.weights * factor, 6)),
        offset=rounded(whole.offsets * factor + shift),
        r=rounded(correlations(on_scale, y), 3),
        error=rounded(np.sqrt(np.mean((on_scale - y) ** 2, axis=0)), 3),
        r_piece=rounded(
            correlations(by_piece(on_scale, rated.pieces), by_piece(y, rated.pieces)), 3
        ),
        chance=rounded(chance(told, rated), 3),
    )
    TARGET.write_bytes(msgspec.json.encode(model) + b"\n")
    print(f"{len(y)} stretches of {len(set(rated.pieces))} pieces: r {model.r}, of pieces' means")
    print(f"{model.r_piece}, by chance under {model.chance}; error {model.error}")


def rounded(values: object, digits: int = 6) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in np.ravel(values))


if __name__ == "__main__":
    main()
