"""What benches conclude from what they measured."""

from __future__ import annotations

import numpy as np
import psutil
import pytest
from bench.memory import engines, look
from bench.run import steps_of
from bench.trend import trend


def noise(count: int, kept: float) -> np.ndarray:
    """Of which each has ``kept`` of the one before."""
    rng = np.random.default_rng(3)
    values = [0.0]
    for drawn in rng.standard_normal(count - 1):
        values.append(kept * values[-1] + drawn)
    return np.array(values)


def test_a_rise_is_told_from_noise() -> None:
    minutes = np.arange(720) / 12
    still = trend(minutes, 100 + noise(720, 0.0))
    assert still.flat
    assert abs(still.slope) < 3 * still.error
    rising = trend(minutes, 100 + 0.05 * minutes + noise(720, 0.0))
    assert rising.slope == pytest.approx(0.05, abs=3 * rising.error)
    assert not rising.flat
    assert trend([0, 1, 2, 3], [5, 5, 5, 5]) == (0.0, 0.0)
    with pytest.raises(ValueError, match="four measurements"):
        trend([0, 1, 2], [1, 1, 1])


def test_what_keeps_of_the_measurement_before_tells_less() -> None:
    minutes = np.arange(720) / 12
    assert trend(minutes, noise(720, 0.9)).error > 6 * trend(minutes, noise(720, 0.0)).error


def test_nothing_is_said_of_a_process_that_has_ended() -> None:
    assert look(2**22 + 1) == []
    with pytest.raises(psutil.NoSuchProcess):
        engines(2**22 + 1)


def test_steps_stand_beside_their_peer_and_their_floor() -> None:
    lines = [
        "2026-11-30, a machine",
        "| model | decoder | context | ms a step | steps/s | x real time | share of the floor |",
        "|---|---|---|---|---|---|---|",
        "| small int8 | musmed | 0 s | 20.00 | 50.0 | 1.00 | 64% |",
        "| small bfloat16 | musmed | 10 s | 30.00 | 33.3 | 0.67 | 50% |",
        "| small bfloat16 | transformers | 10 s | 69.80 | 14.3 | 0.29 | 20% |",
    ]
    alone, beside = steps_of(lines)
    assert (alone.peer, alone.floor, alone.kept) == ("-", "reading its numbers: 12.80 ms", True)
    assert beside.peer == "transformers: 69.80 ms"
    assert (beside.floor, beside.kept) == ("reading its numbers: 15.00 ms", False)
