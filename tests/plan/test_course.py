"""What is remembered of a session's course is what would be made anew, and little is made twice."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.plan import course
from engine.plan.events import Ease, Event, Less, Skip, Steer
from engine.plan.planner import heard_clips, make_plan
from engine.plan.request import Request
from engine.plan.schedule import schedule
from engine.plan.spec import Change, Plan, Players
from engine.plan.version import Version

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
