"""A clip's states: what it has in each of them, whatever happens in the session."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.world import RECORD, REQUEST, World, started

from engine.affect.circumplex import Affect
from engine.clip_record import Stage
from engine.composers.base import Marks
from engine.link.protocol import ClipStarted
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.session.conductor.clip_state import ClipPhase, ClipState
from engine.session.conductor.state import Fate

SPEC = make_plan(REQUEST, ()).clips[1]


def test_a_clip_goes_from_asked_to_ended() -> None:
    clip = ClipState(SPEC)
    assert (clip.phase, clip.begun, clip.whole) == (ClipPhase.ASKED, False, False)
    clip.begin(ClipStarted(1, 0, 1_000, 500, Marks()), Stage("fake"))
    assert (clip.phase, clip.begun, clip.whole) == (ClipPhase.COMING, True, False)
    assert clip.reach == clip.start == 1_000
    clip.got = 500
    clip.end(RECORD, cut=False)
    assert (clip.phase, clip.begun, clip.whole) == (ClipPhase.ENDED, True, True)
    assert clip.reach == 1_500


def test_a_cut_clip_is_as_long_as_what_is_here() -> None:
    clip = ClipState(SPEC)
    clip.begin(ClipStarted(1, 0, 0, 500, Marks()), Stage("fake"))
    clip.got = 200
    clip.end(RECORD, cut=True)
    assert (clip.phase, clip.begun, clip.whole) == (ClipPhase.CUT, True, False)
    assert clip.frames == 200


@pytest.mark.parametrize("cut", [False, True])
def test_a_kept_clip_is_here_with_its_continuation(cut: bool) -> None:
    clip = ClipState.kept(SPEC, start=7, frames=90, cut=cut, marks=Marks(), record=None)
    assert clip.phase is (ClipPhase.CUT if cut else ClipPhase.ENDED)
    assert (clip.got, clip.frames, clip.over) == (90, 90, True)
    assert not clip.placed


def assert_states_hold(world: World) -> None:
    """What the docstrings of ``clip_state`` and ``state`` say of every state."""
    state = world.conductor._state
    for key, clip in state.clips.items():
        ended = clip.phase in (ClipPhase.ENDED, ClipPhase.CUT)
        assert clip.over == ended, key
        assert clip.got <= clip.frames, key
        assert clip.got == 0 or clip.begun, key
        assert clip.begun or not clip.placed, key
        assert not clip.whole or clip.got == clip.frames, key
    if state.composing is not None:
        clip = state.clips[state.composing.key]
        assert not clip.over
        assert state.composing.fate is not Fate.PASSED_ON or clip.awaits_next
    assert not state.ready or not state.given_up


times = st.floats(min_value=0.0, max_value=239.0)


@settings(max_examples=25, deadline=None)
@given(
    deeds=st.lists(
        st.tuples(times, st.sampled_from([Steer(0.0, Affect(0.2, -0.3)), Ease(0.0), Skip(0.0)])),
        max_size=5,
    ),
    deaths=st.lists(times, max_size=3),
    silences=st.lists(times, max_size=1),
)
def test_the_states_hold_after_every_message(
    deeds: list[tuple[float, Event]], deaths: list[float], silences: list[float]
) -> None:
    world = started(speed=6.0)
    tell = world.tell

    def told(message: object) -> None:
        tell(message)  # type: ignore[arg-type]
        assert_states_hold(world)

    world.tell = told  # type: ignore[method-assign]
    for at in silences:
        world.later(at, world.silence)
    for at, event in deeds:
        world.later(at, lambda event=event: world.tell(event))
    for at in deaths:
        world.later(at, world.kill)
    world.run(250)
