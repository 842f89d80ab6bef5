"""An axis: from which number to which, and where its ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple


class Axis(NamedTuple):
    """``low`` < ``high``; both are ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    decimals: int

    def at(self, value: float, start: float, end: float) -> float:
        """Where ``value`` lies between ``start`` and ``end``; what is beyond stays at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return start + (end - start) * min(1.0, max(0.0, share))

    def label(self, tick: float) -> str:
        said = f"{tick:.{self.decimals}f}" if abs(tick) < 1e6 else f"{tick:.3g}"
        return "0" if not float(said) else said.replace("-", "\N{MINUS SIGN}")


def axis(values: Iterable[float], low: float, high: float, ticks: int = 4) -> Axis:
    """At least from ``low`` to ``high``, and over all ``values``, in steps of 1, 2 or 5 times a
    power of ten, about ``ticks`` of them."""
    held = [low, high, *values]
    first, last = min(held), max(held)
    if last - first <= max(abs(first), abs(last), 1e-9) * 1e-9:
        first, last = first - max(1.0, abs(first)), last + max(1.0, abs(last))
    step = _step((last - first) / ticks)
    below, above = math.floor(first / step + 1e-9), math.ceil(last / step - 1e-9)
    marks = tuple(step * number for number in range(below, above + 1))
    return Axis(marks[0], marks[-1], marks, max(0, -math.floor(math.log10(step) + 1e-9)))


def _step(rough: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough * 0.999)
