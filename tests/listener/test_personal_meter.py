"""The meter bent to one listener: what it says, and when it says nothing."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.listener.personal_meter import (
    LEAST,
    MARGIN,
    NOISE,
    NOISE_WORTH,
    OFFSET_SPREAD,
    SLOPE_SPREAD,
    Fit,
    Rated,
    fitted,
    personal_meter,
    said,
)
from engine.listener.ratings import Rating

PLANE = st.floats(-1.0, 1.0)
SLIDER = st.none() | st.integers(0, 100)
RATED = st.builds(Rated, st.builds(Affect, PLANE, PLANE), st.builds(Rating, SLIDER, SLIDER))


def listener(
    count: int, offset: float, slope: float, noise: float, seed: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    x = dice.uniform(-0.8, 0.8, count)
    return x, np.clip(offset + slope * x + dice.normal(0.0, noise, count), -1.0, 1.0)


def test_who_has_rated_nothing_has_the_general_meter() -> None:
    meter = personal_meter(())
    assert not meter.used
    assert meter.bent(Affect(0.3, -0.2)) == (None, None)
    for fit in (meter.valence, meter.arousal):
        assert (fit.count, fit.general, fit.personal, fit.used) == (0, None, None, False)
        assert (fit.line.offset, fit.line.slope) == (0.0, 1.0)
        prior = fit.line.at(1.0)
        wide = NOISE_WORTH / (NOISE_WORTH - 2)  # of a Student t
        assert prior.sure**2 == pytest.approx(wide * (OFFSET_SPREAD**2 + SLOPE_SPREAD**2))
        assert prior.error**2 == pytest.approx(prior.sure**2 + wide * NOISE**2)


def test_it_is_the_posterior_by_matrices() -> None:
    """Held against the conjugate formulas as books have them."""
    x, y = listener(9, 0.2, 0.6, 0.2)
    prior = np.diag([(NOISE / OFFSET_SPREAD) ** 2, (NOISE / SLOPE_SPREAD) ** 2])
    start, rows = np.array([0.0, 1.0]), np.stack([np.ones_like(x), x], axis=1)
    precision = prior + rows.T @ rows
    mean = np.linalg.solve(precision, prior @ start + rows.T @ y)
    shape = (NOISE_WORTH + len(x)) / 2
    rate = (NOISE_WORTH * NOISE**2 + y @ y + start @ prior @ start - mean @ precision @ mean) / 2
    covariance = np.linalg.inv(precision) * rate / (shape - 1)
    line = fitted(x, y).line
    assert (line.offset, line.slope) == pytest.approx(tuple(mean))
    for reading in (-1.0, 0.1, 0.9):
        row = np.array([1.0, reading])
        here = line.at(reading)
        assert here.value == pytest.approx(float(row @ mean))
        assert here.sure == pytest.approx(float(np.sqrt(row @ covariance @ row)))
        assert here.error == pytest.approx(float(np.sqrt(here.sure**2 + rate / (shape - 1))))


def test_each_is_left_out_in_turn() -> None:
    x, y = listener(8, -0.3, 0.5, 0.1)
    missed = []
    for place in range(len(x)):
        rest = np.arange(len(x)) != place
        missed.append(y[place] - fitted(x[rest], y[rest]).line.at(float(x[place])).value)
    fit = fitted(x, y)
    assert fit.personal == pytest.approx(float(np.sqrt(np.mean(np.square(missed)))))
    assert fit.general == pytest.approx(float(np.sqrt(np.mean((y - x) ** 2))))


def test_who_rates_otherwise_is_told_better_and_who_does_not_keeps_the_general_meter() -> None:
    other = fitted(*listener(24, 0.3, 0.5, 0.15))
    assert other.used
    assert other.line.offset == pytest.approx(0.3, abs=0.1)
    assert other.line.slope == pytest.approx(0.5, abs=0.2)
    same = fitted(*listener(24, 0.0, 1.0, 0.15))
    assert not same.used
    assert abs(same.line.offset) < 0.1


def test_under_six_ratings_it_is_never_used() -> None:
    x, y = listener(24, 0.6, 0.0, 0.02)
    assert fitted(x[:LEAST], y[:LEAST]).used
    for count in range(LEAST):
        assert not fitted(x[:count], y[:count]).used


def test_one_far_off_rating_does_not_make_it_used() -> None:
    """The gain has to be more than chance among the ratings, not one rating's."""
    x = np.linspace(-0.5, 0.5, 8)
    y = x.copy()
    y[3] = 1.0
    assert not fitted(x, y).used


