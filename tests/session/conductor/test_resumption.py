"""Sessions that go on: what is kept, what is composed again, what is done anew."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.world import (
    REQUEST,
    assert_no_hole,
    gone_on,
    interrupted,
    started,
)

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.spec import ClipKey
from engine.session.conductor.resumption import resumption

times = st.floats(min_value=0.0, max_value=239.0)
actions = st.sampled_from([Steer(0.0, Affect(0.2, -0.3)), Ease(0.0), Skip(0.0)])


def test_resuming_goes_on_at_the_first_clip_that_is_missing() -> None:
    world = started(speed=4.0)
    world.run(61.0)
    kept = interrupted(world)
    assert kept.position == pytest.approx(world.written / SAMPLE_RATE - 1.5)
    assert kept.first == len(world.finished)
    assert kept.placed[0].clip.spec.index == 0
    assert not kept.lost
    again = gone_on(kept)
    again.run(300)
    assert [spec.index for spec, _ in again.sent] == list(range(kept.first, 11))
    assert_no_hole(again, kept.position)


def test_a_steer_whose_clip_was_not_whole_is_done_anew() -> None:
    """Killed right after a steer: the old music goes on and the steer is heard after all."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    kept = interrupted(world)
    assert kept.events == ()
    assert kept.again == tuple(world.kept)
    again = gone_on(kept)
    again.run(300)
    (event,) = again.kept
    assert kept.position + 1 <= event.at <= kept.position + 5
    assert event.target == Affect(0.7, 0.3)
    assert_no_hole(again, kept.position)


def test_a_clip_that_was_filed_just_before_its_event_is_of_no_use() -> None:
    """Killed between the two: what is composed next under the same key is another clip."""
    world = started()
    world.run(60.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    assert ClipKey(2, 1) in world.finished
    world.kept.clear()
    kept = interrupted(world)
    assert ClipKey(2, 1) in kept.lost
    assert all(key.revision == 0 for key in kept.clips)
    again = gone_on(kept)
    again.run(300, {3.0: lambda: again.tell(Skip(0.0))})
    assert len(again.kept) == 1
    assert_no_hole(again, kept.position)


@pytest.mark.parametrize("realtime", [True, False])
def test_a_steer_whose_clip_was_not_whole_is_replayed_in_its_place(realtime: bool) -> None:
    """Stopped right after a steer and played again from the start: steered where it was."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    start = world.finished.pop(ClipKey(2, 1)).start
    kept = interrupted(world)._replace(position=0.0)
    states = {key: state for key, state in kept.clips.items() if key.revision == 0}
    kept = resumption(REQUEST, world.kept, states, 0.0)
    assert (kept.events, kept.again) == ((), ())
    assert [kept.splice] == world.kept
    again = gone_on(kept, realtime=realtime)
    again.run(300)
    assert again.kept == world.kept == list(again.conductor.events)
    splice = next(placed for placed in again.placed if placed.splice)
    assert (splice.key, splice.start) == (ClipKey(2, 1), start)
    assert again.sent[0] == (again.conductor.plan.clips[2], b"2-0")
    assert_no_hole(again, 0.0)


def test_a_lost_steer_whose_place_is_passed_is_done_anew() -> None:
    """Its engine comes up too late: the steer is heard a little later, and stored so."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    states = interrupted(world).clips
    kept = resumption(REQUEST, world.kept, states, world.kept[0].at - 1.0)  # type: ignore[arg-type,attr-defined]
    again = gone_on(kept)
    again.run(300)
    (event,) = again.kept
    assert event.at > world.kept[0].at
    assert list(again.conductor.events) == [event]
    assert_no_hole(again, kept.position)


def test_a_listener_may_steer_before_a_lost_steer_is_heard_again() -> None:
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    kept = resumption(REQUEST, world.kept, interrupted(world).clips, 0.0)
    again = gone_on(kept)
    again.run(300, {3.0: lambda: again.tell(Ease(0.0))})
    (event,) = again.kept
    assert 4.0 <= event.at <= 7.0
    assert_no_hole(again, 0.0)


def test_resuming_before_a_splice_is_heard_keeps_both_sides_of_it() -> None:
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Ease(0.0))})
    kept = interrupted(world)._replace(position=47.0)
    kept = resumption(REQUEST, kept.events, kept.clips, 47.0)
    keys = [(piece.clip.spec.key, piece.splice) for piece in kept.placed]
    assert keys[:4] == [
        (ClipKey(0, 0), False),
        (ClipKey(1, 0), False),
        (ClipKey(2, 0), False),
        (ClipKey(2, 1), True),
    ]
    again = gone_on(kept)
    again.run(300)
    assert_no_hole(again, 47.0)


@settings(max_examples=40, deadline=None)
@given(
    deeds=st.lists(st.tuples(times, actions), max_size=5),
    stop=times,
    lost=st.frozensets(st.integers(0, 14), max_size=3),
)
def test_whatever_is_kept_the_session_is_heard_to_its_end(
    deeds: list[tuple[float, Event]], stop: float, lost: frozenset[int]
) -> None:
    world = started()
    for at, action in deeds:
        world.later(at, lambda action=action: world.tell(action))
    world.run(stop)
    kept = interrupted(world, lost)
    held = kept.splice is not None
    assert len(kept.events) + held + len(kept.again) == len(world.kept)
    again = gone_on(kept)
    again.run(400)
    assert again.written == frames_of(240)
    assert kept.position >= max(0.0, world.written / SAMPLE_RATE - 1.5)
    if not lost:
        assert_no_hole(again, kept.position)
