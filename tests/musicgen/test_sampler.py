"""Sampling against ``torch.multinomial``'s own way of drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from support import margins

from engine.composers.musicgen.model.sampler import (
    Sampling,
    choose,
    draw,
    guide,
)


def logits_of(seed: int, rows: int = 4) -> Any:
    return torch.randn((rows, 64), generator=torch.Generator().manual_seed(seed)) * 5


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(0, 70), st.floats(0.2, 3.0))
def test_it_draws_as_multinomial_does(seed: int, top_k: int, temperature: float) -> None:
    """The same generator in the same state gives the same codes: multinomial draws one sample
    as the argmax of p / q, q from Exp(1). In logits that p is wrong by a rounding of the largest,
    and by one each for its exponential, sum and quotient."""
    logits = logits_of(seed, rows=100)
    draws = draw(tuple(logits.shape), torch.Generator().manual_seed(seed))
    ours = choose(logits, draws, Sampling(1.0, top_k, temperature))
    scores = logits / temperature
    if 0 < top_k < 64:
        scores[scores < scores.topk(top_k).values[:, -1:]] = -torch.inf
    theirs = torch.multinomial(scores.softmax(-1), 1, generator=torch.Generator().manual_seed(seed))
    exact = logits.double().numpy()
    rounding = margins.LAST_BIT * (np.abs(exact).max(axis=-1) + 3 * temperature)
    margins.assert_same_choices(
        ours.numpy(),
        theirs[:, 0].numpy(),
        exact,
        rounding,
        drawn=margins.Drawn(draws.double().numpy(), top_k, temperature),
        share=0.95,
    )


def test_frequencies_are_the_distribution() -> None:
    """20,000 draws from four codes: each frequency within 4 standard errors."""
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    many = probabilities.log().expand(20_000, 4)
    draws = draw((20_000, 4), torch.Generator().manual_seed(7))
    counts = choose(many, draws, Sampling(1.0, 0, 1.0)).bincount(minlength=4) / 20_000
    error = (probabilities * (1 - probabilities) / 20_000).sqrt()
    assert ((counts - probabilities).abs() < 4 * error).all()


@given(st.integers(0, 1000), st.integers(1, 63))
def test_nothing_outside_the_top_k(seed: int, top_k: int) -> None:
    logits = logits_of(seed)
    draws = draw((4, 64), torch.Generator().manual_seed(seed + 1))
    chosen = choose(logits, draws, Sampling(1.0, top_k, 2.0))
    best = logits.topk(top_k).indices
    assert all(code in row for code, row in zip(chosen, best, strict=True))


def test_greedy_takes_the_most_likely_whatever_is_drawn() -> None:
    logits = logits_of(3)
    draws = draw((4, 64), torch.Generator().manual_seed(0))
    assert torch.equal(choose(logits, draws, Sampling(3.0, 5, 0.0)), logits.argmax(-1))


def test_guidance_goes_beyond_the_condition() -> None:
    conditional, unconditional = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    guided = guide(torch.cat([conditional, unconditional]), 3.0)
    assert torch.equal(guided, torch.tensor([[3.0, -4.0]]))
    assert torch.equal(guide(torch.cat([conditional, unconditional]), 1.0), conditional)
    assert not Sampling(guidance=1.0).guided


def test_draws_are_never_zero() -> None:
    """log(0) would make a code certain."""
    assert draw((1000, 1000), torch.Generator().manual_seed(0)).min() > 0
