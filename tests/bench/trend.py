"""A line through what was measured again and again, and how far it may be by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Trend(NamedTuple):
    """A least-squares line."""

    slope: float
    """Of what was measured, a unit of time."""
    error: float
    """The slope's standard error."""

    @property
    def flat(self) -> bool:
        """No rise that chance would not give: under two standard errors."""
        return self.slope <= 2 * self.error


def trend(times: Sequence[float], values: Sequence[float]) -> Trend:
    """The line through ``values`` at ``times``, at least four of them, about equally far apart.

    What is measured a few seconds apart is not independent: a process keeps what it has taken. The
    standard error is widened by what each residual has of the one before (as many fewer samples
    count, (1 - r) / (1 + r) of them for a correlation of r).
    """
    if len(times) < 4 or len(times) != len(values):
        raise ValueError("a trend takes four measurements at least, each with its time")
    x = np.asarray(times, np.float64) - np.mean(times)
    y = np.asarray(values, np.float64) - np.mean(values)
    across = float(x @ x)
    slope = float(x @ y) / across
    left = y - slope * x
    spread = float(left @ left)
    if not spread:
        return Trend(slope, 0.0)
    alike = min(max(0.0, float(left[1:] @ left[:-1]) / spread), 0.99)
    error = (spread / (len(x) - 2) / across) ** 0.5
    return Trend(slope, error * ((1 + alike) / (1 - alike)) ** 0.5)
