"""What is remembered of a session's course is what would be made anew, and little is made twice."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.plan import course
from engine.plan.body import Reason
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.planner import heard_clips, make_plan
from engine.plan.request import Request
from engine.plan.schedule import schedule
from engine.plan.spec import Change, Plan, Players
from engine.plan.version import Version
from engine.plan.wanted import Faders

REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=15, temperature=1.0)
EVENTS: tuple[Event, ...] = (
    Ease(70.0),
    Steer(200.0, Affect(0.7, 0.4), "glad"),
    Less(321.5, Players("piano", "ambient")),
    Skip(500.0),
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After how many events a schedule was made, each time."""
    found: list[int] = []

    def counted(request: Request, versions: Sequence[Version]) -> tuple[Change, ...]:
        found.append(len(versions) - 1)
        return schedule(request, versions)

    monkeypatch.setattr(course, "schedule", counted)
    monkeypatch.setattr(course, "_recent", ())
    return found


def anew(request: Request, events: Sequence[Event]) -> Plan:
    """By a request that is nobody's: nothing is known of it."""
    return make_plan(msgspec.structs.replace(request), events)


def test_event_by_event_each_schedule_is_made_once(made: list[int]) -> None:
    plans = [make_plan(REQUEST, EVENTS[:count]) for count in range(len(EVENTS) + 1)]
    assert made == [0, 1, 2, 3, 4]
    assert make_plan(REQUEST, list(EVENTS)) == plans[-1]
    assert make_plan(REQUEST, EVENTS[:2]) == plans[2], "gone back"
    heard_clips(REQUEST, EVENTS, 900.0)
    assert made == [0, 1, 2, 3, 4]
    for count, plan in enumerate(plans):
        assert msgspec.json.encode(plan) == msgspec.json.encode(anew(REQUEST, EVENTS[:count]))


def test_who_has_gone_back_and_does_something_else_shares_what_was_before(made: list[int]) -> None:
    make_plan(REQUEST, EVENTS)
    made.clear()
    other = (*EVENTS[:2], Ease(333.0), EVENTS[3])
    plan = make_plan(REQUEST, other)
    assert made == [3, 4]
    assert msgspec.json.encode(plan) == msgspec.json.encode(anew(REQUEST, other))


def test_what_is_merely_equal_is_planned_by_itself(made: list[int]) -> None:
    """It may be written otherwise."""
    make_plan(REQUEST, EVENTS[:1])
    plan = make_plan(msgspec.structs.replace(REQUEST, target=Affect(0.6, -0.5)), [Ease(70)])
    assert made == [0, 1, 0, 1]
    assert plan == make_plan(REQUEST, EVENTS[:1])


def test_few_sessions_are_remembered(made: list[int]) -> None:
    for seed in range(5):
        make_plan(msgspec.structs.replace(REQUEST, seed=seed), EVENTS[:1])
    assert len(course._recent) == course.REMEMBERED


def test_events_out_of_order_are_refused_whatever_is_known(made: list[int]) -> None:
    make_plan(REQUEST, EVENTS)
    with pytest.raises(ValueError, match="ascend"):
        make_plan(REQUEST, (*EVENTS, Ease(400.0)))
    with pytest.raises(ValueError, match="ascend"):
        make_plan(REQUEST, (EVENTS[1], EVENTS[0]))


SHORT = msgspec.structs.replace(REQUEST, minutes=4, genre="Ambient")
"""Its genre is not as MTG-Jamendo writes it, so it is another request each time."""
PIANO = Players("piano", "ambient")


def some_event(at: float, kind: int) -> Event:
    some: tuple[Event, ...] = (
        *(Steer(at, Affect(-0.0, 0.5)), Steer(at, Affect(0.0, 0.5)), Ease(at), Skip(at)),
        *(More(at, PIANO), Less(at, PIANO), Shape(at, Faders(density=0.5))),
        Dwell(at, 20.0, Reason("heart", 70.0, 80.0, 0.2)),
    )
    return some[kind]


actions = st.lists(st.tuples(st.floats(0, 90), st.integers(0, 7)), max_size=3)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), actions), min_size=1, max_size=4))
def test_whatever_was_planned_before_a_plan_is_as_if_nothing_were(
    sittings: list[tuple[int, int, list[tuple[float, int]]]],
) -> None:
    """Three sessions by turns; in each, one goes back behind some events and does others."""
    requests = (REQUEST, SHORT, msgspec.structs.replace(REQUEST, seed=5, minutes=4))
    done: dict[int, tuple[Event, ...]] = {}
    for which, kept, more in sittings:
        events = done.get(which, ())[:kept]
        for later, kind in more:
            at = (events[-1].at if events else 0.0) + later
            events = (*events, some_event(at, kind)) if at < 240.0 else events
        request, done[which] = requests[which], events
        whole = [make_plan(request, events), *heard_clips(request, events, 100.0)]
        alone = msgspec.structs.replace(request)
        expected = [make_plan(alone, events), *heard_clips(alone, events, 100.0)]
        assert msgspec.json.encode(whole) == msgspec.json.encode(expected)
