"""A description as few bytes."""

from __future__ import annotations

import random

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.plan.described import INSTRUMENTS, MAX_BARS, DescribedBar, Description
from engine.plan.packed import MOST_PACKED, DescriptionTooLongError, packed, unpacked
from engine.plan.planner import check_request
from engine.plan.request import Request

REQUEST = Request(start=Affect(0.0, 0.5), target=Affect(0.0, -0.5))


def described(instruments: int, seed: int = 1) -> Description:
    """As many bars as there may be, as they are measured of a piece."""
    dice = random.Random(seed)
    return Description(
        bars=tuple(
            DescribedBar(
                time_signature="4/4",
                note_density=round(dice.uniform(0, 8), 3),
                mean_pitch=round(dice.uniform(40, 80), 2),
                mean_velocity=round(dice.uniform(40, 90), 1),
                mean_duration=round(dice.uniform(0.2, 2), 3),
                instruments=tuple(dice.sample(INSTRUMENTS, instruments)),
                chords=(dice.choice(("C:maj", "A:min", "F:maj7")), "G:dom7"),
            )
            for _ in range(MAX_BARS)
        )
    )


@pytest.mark.parametrize("instruments", [0, 6])
def test_an_hour_of_measured_bars_is_few_bytes_and_whole_again(instruments: int) -> None:
    long = described(instruments)
    assert len(packed(long)) < MOST_PACKED
    assert unpacked(packed(long)) == long
    check_request(msgspec.structs.replace(REQUEST, description=long))


@pytest.mark.parametrize("bars", [described(32).bars, (described(32).bars[0],) * MAX_BARS])
def test_one_that_says_too_much_is_a_sentence(bars: tuple[DescribedBar, ...]) -> None:
    """Too much for a clip, and what packs well but is too much for the library."""
    with pytest.raises(DescriptionTooLongError, match="says too much for a session"):
        check_request(msgspec.structs.replace(REQUEST, description=Description(bars=bars)))
