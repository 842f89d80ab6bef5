"""A dwell: the path stays where it is for a while, and nothing is raised by it."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.path import Strategy, arrival, dwell, plan_path, speed
from engine.plan.body import Reason, in_words
from engine.plan.events import Dwell, Event
from engine.plan.levels import MAX_RISE, level_at
from engine.plan.planner import make_plan
from engine.plan.request import Request

relaxed = settings(deadline=None, max_examples=80)
axis = st.floats(-1, 1)
WHY = Reason("heart", 74.0, 75.4, 0.214)
TENSE, CALM = Affect(-0.04, 0.8), Affect(0.6, -0.5)


@relaxed
@given(
    st.tuples(st.builds(Affect, axis, axis), st.builds(Affect, axis, axis)),
    st.floats(60, 3600),
    st.sampled_from(["iso", "direct"]),
    st.floats(0, 0.99),
    st.floats(0.1, 60),
)
def test_a_path_stays_and_arrives_all_the_same(
    ends: tuple[Affect, Affect], total: float, strategy: Strategy, share: float, seconds: float
) -> None:
    path, at = plan_path(*ends, total, strategy), share * total
    after = dwell(path, at, seconds, total)
    stay = min(seconds, (total - at) / 2)
    here = path.at(at)
    times = [point.time for point in after.waypoints]
    assert times == sorted(set(times))
    assert times[-1] == total
    assert after.at(total).distance(path.at(total)) < 1e-9
    for k in range(9):
        assert after.at(at * k / 8).distance(path.at(at * k / 8)) < 1e-9
        assert after.at(at + stay * k / 8).distance(here) < 1e-9
    if arrival(path) <= at:
        assert after == path
    elif arrival(path) + stay <= total:
        assert speed(after) <= speed(path) + 1e-6
        for k in range(9):
            later = at + (total - at - stay) * k / 8
            assert after.at(later + stay).distance(path.at(later)) < 1e-6
    else:
        assert speed(after) <= 2 * speed(path) + 1e-6


@relaxed
@given(
    st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(3, 40), st.lists(st.floats(0, 1))
)
def test_where_the_way_falls_a_dwell_raises_neither_arousal_nor_level(
    valence: float, high: float, fall: float, minutes: float, shares: list[float]
) -> None:
    start, target = Affect(valence, high), Affect(-valence, high - fall)
    request = Request(start=start, target=target, minutes=minutes, seed=1)
    events: list[Event] = [
        Dwell(0.98 * share * request.seconds, 30.0, WHY) for share in sorted(shares)[:6]
    ]
    plan = make_plan(request, events)
    for event in events:
        level, arousal = level_at(plan.levels, event.at), plan.path.at(event.at).arousal
        for k in range(33):
            later = event.at + (request.seconds - event.at) * k / 32
            assert plan.path.at(later).arousal <= arousal + 1e-9
            assert level_at(plan.levels, later) <= level + 1e-6
    for a, b in itertools.pairwise(plan.levels):
        assert b.lufs - a.lufs <= MAX_RISE * (b.time - a.time) + 1e-9


def test_a_quarter_of_an_hour_loses_its_settling_and_nothing_of_its_way() -> None:
    request = Request(start=TENSE, target=CALM, minutes=15, seed=1)
    path = make_plan(request).path
    plan = make_plan(request, [Dwell(300.0, 30.0, WHY), Dwell(450.0, 30.0, WHY)])
    assert arrival(plan.path) == pytest.approx(arrival(path) + 60.0)
    assert plan.speed == pytest.approx(speed(path))
    assert plan.total == request.seconds
    assert plan.clips[-1].tags.emotion == make_plan(request).clips[-1].tags.emotion


@pytest.mark.parametrize("seconds", ["0.0", "-1.0", "60.5", "1e999", '"30"', "null"])
def test_a_dwell_that_is_none_is_not_read(seconds: str) -> None:
    whole = msgspec.json.encode(Dwell(1.0, 30.0, WHY)).decode()
    assert msgspec.json.decode(whole, type=Event) == Dwell(1.0, 30.0, WHY)  # type: ignore[arg-type]
    broken = whole.replace('"seconds":30.0', f'"seconds":{seconds}')
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(broken, type=Event)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            WHY,
            "the heart beats 75 a minute, 74 were usual, and the way's arousal has come down by "
            "0.21",
        ),
        (
            Reason("arousal", 0.2, 0.4, -0.1),
            "arousal is told as +0.40, +0.20 was usual, and the way's arousal has risen by 0.10",
        ),
        (
            Reason("heart", 60.0, 70.0, 0.0),
            "the heart beats 70 a minute, 60 were usual, and the way's arousal has stayed where it "
            "was",
        ),
    ],
)
def test_a_reason_is_words_and_figures(why: Reason, said: str) -> None:
    assert in_words(why) == said
