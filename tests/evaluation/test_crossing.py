"""Pairs of pieces whose valence and arousal differ in opposite ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.crossing import right_pairs, weights


def pieces(count: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 2))


@pytest.mark.parametrize(
    ("told", "crossing", "same"),
    [
        ((1.0, 0.0), 1.0, 1.0),
        ((-1.0, 0.0), 0.0, 0.0),
        ((0.0, 1.0), 0.0, 1.0),
        ((0.0, 0.0), 0.5, 0.5),
    ],
    ids=("valence", "its reverse", "arousal taken for it", "nothing"),
)
def test_what_is_told_by_each_kind_of_judge(
    told: tuple[float, float], crossing: float, same: float
) -> None:
    rated = pieces()
    heard = rated @ np.array(told)
    assert right_pairs(heard, rated, crossing=True) == crossing
    assert right_pairs(heard, rated, crossing=False) == same


def test_a_judge_by_chance_is_right_in_half() -> None:
    dice = np.random.default_rng(1)
    shares = [
        right_pairs(dice.standard_normal(60), pieces(seed=n), crossing=True) for n in range(200)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


@given(st.floats(0.1, 10.0), st.floats(-5.0, 5.0), st.integers(0, 50))
def test_neither_a_scale_nor_an_offset_matters(scale: float, offset: float, seed: int) -> None:
    rated = pieces(20, seed)
    told = np.random.default_rng(seed + 1000).standard_normal(20)
    moved = right_pairs(told * scale + offset, rated * 3.0 - 1.0, crossing=True)
    assert moved == right_pairs(told, rated, crossing=True)


def test_where_there_is_no_pair_nothing_is_said() -> None:
    same = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert right_pairs(np.array([0.0, 1.0]), same, crossing=True) is None
    assert right_pairs(np.array([0.0, 1.0]), same, crossing=False) == 1.0
    assert right_pairs(np.zeros(2), np.zeros((2, 2)), crossing=True) is None


def test_weights_are_what_was_put_in() -> None:
    """By axes that go together as paths do."""
    meant = pieces(4_000, 3)
    meant[:, 1] += 0.8 * meant[:, 0]
    noise = np.random.default_rng(4).standard_normal(4_000)
    told = 0.3 * meant[:, 0] + 0.6 * meant[:, 1] + 0.5 * noise
    found = weights(told, meant)
    assert found is not None
    expected = np.array([0.3, 0.6]) * meant.std(axis=0) / told.std()
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_there_are_no_weights_where_nothing_can_be_told_apart() -> None:
    meant = pieces(30)
    assert weights(np.ones(30), meant) is None
    assert weights(meant[:, 0], np.column_stack([meant[:, 0], 2 * meant[:, 0]])) is None
    assert weights(meant[:, 0], meant * [1.0, 0.0]) is None
