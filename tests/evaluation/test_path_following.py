"""Figures of path following, on courses whose figures are known, and their nulls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation.path_following import (
    Course,
    Figures,
    bootstrap,
    concordance,
    figures,
    nulls,
    pearson,
    quantile_of,
)

STEP = 10.0


def path(n: int = 60, start: tuple[float, float] = (-0.6, 0.8)) -> np.ndarray:
    at = np.linspace(0.0, 1.0, n)[:, None]
    return np.asarray((1 - at) * start + at * (0.6, -0.6))


def course(measured: np.ndarray, planned: np.ndarray | None = None) -> Course:
    return Course("one", STEP, path(len(measured)) if planned is None else planned, measured)


def test_who_follows_exactly_has_the_best_of_each() -> None:
    found = figures(course(path()))
    assert found == Figures(*map(pytest.approx, (1, 1, 1, 1, 1, 1, 0.0, 1.0, 0.0)))


def test_who_goes_half_as_far_is_told_from_who_goes_the_other_way() -> None:
    half, back = figures(course(0.5 * path())), figures(course(-path()))
    assert (half.way, half.arousal_r) == (pytest.approx(0.5), pytest.approx(1.0))
    assert half.arousal_ccc < 0.9
    assert (back.way, back.arousal_r, back.right_steps) == (
        pytest.approx(-1.0),
        pytest.approx(-1.0),
        0.0,
    )


@pytest.mark.parametrize("late", [-30.0, 0.0, 40.0])
def test_a_lag_is_found(late: float) -> None:
    """On a path that turns, as a straight one has no lag that could be told from an offset."""
    at = np.arange(80) * STEP
    planned = np.stack([np.linspace(-0.8, 0.8, 80), 0.5 * np.sin(at / 60)], axis=1)
    planned[:, 0] += 0.2 * np.sin(at / 50)
    measured = np.stack([np.interp(at - late, at, planned[:, axis]) for axis in (0, 1)], axis=1)
    assert figures(course(measured, planned)).lag_s == pytest.approx(late)


def test_an_axis_on_which_the_path_stands_still_has_no_r() -> None:
    planned = np.stack([np.full(40, 0.2), np.linspace(0.8, -0.8, 40)], axis=1)
    found = figures(course(planned + 0.01 * np.random.default_rng(0).random((40, 2)), planned))
    assert found.valence_r is None
    assert found.arousal_r == pytest.approx(1.0, abs=0.01)
    nowhere = figures(course(path(), np.zeros((60, 2))))
    assert (nowhere.way, nowhere.progress_r, nowhere.right_steps, nowhere.lag_s) == (None,) * 4


def test_concordance_is_lins() -> None:
    """Lin (1989): 1 for the same, smaller for another scale or offset, though r is 1."""
    x = np.arange(10.0)
    assert concordance(x, x) == 1.0
    assert concordance(x, x + 3.0) == pytest.approx(2 * x.var() / (2 * x.var() + 9.0))
    assert concordance(x, np.full(10, 4.5)) == 0.0
    assert pearson(x, np.full(10, 4.5)) is None


def noise(n: int, seed: int) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).standard_normal((n, 2)) * 0.3, -1, 1)


def test_music_that_has_nothing_to_do_with_the_path_lies_within_its_nulls() -> None:
    """And music that follows it lies outside."""
    others = [course(path(50, (0.9, 0.1)))]
    rng = np.random.default_rng(3)
    deaf, good = course(noise(90, 1)), course(path(90) + 0.2 * noise(90, 2))
    for one, follows in ((deaf, False), (good, True)):
        chance = nulls(one, others, rng)
        high = quantile_of(chance["shuffled"], lambda f: f.arousal_r, 0.975)
        low = quantile_of(chance["shuffled"], lambda f: f.arousal_r, 0.025)
        r = figures(one).arousal_r
        assert high is not None
        assert low is not None
        assert r is not None
        assert (r > high) == follows
        assert follows or low < r
    (still,) = nulls(good, others, rng)["constant"]
    assert (still.arousal_r, still.way) == (None, pytest.approx(0.0))
    assert still.arousal_ccc == pytest.approx(0.0)


def test_shuffled_twice_by_the_same_seed_is_the_same() -> None:
    one = course(noise(30, 4))
    twice = [nulls(one, [], np.random.default_rng(7)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_an_interval_holds_the_mean_of_the_sessions() -> None:
    """In 95 of 100 draws or so of 20 sessions."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        found = bootstrap([float(x) for x in rng.normal(0.3, 0.2, 20)], rng, 400)
        assert found is not None
        held += found.low <= 0.3 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_sessions_without_a_figure_are_left_out() -> None:
    rng = np.random.default_rng(5)
    assert bootstrap([None, None], rng) is None
    found = bootstrap([0.5, None, 0.5], rng)
    assert found == (0.5, 0.5, 0.5, 2)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(2, 40),
    st.integers(0, 1000),
    st.sampled_from([lambda x: x, lambda x: x * 0.0, np.round]),
)
def test_any_course_has_figures_within_their_ranges(
    n: int, seed: int, shape: Callable[[np.ndarray], np.ndarray]
) -> None:
    found = figures(Course("any", STEP, shape(noise(n, seed)), shape(noise(n, seed + 1))))
    for r in (found.valence_r, found.arousal_r, found.progress_r):
        assert r is None or -1.0 - 1e-9 <= r <= 1.0 + 1e-9
    assert -1.0 - 1e-9 <= found.valence_ccc <= 1.0 + 1e-9
    assert 0.0 <= found.end_error <= 2.0 * np.sqrt(2.0)
    assert found.right_steps is None or 0.0 <= found.right_steps <= 1.0


def test_too_short_a_course_is_none() -> None:
    with pytest.raises(ValueError, match="no figures"):
        figures(course(path(1)))
