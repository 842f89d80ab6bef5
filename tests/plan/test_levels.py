"""The loudness target's laws."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.levels import (
    BLEND_SECONDS,
    LOUDEST_LUFS,
    MAX_RISE,
    RANGE_LU,
    SESSION_LUFS,
    energy_mean,
    level_at,
)
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Plan
from engine.plan.wanted import Features

axis = st.floats(-1, 1)
affects = st.builds(Affect, axis, axis)
requests = st.builds(
    Request,
    start=affects,
    target=affects,
    minutes=st.floats(1, 60),
    strategy=st.sampled_from(["iso", "direct"]),
)
relaxed = settings(deadline=None, max_examples=80)


def keeps_the_limits(plan: Plan, loudness: float = SESSION_LUFS) -> None:
    for a, b in itertools.pairwise(plan.levels):
        assert b.lufs - a.lufs <= MAX_RISE * (b.time - a.time) + 1e-6
    assert all(abs(point.lufs - loudness) <= RANGE_LU + 1e-6 for point in plan.levels)
    assert all(point.lufs <= LOUDEST_LUFS for point in plan.levels)


@relaxed
@given(requests)
def test_a_session_is_minus_23_on_the_whole_and_louder_with_arousal(request_: Request) -> None:
    plan = make_plan(request_)
    assert energy_mean(plan.levels) == pytest.approx(SESSION_LUFS, abs=0.01)
    keeps_the_limits(plan)
    ends = (request_.start.arousal, 0.0), (request_.target.arousal, plan.total)
    (_, quieter), (_, louder) = sorted(ends)
    assert level_at(plan.levels, louder) >= level_at(plan.levels, quieter) - 1e-6


def energy_by_samples(plan: Plan) -> float:
    """The mean energy on a tenth-of-a-second grid, in LUFS-like decibels."""
    count = int(plan.total * 10)
    energy = sum(10 ** (level_at(plan.levels, (k + 0.5) / 10) / 10) for k in range(count)) / count
    return SESSION_LUFS + 10 * (energy / 10 ** (SESSION_LUFS / 10) - 1) / 2.302585


def test_the_energy_mean_is_that_of_samples() -> None:
    plan = make_plan(
        Request(start=feeling("sleepy").affect, target=feeling("aroused").affect, minutes=4)
    )
    assert energy_by_samples(plan) == pytest.approx(-23, abs=0.01)


@relaxed
@given(requests, st.lists(st.tuples(st.floats(0, 0.8), affects), min_size=1, max_size=5))
def test_steering_keeps_the_whole_at_minus_23(
    request_: Request, steers: list[tuple[float, Affect]]
) -> None:
    events: list[Event] = [
        Steer(fraction * request_.seconds, target)
        for fraction, target in sorted(steers, key=lambda s: s[0])
    ]
    before, after = make_plan(request_, events[:-1]), make_plan(request_, events)
    keeps_the_limits(after)
    at = events[-1].at
    for k in range(11):
        time = at * k / 10
        assert level_at(after.levels, time) == pytest.approx(
            level_at(before.levels, time), abs=1e-6
        )
    assert energy_mean(after.levels) == pytest.approx(SESSION_LUFS, abs=0.2)


@relaxed
@given(requests, st.lists(st.tuples(st.floats(0, 0.99), st.none() | affects), max_size=6))
def test_nothing_a_listener_does_breaks_the_limits(
    request_: Request, presses: list[tuple[float, Affect | None]]
) -> None:
    events: list[Event] = [
        Ease(f * request_.seconds) if target is None else Steer(f * request_.seconds, target)
        for f, target in sorted(presses, key=lambda press: press[0])
    ]
    plan = make_plan(request_, events)
    keeps_the_limits(plan)
    assert energy_mean(plan.levels) <= SESSION_LUFS + 0.2


@relaxed
@given(requests, st.floats(-40, -10), st.floats(0, 0.8), st.none() | affects)
def test_a_loudness_that_is_asked_for_holds_as_far_as_comfort_lets_it(
    request_: Request, asked: float, fraction: float, target: Affect | None
) -> None:
    request_ = msgspec.structs.replace(request_, features=Features(loudness=asked))
    held = min(asked, LOUDEST_LUFS)
    plan = make_plan(request_)
    keeps_the_limits(plan, held)
    assert energy_mean(plan.levels) == pytest.approx(held, abs=0.01)
    at = fraction * request_.seconds
    event = Ease(at) if target is None else Steer(at, target)
    after = make_plan(request_, [event])
    keeps_the_limits(after, held)
    assert energy_mean(after.levels) <= held + 0.2


@relaxed
@given(requests, st.floats(0, 0.95))
def test_ease_is_never_louder(request_: Request, fraction: float) -> None:
    at = fraction * request_.seconds
    before, after = make_plan(request_), make_plan(request_, [Ease(at)])
    here = level_at(before.levels, at)
    for k in range(21):
        time = at + (request_.seconds - at) * k / 20
        now = level_at(after.levels, time)
        assert now <= here + 1e-6
        if time > at + BLEND_SECONDS:
            assert now <= level_at(before.levels, time) + 1e-6


def test_skip_leaves_the_level_alone() -> None:
    request = Request(start=Affect(0, 0.5), target=Affect(0, -0.5))
    assert make_plan(request, [Skip(300.0)]).levels == make_plan(request).levels
