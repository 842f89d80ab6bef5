"""The conductor under invented schedules: order, lead, scripts, and whatever may happen."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.world import (
    REQUEST,
    composed_from,
    started,
)

from engine.affect.circumplex import Affect
from engine.audio.format import frames_of
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.request import Request
from engine.session.conductor.conductor import AHEAD_SECONDS, PASSING_AHEAD_SECONDS, Conductor
from engine.session.conductor.messages import (
    Progress,
)

times = st.floats(min_value=0.0, max_value=239.0)
actions = st.sampled_from([Steer(0.0, Affect(0.2, -0.3)), Ease(0.0), Skip(0.0)])


def test_a_session_is_composed_in_order_from_the_clip_before() -> None:
    world = started()
    world.run(300)
    plan = world.conductor.plan
    assert [spec.key for spec, _ in world.sent] == [spec.key for spec in plan.clips]
    assert [c for _, c in world.sent] == [
        b"",
        *(f"{i}-0".encode() for i in range(len(plan.clips) - 1)),
    ]
    assert world.written == frames_of(plan.total)


def test_composition_stays_within_five_minutes_ahead_and_two_clips() -> None:
    request = Request(start=Affect(0, 0.8), target=Affect(0, -0.8), minutes=30)
    world = started(conductor=Conductor(request, "fake"))
    world.run(60)
    assert AHEAD_SECONDS - 60 < world.furthest_ahead <= AHEAD_SECONDS + 0.1


def test_clips_that_wait_in_memory_are_composed_a_minute_ahead() -> None:
    """However slowly they are taken, and however slow who composes is known to be."""
    conductor = Conductor(REQUEST, "fake", passing=True, speed=0.5)
    world = started(conductor=conductor, realtime=False)
    horizon = world.horizon
    world.horizon = lambda: min(horizon(), frames_of(0.5 * world.now))  # type: ignore[method-assign]
    world.run(120.0)
    assert PASSING_AHEAD_SECONDS - 30 < world.furthest_ahead <= PASSING_AHEAD_SECONDS + 0.1
    world.horizon = horizon  # type: ignore[method-assign]
    world.run(160.0)
    assert world.written == frames_of(world.conductor.plan.total)


def test_a_script_makes_the_session_again() -> None:
    live = started()
    live.run(
        300,
        {
            20.0: lambda: live.tell(Steer(0.0, Affect(0.7, 0.3), "glad")),
            21.0: lambda: live.tell(Skip(0.0)),
            66.9: lambda: live.tell(Ease(0.0)),
            220.0: lambda: live.tell(Ease(0.0)),
        },
    )
    assert len(live.kept) == 4
    again = started(
        realtime=False,
        conductor=Conductor(REQUEST, "fake", script=live.kept),  # type: ignore[arg-type]
    )
    again.run(100)
    assert again.kept == live.kept
    assert again.conductor.plan == live.conductor.plan
    assert [(p.key, p.start, p.end) for p in again.placed] == [
        (p.key, p.start, p.end) for p in live.placed
    ]
    assert again.written == frames_of(240)
    for spec, continuation in again.sent:
        assert composed_from(live)[spec.key] == continuation


@example(deeds=[(0.0, Steer(0.0, Affect(0.2, -0.3)))], deaths=[4.75], silences=[21.0], speed=2.0)
@settings(max_examples=25, deadline=None)
@given(
    deeds=st.lists(st.tuples(times, actions), max_size=6),
    deaths=st.lists(times, max_size=4),
    silences=st.lists(times, max_size=1),
    speed=st.sampled_from([2.0, 8.0, 30.0]),
)
def test_whatever_happens_the_whole_session_is_heard(
    deeds: list[tuple[float, Event]],
    deaths: list[float],
    silences: list[float],
    speed: float,
) -> None:
    world = started(speed=speed)
    for at in silences:
        world.later(at, lambda: world.tell(Progress(world.written, waiting=True, silence=10.0)))
    for at, action in deeds:
        world.later(at, lambda action=action: world.tell(action))
    for at in deaths:
        world.later(at, world.kill)
    world.run(330)
    plan = world.conductor.plan
    assert world.written == frames_of(plan.total)
    assert list(world.conductor.events) == world.kept
    ats = [event.at for event in world.kept]
    assert ats == sorted(ats)
    newest = {placed.key for placed in world.placed}
    assert {spec.key for spec in plan.clips} <= newest | set(world.starts)
