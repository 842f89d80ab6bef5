"""Weeks of sessions, and what may be said of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import comb

import pytest

from engine.affect.circumplex import Affect
from engine.listener.history import Past
from engine.listener.ratings import Felt, Rating
from engine.listener.weeks import ENOUGH, Spread, Verdict, verdict, weeks_of
from engine.plan.request import Request
from musmed_tui.drawing.weeks_picture import CELLS, weeks_lines

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4))
MONDAY = datetime(2026, 11, 9, 0, 30, tzinfo=UTC)


def past(days: float, valence: int | None = None, minutes: float = 10.0) -> Past:
    felt = Felt(Rating(50, 50), Rating(None if valence is None else 50 + valence, None))
    return Past(
        id="20261109-003000-aa",
        begun=MONDAY + timedelta(days=days),
        request=REQUEST,
        events=(),
        composer="embedded",
        state="finished",
        heard=60 * minutes,
        felt=felt,
    )


def test_a_week_has_its_sessions_minutes_and_spread() -> None:
    found = weeks_of([past(8, 5), past(0, 20), past(6.9, -10), past(3, 12), past(4)], UTC)
    assert [(week.monday, week.sessions, week.minutes) for week in found] == [
        (date(2026, 11, 9), 4, 40.0),
        (date(2026, 11, 16), 1, 10.0),
    ]
    assert found[0].valence == Spread(-10, 12, 20, 3)
    assert found[1].valence == Spread(5, 5, 5, 1)
    assert found[0].arousal is None


def test_days_are_those_of_the_listener() -> None:
    from datetime import timezone

    west = timezone(timedelta(hours=-5))
    assert [week.monday for week in weeks_of([past(0)], west)] == [date(2026, 11, 2)]


@pytest.mark.parametrize("count", range(ENOUGH))
def test_under_six_nothing_is_said(count: int) -> None:
    assert verdict([10] * count) is None


def test_six_that_rose_have_risen_and_one_that_fell_makes_it_unsure() -> None:
    rose = verdict([3, 9, 12, 12, 20, 31])
    assert rose == Verdict(12, 3, 31, 6)
    assert rose.direction == 1
    unsure = verdict([-1, 9, 12, 12, 20, 31])
    assert unsure is not None
    assert unsure.direction == 0


@pytest.mark.parametrize("count", [6, 7, 8, 9, 20, 51])
def test_the_interval_holds_the_median_with_95_percent_and_is_the_narrowest(count: int) -> None:
    """By the binomial: between the k-th smallest and largest of n lies the median with
    1 - 2 P(fewer than k of n)."""
    found = verdict(list(range(count)))
    assert found is not None
    depth = int(found.low) + 1
    held = [1 - 2 * sum(comb(count, k) for k in range(d)) / 2**count for d in (depth, depth + 1)]
    assert held[0] >= 0.95 > held[1]
    assert found.high == count - depth


@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_plot_has_room_on_80_columns_and_its_axis_is_right(ascii_only: bool) -> None:
    lines = weeks_lines(
        weeks_of([past(0, 50), past(1, -50), past(9, 0)], UTC), ascii_only=ascii_only
    )
    assert max(map(len, lines)) <= 80
    assert all(line.isascii() for line in lines) or not ascii_only
    axis, first, second = lines[1], lines[2], lines[3]
    left = axis.index("-100")
    assert axis[left + CELLS // 2] == "0"
    assert axis[left : left + CELLS].endswith("+100")
    bar = "-" if ascii_only else "─"
    point = "o" if ascii_only else "●"
    shown = first[left : left + CELLS]
    assert (shown.index(bar), shown.rindex(bar)) == (CELLS // 4, CELLS - 1 - CELLS // 4)
    assert second[left + CELLS // 2] == point == shown[CELLS // 2]
