"""Fleiss' kappa: the published examples, its laws, and what stands beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation.agreement import (
    Whole,
    agreement,
    counted,
    fleiss_kappa,
    of_categories,
    shared_pairs,
)

DIAGNOSES = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
"""Fleiss 1971, Table 1: 30 patients, how many of six psychiatrists called them depressed, a
personality disorder, schizophrenic, neurotic, other. (Also ``diagnoses`` of the R package irr.)"""
TEACHING = """
0,0,0,0,14 0,2,6,4,2 0,0,3,5,6 0,3,9,2,0 2,2,8,1,1
7,7,0,0,0 3,2,6,3,0 2,5,3,2,2 6,5,2,1,0 0,2,2,3,7
"""
"""Ten subjects, 14 raters, five categories: the worked example of Wikipedia's article on Fleiss'
kappa."""

relaxed = settings(deadline=None, max_examples=60)


def table(text: str) -> Whole:
    rows = [row.split(",") if "," in row else list(row) for row in text.split()]
    return np.array([[int(cell) for cell in row] for row in rows])


def test_fleiss_own_example() -> None:
    counts = table(DIAGNOSES)
    assert counts.shape == (30, 5)
    assert set(counts.sum(axis=1)) == {6}
    assert list(counts.sum(axis=0)) == [26, 26, 30, 55, 43]
    assert fleiss_kappa(counts) == pytest.approx(0.430, abs=0.0005)
    kappas = [one.kappa for one in of_categories(counts)]
    assert kappas == pytest.approx([0.245, 0.245, 0.520, 0.471, 0.566], abs=0.0006)


def test_the_example_that_is_taught() -> None:
    counts = table(TEACHING)
    assert set(counts.sum(axis=1)) == {14}
    assert fleiss_kappa(counts) == pytest.approx(0.2099, abs=0.00005)
    assert shared_pairs(counts)[:4] == pytest.approx([1.0, 0.253, 0.308, 0.440], abs=0.0005)


@st.composite
def rated(draw: st.DrawFn) -> tuple[Whole, int]:
    """(things, raters) answers and how many categories there are."""
    categories = draw(st.integers(2, 6))
    raters, things = draw(st.integers(2, 5)), draw(st.integers(2, 12))
    answers = st.lists(st.integers(0, categories - 1), min_size=raters, max_size=raters)
    return np.array(draw(st.lists(answers, min_size=things, max_size=things))), categories


@relaxed
@given(rated(), st.integers(0, 2**32 - 1))
def test_names_and_orders_do_not_matter(case: tuple[Whole, int], seed: int) -> None:
    ratings, categories = case
    kappa = fleiss_kappa(counted(ratings, categories))
    rng = np.random.default_rng(seed)
    renamed = rng.permutation(categories)[ratings]
    swapped = rng.permuted(ratings, axis=1)  # other people may have rated each thing
    for other in (renamed, ratings[:, ::-1], rng.permutation(ratings), swapped):
        found = fleiss_kappa(counted(other, categories))
        assert (found is None) == (kappa is None)
        assert found is None or found == pytest.approx(kappa, abs=1e-9)
    assert kappa is None or kappa <= 1.0
    assert (kappa is None) == (len(np.unique(ratings)) == 1)


@relaxed
@given(rated())
def test_who_all_agree_have_one_and_who_never_do_less_than_none(case: tuple[Whole, int]) -> None:
    ratings, categories = case
    alike = np.repeat(ratings[:, :1], ratings.shape[1], axis=1)
    if len(np.unique(alike)) > 1:
        assert fleiss_kappa(counted(alike, categories)) == pytest.approx(1.0)
    apart = np.stack([ratings[:, 0], (ratings[:, 0] + 1) % categories], axis=1)
    kappa = fleiss_kappa(counted(apart, categories))
    assert kappa is not None
    assert kappa < 0.0


@relaxed
@given(rated())
def test_kappa_is_the_mean_of_its_categories(case: tuple[Whole, int]) -> None:
    """Weighted with share and what is left of it (Fleiss 1971)."""
    counts = counted(*case)
    kappa, own = fleiss_kappa(counts), of_categories(counts)
    assert sum(one.share for one in own) == pytest.approx(1.0)
    if kappa is None:
        return
    weighed = sum(one.share * (1 - one.share) * one.kappa for one in own if one.kappa is not None)
    assert kappa == pytest.approx(
        weighed / sum(one.share * (1 - one.share) for one in own), abs=1e-9
    )


def test_answers_at_random_agree_as_by_chance() -> None:
    rng = np.random.default_rng(1)
    kappas = [fleiss_kappa(counted(rng.integers(0, 6, (56, 3)), 6)) for _ in range(300)]
    assert np.mean([kappa for kappa in kappas if kappa is not None]) == pytest.approx(0, abs=0.02)


def test_what_stands_beside_it() -> None:
    """People who mostly agree: outside chance. People who don't: within it."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 6, (56, 1))
    mostly = np.where(rng.random((56, 3)) < 0.8, truth, rng.integers(0, 6, (56, 3)))
    found = agreement(mostly, 6, rng)
    assert found.kappa is not None
    assert found.low is not None
    assert found.high is not None
    assert found.chance_high is not None
    assert found.low < found.kappa < found.high <= 1.0
    assert found.low > found.chance_high
    assert found.chance == pytest.approx(-0.01, abs=0.03)
    at_random = agreement(rng.integers(0, 6, (56, 3)), 6, rng)
    assert at_random.chance_low is not None
    assert at_random.kappa is not None
    assert at_random.chance_high is not None
    assert at_random.chance_low < at_random.kappa < at_random.chance_high


def test_chance_keeps_what_each_rater_likes() -> None:
    """Two who nearly always say the same agree often by chance, and kappa knows it."""
    ratings = np.zeros((56, 2), dtype=np.int64)
    ratings[:3, 0] = ratings[3:6, 1] = 1
    found = agreement(ratings, 2, np.random.default_rng(3))
    assert shared_pairs(counted(ratings, 2)).mean() > 0.85
    assert found.kappa == pytest.approx(-0.0566, abs=0.0005)
    assert found.chance == pytest.approx(0.0, abs=0.02)


def test_one_answer_for_everything_has_no_kappa() -> None:
    ratings = np.ones((5, 3), dtype=np.int64)
    assert agreement(ratings, 6, np.random.default_rng(0)) == (None,) * 6
    assert [one.kappa for one in of_categories(counted(ratings, 6))] == [None] * 6


@pytest.mark.parametrize("counts", [[[1, 0]], [[2, 1], [1, 1]], np.empty((0, 2))])
def test_what_is_no_table_of_counts_is_refused(counts: object) -> None:
    with pytest.raises(ValueError, match="raters"):
        fleiss_kappa(np.array(counts, dtype=np.int64))
