"""More and less of what is heard: who plays stays, or others take over; all else is as it was."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.feelings import feeling
from engine.plan.clock import clip_start
from engine.plan.events import Ease, Event, Less, More, Skip
from engine.plan.families import may_follow, stretch
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.schedule import LAST_SECONDS, STAY_SECONDS, WINDOW_SECONDS
from engine.plan.spec import Change, Plan, Players

TENSE_TO_CALM = Request(
    start=feeling("tense").affect, target=feeling("calm").affect, temperature=1.0
)
relaxed = settings(deadline=None, max_examples=10)


def with_seed(seed: int) -> Request:
    return msgspec.structs.replace(TENSE_TO_CALM, seed=seed)


def heard(plan: Plan, at: float) -> Players:
    """Who plays at a second where every change is made as soon as it is due."""
    due = [c for c in plan.changes if c.not_before <= at and (c.until is None or at < c.until)]
    return due[-1].players


def new_at(plan: Plan, at: float) -> Change | None:
    return next((change for change in plan.changes if change.not_before == at), None)


@pytest.mark.parametrize("at", [10.0, 130.0, 400.0])
def test_less_brings_others_who_go_with_the_path(at: float) -> None:
    found = 0
    for seed in range(12):
        before = make_plan(with_seed(seed))
        here = heard(before, at)
        plan = make_plan(with_seed(seed), [Less(at, here)])
        change = new_at(plan, at)
        if change is None:
            continue
        found += 1
        assert change.players.instrument != here.instrument
        assert change.not_after == at + WINDOW_SECONDS
        where = stretch(plan.path, at, at + WINDOW_SECONDS)
        assert may_follow(here, change.players, where)
        assert plan.path == before.path
        assert plan.levels == before.levels
    assert found >= 6


def test_less_near_the_end_or_of_what_is_pinned_brings_nobody() -> None:
    late = TENSE_TO_CALM.seconds - LAST_SECONDS + 1.0
    here = heard(make_plan(TENSE_TO_CALM), late)
    assert new_at(make_plan(TENSE_TO_CALM, [Less(late, here)]), late) is None
    pinned = msgspec.structs.replace(TENSE_TO_CALM, instrument="piano", genre="classical")
    here = Players("piano", "classical")
    assert len(make_plan(pinned, [Less(100.0, here)]).changes) == 1


def test_of_those_who_leave_anyway_nobody_else_takes_over() -> None:
    """Whoever was heard has a change coming already."""
    plan = make_plan(with_seed(2))
    first, second = plan.changes[:2]
    at = second.not_before + 3.0
    again = make_plan(with_seed(2), [Less(at, first.players)])
    assert new_at(again, at) is None
    assert again.changes[1] == second


def test_more_keeps_who_plays_for_three_minutes() -> None:
    for seed in range(20):
        at = 50.0
        here = heard(make_plan(with_seed(seed)), at)
        plan = make_plan(with_seed(seed), [More(at, here)])
        assert not [c for c in plan.changes if at < c.not_before < at + STAY_SECONDS]
    moved = [make_plan(with_seed(seed)).changes[1].not_before for seed in range(20)]
    assert sum(time < 50.0 + STAY_SECONDS for time in moved) >= 15, "it would have changed"


def test_more_takes_back_a_change_that_is_coming() -> None:
    plan = make_plan(with_seed(2))
    first, second = plan.changes[:2]
    at = second.not_before + 3.0
    again = make_plan(with_seed(2), [More(at, first.players)])
    assert again.changes[1] == msgspec.structs.replace(second, until=at)
    made = make_plan(with_seed(2), [More(at, second.players)])
    assert made.changes[1] == second, "it has been made already"


def test_they_come_back_more_often_or_more_rarely() -> None:
    def share(wish: type[More] | type[Less] | None) -> float:
        clips = []
        for seed in range(24):
            here = heard(make_plan(with_seed(seed)), 30.0)
            events = [] if wish is None else [wish(30.0, here)]
            plan = make_plan(with_seed(seed), events)
            later = [clip for clip in plan.clips if clip.start > 30.0 + STAY_SECONDS]
            clips += [clip.tags.instrument == here.instrument for clip in later]
        return sum(clips) / len(clips)

    rarely, usual, often = share(Less), share(None), share(More)
    assert rarely < 0.7 * usual
    assert often > 1.2 * usual


@relaxed
@given(
    st.integers(0, 2**40),
    st.lists(st.tuples(st.floats(0, 0.98), st.sampled_from([More, Less, Ease, Skip])), max_size=5),
)
def test_the_past_stays(seed: int, said: list[tuple[float, type]]) -> None:
    """Whatever is wished for, what was due before stays, and the path is the one without it."""
    request = msgspec.structs.replace(with_seed(seed), minutes=6)
    events: list[Event] = []
    for share, kind in sorted(said, key=lambda one: one[0]):
        at = share * request.seconds
        before = make_plan(request, events)
        wish = kind in (More, Less)
        events.append(kind(at, heard(before, at)) if wish else kind(at))
        after = make_plan(request, events)
        old = [c for c in before.changes if c.not_before < at]
        new = [c for c in after.changes if c.not_before < at]
        for one, two in zip(old, new, strict=True):
            assert two in (one, msgspec.structs.replace(one, until=at))
        assert before.clips[: after.first_changed] == after.clips[: after.first_changed]
        if wish:
            assert before.path == after.path
            seeds = [clip.seeds[-1] for clip in before.clips]
            assert seeds == [clip.seeds[-1] for clip in after.clips]
        times = [change.not_before for change in after.changes]
        assert all(one < two for one, two in itertools.pairwise(times))
        assert after.clips[-1].start >= clip_start(len(after.clips) - 1)
