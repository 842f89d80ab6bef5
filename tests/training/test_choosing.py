"""Which step of a training is kept, and when it stops early."""

from __future__ import annotations

import math
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.training.choosing import best, best_trained, patience_is_out
from engine.training.watched import Watched

NAN = math.nan
scores = st.one_of(st.sampled_from([NAN, None]), st.integers(-2, 2).map(float), st.floats(-1, 1))


def watchings(*found: float | None) -> list[Watched]:
    return [Watched(100 * place, score, ()) for place, score in enumerate(found)]


def _step(found: Watched | None) -> int | None:
    return None if found is None else found.step


lists = st.lists(scores, max_size=8).map(lambda found: watchings(*found))


def test_the_highest_score_is_best() -> None:
    found = best(watchings(0.2, 0.5, 0.4))
    assert _step(found) == 100


def test_of_equal_scores_the_earlier_step_is_best() -> None:
    found = best(reversed(watchings(0.2, 0.5, 0.5)))
    assert _step(found) == 100


def test_kept_is_the_best_that_was_trained_or_the_last() -> None:
    assert _step(best_trained(watchings(0.9, 0.3, 0.2))) == 100
    assert _step(best_trained(watchings(0.9, None, NAN))) == 200
    assert best_trained(watchings(0.9)) is None


@given(lists)
def test_the_best_is_a_number_and_none_is_better(watched: list[Watched]) -> None:
    found = best(watched)
    numbers = {
        one.step: one.score for one in watched if one.score is not None and one.score == one.score
    }
    if found is None:
        assert not numbers
        return
    assert found.score == max(numbers.values())
    assert all(step >= found.step for step, score in numbers.items() if score == found.score)


@given(lists, st.randoms())
def test_the_order_that_they_are_given_in_does_not_count(
    watched: list[Watched], random: Random
) -> None:
    shuffled = list(watched)
    random.shuffle(shuffled)
    assert _step(best(shuffled)) == _step(best(watched))
    assert patience_is_out(shuffled, 2) == patience_is_out(watched, 2)


def test_patience_is_out_after_so_many_that_are_not_better() -> None:
    assert not patience_is_out(watchings(0.1, 0.5, 0.4, 0.5), 3)
    assert patience_is_out(watchings(0.1, 0.5, None, 0.5, NAN), 3)
    assert not patience_is_out(watchings(0.1, 0.5, 0.4, 0.5, 0.6), 3)


@given(lists)
def test_patience_of_zero_is_endless(watched: list[Watched]) -> None:
    assert not patience_is_out(watched, 0)


@given(lists, st.integers(1, 4))
def test_it_is_never_out_while_every_watching_is_better(
    watched: list[Watched], patience: int
) -> None:
    rising = watchings(*range(len(watched)))
    assert not patience_is_out(rising, patience)


@given(lists, st.integers(1, 4))
def test_what_patience_ends_another_watching_that_is_no_better_ends_too(
    watched: list[Watched], patience: int
) -> None:
    more = [*watched, Watched(100 * len(watched), NAN, ())]
    assert not patience_is_out(watched, patience) or patience_is_out(more, patience)
    assert not patience_is_out(more, patience + 1) or patience_is_out(more, patience)


def test_where_nothing_could_be_told_nothing_got_no_better() -> None:
    """Or a judge that hears nothing would end a training that nobody has judged."""
    assert not patience_is_out(watchings(NAN, None, NAN, None, NAN), 2)
    assert patience_is_out(watchings(NAN, 0.1, NAN, None), 2)
