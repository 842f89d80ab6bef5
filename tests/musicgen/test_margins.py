"""The margins themselves: what passes, and above all what must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.margins import (
    LAST_BIT,
    Drawn,
    assert_near,
    assert_same_choices,
    assert_same_until_undecided,
    lead_of,
    rounding_between,
)

CODES = 16
ROUNDING = 1e-6


def logits_of(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(0.0, 3.0, (*shape, CODES))


def rounded(logits: Any, seed: int = 1) -> Any:
    """The same sums in another order."""
    return logits + np.random.default_rng(seed).uniform(-ROUNDING, ROUNDING, logits.shape)


def tie(logits: Any, *at: int, gap: float = 0.0) -> tuple[int, int]:
    """Two codes that lead all others and lie ``gap`` apart, at one position: the better first."""
    best, second = (int(code) for code in np.argsort(logits[at])[::-1][:2])
    logits[(*at, best)] = logits[at].max() + 1.0
    logits[(*at, second)] = logits[(*at, best)] - gap
    return best, second


def test_two_that_round_differently_agree() -> None:
    theirs = logits_of(4, 50)
    ours = rounded(theirs)
    assert_near(ours, theirs)
    decided = assert_same_choices(
        ours.argmax(-1), theirs.argmax(-1), theirs, rounding_between(ours, theirs)
    )
    assert decided.all()


def test_rounding_is_measured_and_at_least_a_last_bit() -> None:
    theirs = logits_of(3)
    ours = theirs.copy()
    ours[1, 5] += 1e-3
    found = rounding_between(ours, theirs)
    assert found[1] == pytest.approx(1e-3)
    assert found[0] == LAST_BIT * np.abs(theirs[0]).max()


def test_another_code_where_it_is_decided_fails() -> None:
    theirs = logits_of(4, 50)
    rounding = np.full((4, 50), ROUNDING)
    chosen = theirs.argmax(-1)
    chosen[2, 7] = np.argsort(theirs[2, 7])[-2]
    with pytest.raises(AssertionError, match=r"1 decided codes differ, the first at \(2, 7\)"):
        assert_same_choices(chosen, theirs.argmax(-1), theirs, rounding)


def test_either_of_a_tie_passes_and_a_third_does_not() -> None:
    theirs = logits_of(4, 50)
    best, second = tie(theirs, 1, 3, gap=2 * ROUNDING)
    rounding = np.full((4, 50), ROUNDING)
    chosen = theirs.argmax(-1)
    for code in (best, second):
        chosen[1, 3] = code
        decided = assert_same_choices(chosen, theirs.argmax(-1), theirs, rounding)
        assert np.argwhere(~decided).tolist() == [[1, 3]]
    chosen[1, 3] = np.argsort(theirs[1, 3])[-3]
    with pytest.raises(AssertionError, match="not even nearly the best"):
        assert_same_choices(chosen, theirs.argmax(-1), theirs, rounding)


def test_a_gap_of_more_than_the_multiple_decides() -> None:
    theirs = logits_of(1, 100)
    _, second = tie(theirs, 0, 3, gap=9 * ROUNDING)
    chosen = theirs.argmax(-1)
    chosen[0, 3] = second
    rounding = np.full((1, 100), ROUNDING)
    with pytest.raises(AssertionError, match="decided codes differ"):
        assert_same_choices(chosen, theirs.argmax(-1), theirs, rounding, multiple=8.0)
    assert_same_choices(chosen, theirs.argmax(-1), theirs, rounding, multiple=10.0)


def test_what_decides_too_little_fails() -> None:
    """However wide the margins are, nothing passes by being skipped."""
    theirs = logits_of(4, 50)
    chosen = theirs.argmax(-1)
    with pytest.raises(AssertionError, match=r"only 0\.0000 of the codes are decided"):
        assert_same_choices(chosen, chosen, theirs, np.full((4, 50), 1e3))
    for position in range(3):
        tie(theirs, 0, position)
    chosen = theirs.argmax(-1)
    rounding = np.full((4, 50), ROUNDING)
    assert_same_choices(chosen, chosen, theirs, rounding, share=0.98)
    with pytest.raises(AssertionError, match=r"only 0\.9850"):
        assert_same_choices(chosen, chosen, theirs, rounding, share=0.99)
    with pytest.raises(AssertionError, match="nothing to compare"):
        assert_same_choices(chosen, chosen, theirs, rounding, where=np.zeros((4, 50), bool))


def test_what_was_not_chosen_is_not_looked_at() -> None:
    theirs = logits_of(2, 50)
    where = np.ones((2, 50), bool)
    where[0, :10] = False
    chosen, expected = theirs.argmax(-1), theirs.argmax(-1)
    expected[0, :10] = CODES  # the pad code: none of the logits is its
    rounding = np.full((2, 50), ROUNDING)
    assert_same_choices(chosen, expected, theirs, rounding, where=where)
    chosen[0, 10] = (chosen[0, 10] + 1) % CODES
    with pytest.raises(AssertionError, match=r"\(0, 10\)"):
        assert_same_choices(chosen, expected, theirs, rounding, where=where)


@pytest.mark.parametrize("wrong", [1e-2, np.nan, np.inf])
def test_logits_that_are_off_fail_wherever_they_are(wrong: float) -> None:
    theirs = logits_of(4, 50)
    ours = rounded(theirs)
    ours[3, 49, 0] += wrong
    with pytest.raises(AssertionError, match="differ by"):
        assert_near(ours, theirs)
    with pytest.raises(AssertionError, match=r"no numbers|differ by"):
        assert_near(theirs, ours)
    with pytest.raises(AssertionError, match="logits of"):
        assert_near(theirs[:, 1:], theirs)


def test_logits_that_are_not_the_oracle_s_own_fail() -> None:
    theirs = logits_of(4, 50)
    shifted = np.roll(theirs, 1, axis=1).argmax(-1)
    with pytest.raises(AssertionError, match="not those of its logits"):
        assert_same_choices(shifted, shifted, theirs, np.full((4, 50), ROUNDING))


class TestDraws:
    """The top k of 16, and draws from Exp(1)."""

    def drawn(self, *shape: int, top_k: int = 6, temperature: float = 1.3) -> Drawn:
        draws = np.random.default_rng(5).exponential(size=(*shape, CODES))
        return Drawn(draws, top_k, temperature)

    def choose(self, logits: Any, drawn: Drawn) -> Any:
        scores = logits / drawn.temperature
        least = np.sort(scores, axis=-1)[..., -drawn.top_k, None]
        return np.where(scores >= least, scores - np.log(drawn.draws), -np.inf).argmax(-1)

    def test_the_same_draws_make_the_same_codes(self) -> None:
        theirs = logits_of(4, 200)
        ours, drawn = rounded(theirs), self.drawn(4, 200)
        one, other = self.choose(ours, drawn), self.choose(theirs, drawn)
        assert (other != theirs.argmax(-1)).mean() > 0.2
        decided = assert_same_choices(
            one, other, theirs, rounding_between(ours, theirs), drawn=drawn
        )
        assert decided.mean() > 0.99

    def test_another_code_where_the_draw_is_decided_fails(self) -> None:
        theirs, drawn = logits_of(4, 50), self.drawn(4, 50)
        expected = self.choose(theirs, drawn)
        greedy, rounding = theirs.argmax(-1), np.full((4, 50), ROUNDING)
        with pytest.raises(AssertionError, match="decided codes differ"):
            assert_same_choices(greedy, expected, theirs, rounding, drawn=drawn)

    def test_a_draw_at_the_boundary_of_two_codes_is_undecided(self) -> None:
        theirs, drawn = logits_of(1, 50), self.drawn(1, 50)
        best, second = tie(theirs, 0, 4)
        drawn.draws[0, 4, [best, second]] = 1e-9  # one of them, and not the one more than the other
        expected = self.choose(theirs, drawn)
        chosen = expected.copy()
        chosen[0, 4] = second if expected[0, 4] == best else best
        rounding = np.full((1, 50), ROUNDING)
        decided = assert_same_choices(chosen, expected, theirs, rounding, drawn=drawn, share=0.9)
        assert not decided[0, 4]

    def test_a_code_at_the_edge_of_the_top_k_is_undecided(self) -> None:
        """The sixth and the seventh lie a rounding apart, and the draw is for either."""
        theirs, drawn = logits_of(1, 50), self.drawn(1, 50)
        order = np.argsort(theirs[0, 9])[::-1]
        inside, outside = int(order[5]), int(order[6])
        theirs[0, 9, outside] = theirs[0, 9, inside] - ROUNDING
        drawn.draws[0, 9, [inside, outside]] = 1e-12, 1e-13
        expected = self.choose(theirs, drawn)
        assert expected[0, 9] == inside, "the better draw is out"
        chosen = expected.copy()
        chosen[0, 9] = outside
        rounding = np.full((1, 50), ROUNDING)
        decided = assert_same_choices(chosen, expected, theirs, rounding, drawn=drawn, share=0.9)
        assert not decided[0, 9]
        theirs[0, 9, outside] -= 1.0
        with pytest.raises(AssertionError, match="decided codes differ"):
            assert_same_choices(chosen, expected, theirs, rounding, drawn=drawn, share=0.9)

    def test_out_of_the_top_k_is_never_ahead(self) -> None:
        theirs, drawn = logits_of(1), self.drawn(1)
        last = theirs.argmin(-1)
        drawn.draws[0, last[0]] = 1e-30
        assert lead_of(theirs, last, np.full(1, ROUNDING), drawn).most[0] < 0.0
        expected = self.choose(theirs, drawn)
        with pytest.raises(AssertionError, match="decided codes differ"):
            assert_same_choices(last, expected, theirs, np.full(1, ROUNDING), drawn=drawn)


def test_free_runs_are_equal_up_to_the_first_undecided_position() -> None:
    theirs = np.random.default_rng(0).integers(0, CODES, (2, 4, 40))
    decided = np.ones(theirs.shape, bool)
    ours = theirs.copy()
    assert_same_until_undecided(ours, theirs, decided)
    ours[1, 2, 30:] += 1
    with pytest.raises(AssertionError, match="part at position 30, before the first"):
        assert_same_until_undecided(ours, theirs, decided)
    decided[0, 0, 31] = False
    with pytest.raises(AssertionError, match=r"undecided one \(31\)"):
        assert_same_until_undecided(ours, theirs, decided)
    decided[0, 3, 30] = False
    assert_same_until_undecided(ours, theirs, decided)