@given(st.lists(RATED, max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_in_whatever_order_it_is_the_same(rated: list[Rated], dice: random.Random) -> None:
    shuffled = rated[:]
    dice.shuffle(shuffled)
    assert personal_meter(shuffled) == personal_meter(rated)


@given(st.lists(RATED, max_size=40), PLANE)
@settings(max_examples=100, deadline=None)
def test_it_is_finite_on_the_plane_and_used_only_where_it_is_better(
    rated: list[Rated], reading: float
) -> None:
    meter = personal_meter(rated)
    prior = personal_meter(()).valence.line
    for fit in (meter.valence, meter.arousal):
        here = fit.line.at(reading)
        assert -1.0 <= here.value <= 1.0
        assert 0.0 < here.sure < here.error < 3.0
        assert all(math.isfinite(one) for one in (fit.line.offset, fit.line.slope))
        # In units of the noise what is rated only makes the line surer.
        assert fit.line.at(reading).sure / fit.line.at(reading).error <= (
            prior.at(reading).sure / prior.at(reading).error
        ) * (1 + 1e-9)
        if fit.used:
            assert fit.count >= LEAST
            assert fit.general is not None
            assert fit.personal is not None
            assert fit.personal <= (1 - MARGIN) * fit.general
    for fit, one in zip(
        (meter.valence, meter.arousal), meter.bent(Affect(reading, reading)), strict=True
    ):
        assert one == (fit.line.at(reading) if fit.used else None)


@given(st.lists(st.tuples(PLANE, PLANE), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_line_goes_no_farther_than_the_ratings_and_the_meter(
    pairs: list[tuple[float, float]],
) -> None:
    """Of all lines it has the smallest sum of what it misses and how far it is from the prior, so
    it misses no more than the general meter does, and is no farther from it than the ratings
    warrant."""
    x, y = (np.array(column) for column in zip(*pairs, strict=True))
    line = fitted(x, y).line
    far = (NOISE * line.offset / OFFSET_SPREAD) ** 2
    far += (NOISE * (line.slope - 1.0) / SLOPE_SPREAD) ** 2
    missed = float(np.sum((y - line.offset - line.slope * x) ** 2))
    assert missed + far <= float(np.sum((y - x) ** 2)) + 1e-9


def test_sliders_that_were_left_out_count_on_their_own_axis_only() -> None:
    rated = [Rated(Affect(0.0, 0.0), Rating(60, None)), Rated(Affect(0.2, 0.1), Rating(None, 40))]
    rated.append(Rated(Affect(0.0, 0.0), Rating()))
    meter = personal_meter(rated)
    assert (meter.valence.count, meter.arousal.count) == (1, 1)


def test_what_it_is_is_said() -> None:
    few = said("Valence", fitted(*listener(3, 0.0, 1.0, 0.1)))
    assert few.startswith("Valence: the general meter; 3 ratings of yours")
    assert f"from {LEAST} on" in few
    assert "1 rating of yours" in said("Valence", fitted(*listener(1, 0.0, 1.0, 0.1)))
    same: Fit = fitted(*listener(12, 0.0, 1.0, 0.15))
    assert "not clearly better" in said("Arousal", same)
    other = fitted(*listener(24, 0.3, 0.5, 0.15))
    told = said("Arousal", other)
    assert told.startswith("Arousal: bent to you; it misses your 24 ratings by ")
    assert f"{other.personal:.2f} instead of {other.general:.2f}" in told
    assert f"{other.line.offset:+.2f} where the meter says 0" in told
