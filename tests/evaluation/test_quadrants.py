"""The classifier of quadrants on music and numbers whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from support.written_scores import line, note, score

from engine.evaluation import quadrants as q
from engine.evaluation.notes import Piece
from engine.evaluation.quadrant_features import FEATURES, features, stretches

MAJOR, MINOR = (60, 64, 67), (57, 60, 64)


def chords(chord: tuple[int, ...], every: float = 2.0, bars: int = 8, velocity: int = 70) -> Piece:
    times = np.arange(0.0, 4.0 * bars, every)
    return score([note(float(t), p, every, velocity) for t in times for p in chord], bars=bars)


def of(piece: Piece, name: str, seconds: float = 32.0) -> float:
    return float(features(piece, seconds)[FEATURES.index(name)])


@pytest.mark.parametrize(
    ("name", "less", "more"),
    [
        ("major over minor fit", chords(MINOR), chords(MAJOR)),
        ("major chords", chords(MINOR), chords(MAJOR)),
        ("minor chords", chords(MAJOR), chords(MINOR)),
        ("diminished and augmented chords", chords(MAJOR), chords((59, 62, 65))),
        ("sevenths", chords(MAJOR), chords((60, 64, 67, 70))),
        ("outside its scale", chords(MAJOR), chords((60, 61, 64, 67))),
        ("roughness of what sounds together", chords(MAJOR), chords((60, 61, 67))),
        ("notes a second", chords(MAJOR, 2.0), chords(MAJOR, 0.5)),
        ("onsets a second", chords(MAJOR, 2.0), chords(MAJOR, 0.5)),
        ("length of notes", chords(MAJOR, 0.5), chords(MAJOR, 2.0)),
        ("off the beat", chords(MAJOR, 1.0), chords(MAJOR, 0.5)),
        ("sounding together", chords((60, 67)), chords((60, 64, 67, 72))),
        ("velocity", chords(MAJOR, velocity=50), chords(MAJOR, velocity=90)),
        ("melody's pitch", chords((48, 52, 55)), chords((72, 76, 79))),
        ("melody's rise", score(line([76, 74, 72, 71] * 8)), score(line([60, 62, 64, 65] * 8))),
        ("melody's leaps", score(line([60, 62] * 16)), score(line([60, 67] * 16))),
        ("melody's repeats", score(line([60, 62] * 16)), score(line([60, 60] * 16))),
    ],
)
def test_a_feature_says_what_it_is_called(name: str, less: Piece, more: Piece) -> None:
    assert of(less, name) < of(more, name) - 0.05


def test_a_feature_does_not_depend_on_the_key() -> None:
    here, there = (features(chords(tuple(p + up for p in MINOR)), 32.0) for up in (0, 5))
    same = [i for i, name in enumerate(FEATURES) if "pitch" not in name or "class" in name]
    assert here[same] == pytest.approx(there[same])


def test_stretches_are_whole_and_have_notes() -> None:
    piece = score([*line([60, 62, 64, 65] * 10), note(75.0, 60)])
    found = stretches(piece, 20.0)
    assert [start for start, _ in found] == [0.0, 20.0]
    assert all(np.isfinite(values).all() for _, values in found)


def made(seed: int, pieces: int = 24, noise: float = 0.3) -> q.Rated:
    """Valence is the first feature, arousal the second, with noise by stretch; six say nothing."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(pieces), 6)
    table = rng.normal(size=(pieces, 8))[names] + 0.5 * rng.normal(size=(6 * pieces, 8))
    return q.Rated(table, table[:, :2] + noise * rng.normal(size=(6 * pieces, 2)), names)


def test_what_can_be_told_is_told_and_what_can_not_is_chance() -> None:
    rated = made(1)
    true = rated.ratings - np.median(rated.ratings, axis=0)
    found = q.scores(q.cross_validated(rated, 3), true)
    assert min(found) > 0.75
    chance = np.array(q.by_chance(rated, 4, np.random.default_rng(0), folds=3))
    assert np.abs(chance[:, :2].mean(axis=0) - 0.5).max() < 0.15
    assert abs(chance[:, 2].mean() - 0.25) < 0.12


def test_a_piece_is_never_learnt_from_and_told() -> None:
    """Features that name the piece and say nothing else: by other pieces that is chance."""
    rng = np.random.default_rng(2)
    names = np.repeat(np.arange(30), 6)
    table = np.eye(30)[names]
    rated = q.Rated(table, rng.normal(size=(30, 2))[names], names)
    true = rated.ratings - np.median(rated.ratings, axis=0)
    assert q.scores(q.cross_validated(rated, 3), true).quadrants < 0.45


def test_music_that_lies_elsewhere_is_told_by_its_own_differences() -> None:
    rated, other = made(3), made(4)
    true = other.ratings - np.median(other.ratings, axis=0)
    elsewhere = 4.0 * other.features + 20.0
    own = q.scores(q.told_of(rated, elsewhere), true)
    theirs = q.scores(q.told_of(rated, elsewhere, by_itself=False), true)
    assert own.quadrants > 0.7
    assert theirs.quadrants < 0.4


def test_quadrants_and_shares() -> None:
    true = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1], [1, 1], [1, 1]], float)
    told = np.array([[-1, -1], [1, 1], [1, -1], [1, 1], [1, -1], [-1, 1]], float)
    assert list(q.quadrant(true)) == [0, 1, 2, 3, 3, 3]
    found = q.scores(told, true)
    assert found.quadrants == pytest.approx((1 + 0 + 1 + 1 / 3) / 4)
    assert found.valence_low == 1.0
    assert found.valence_high == pytest.approx((0 + 2 / 3) / 2)
    counts = q.confusion(told, true)
    assert counts.sum() == 6
    assert counts[1, 3] == counts[3, 2] == counts[3, 1] == counts[3, 3] == 1


def test_clips_are_told_by_the_mean_of_their_stretches() -> None:
    values, names = q.pooled(np.array([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]]), [0, 0, 1])
    assert values.tolist() == [[2.0, 1.0], [5.0, 5.0]]
    assert all(a < b for a, b in pairwise(names))
