"""The dot breathes and glows: slowly, in steps, and never back and forth at an edge."""

from __future__ import annotations

import itertools
import random

import pytest

from musmed_tui.drawing.motion import (
    BREATH_SECONDS,
    BREATHS,
    GLOW_SECONDS,
    GLOWS,
    Glow,
    Motion,
    breath,
    glowed,
)


def test_six_breaths_a_minute_in_steps_of_one() -> None:
    steps = [breath(tenth / 10) for tenth in range(600)]
    assert set(steps) == set(range(BREATHS))
    assert all(abs(a - b) <= 1 for a, b in itertools.pairwise(steps))
    peaks = [b for a, b in itertools.pairwise(steps) if a < b == BREATHS - 1]
    assert len(peaks) == 6
    assert breath(0.0) == BREATHS - 1


def test_a_breath_is_the_same_at_the_same_time() -> None:
    assert all(breath(t / 7) == breath(t / 7 + 30 * BREATH_SECONDS) for t in range(70))


@pytest.mark.parametrize(("peak", "step"), [(-60.0, 0), (-30.0, 1), (-20.0, 2), (-3.0, 3)])
def test_it_glows_as_loud_as_it_is(peak: float, step: int) -> None:
    glow = Glow()
    for tenth in range(1, 200):
        glow = glowed(glow, peak, tenth / 10)
    assert glow.step == step
    assert step <= len(GLOWS)


def test_it_never_flickers() -> None:
    """Whatever the peaks are, a step is one at a time and stays at least so long."""
    dice = random.Random(3)
    glow, changed = Glow(), [0.0]
    for tenth in range(1, 3000):
        before, glow = glow, glowed(glow, dice.choice((-70.0, -36.0, -25.0, 0.0)), tenth / 10)
        assert abs(glow.step - before.step) <= 1
        if glow.step != before.step:
            changed.append(tenth / 10)
    assert all(b - a >= GLOW_SECONDS - 1e-9 for a, b in itertools.pairwise(changed))


def test_after_a_jump_it_goes_on_from_there() -> None:
    glow = Glow(2, -20.0, 100.0, 90.0)
    for there in (10.0, 500.0):
        assert glowed(glow, -3.0, there) == Glow(2, -20.0, there, there)


def test_calm_is_still() -> None:
    still = Motion(calm=True)
    assert {still.at(tenth / 10, -3.0) for tenth in range(100)} == {(None, 0)}
    moves = Motion(calm=False)
    assert len({moves.at(tenth / 10, -3.0) for tenth in range(100)}) > BREATHS
