"""Which step of a training is best by what was heard at each, and when to stop. Pure. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeGuard

from engine.training.watched import Watched


def best(watched: Iterable[Watched]) -> Watched | None:
    """The one with the highest score, of several the one of the earliest step: what was reached
    with less training is nearer to the base. None where no score is a number."""
    scored = [(-one.score, one.step, one) for one in watched if _is_number(one.score)]
    return min(scored, key=lambda each: each[:2], default=(0.0, 0, None))[2]


def best_trained(watched: Iterable[Watched]) -> Watched | None:
    """The best of the steps that something was trained by, whose adapter is kept; the last of them
    where no score is a number. None where there is no such step."""
    trained = [one for one in watched if one.step > 0]
    return best(trained) or max(trained, key=lambda one: one.step, default=None)


def patience_is_out(watched: Sequence[Watched], patience: int) -> bool:
    """Whether the last ``patience`` watchings (0: it never is) brought nothing better than was
    heard before them. A score that is no number is not better, and waits like any other; where
    there is no other, nothing says that it got no better, and it is never out."""
    found = best(watched)
    if patience == 0 or found is None:
        return False
    return sum(one.step > found.step for one in watched) >= patience


def _is_number(score: float | None) -> TypeGuard[float]:
    return score is not None and not math.isnan(score)
