"""Which step of a training is best by what was heard at each, and when to stop. Pure. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from engine.training.watched import Watched


def best(watched: Iterable[Watched]) -> Watched | None:
    """The one with the highest score, of several the one of the earliest step: what was reached
    with less training is nearer to the base. None where no score is a number."""
    scored = [one for one in watched if not math.isnan(one.score)]
    return min(scored, key=lambda one: (-one.score, one.step), default=None)


def patience_is_out(watched: Sequence[Watched], patience: int) -> bool:
    """Whether the last ``patience`` watchings (0: it never is) brought nothing better than was
    heard before them. A score that is no number is not better, and waits like any other."""
    if patience == 0:
        return False
    in_order = sorted(watched, key=lambda one: one.step)
    found = best(in_order)
    since = in_order if found is None else [one for one in in_order if one.step > found.step]
    return len(since) >= patience + (found is None)
