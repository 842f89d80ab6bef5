"""What sounded, with the clips that others took over from."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.feelings import feeling
from engine.plan.events import Ease, Event, Less, More, Skip, Steer
from engine.plan.planner import heard_clips, make_plan
from engine.plan.request import Request
from engine.plan.spec import Players
from engine.session.status import clip_at

REQUEST = Request(start=feeling("tense").affect, target=feeling("calm").affect, minutes=3, seed=7)
VIOLIN = Players("violin", "easylistening")


def some_event(at: float, kind: int) -> Event:
    some: tuple[Event, ...] = (
        Ease(at),
        Skip(at),
        More(at, VIOLIN),
        Less(at, VIOLIN),
        Steer(at, feeling("happy").affect),
    )
    return some[kind]


events = st.lists(st.tuples(st.floats(0, 170), st.integers(0, 4)), max_size=5).map(
    lambda some: [some_event(at, kind) for at, kind in sorted(some)]
)


@settings(deadline=None, max_examples=20)
@given(events, st.floats(1, 180))
def test_what_was_heard_at_any_second_is_among_them(some: list[Event], heard: float) -> None:
    clips = heard_clips(REQUEST, some, heard)
    keys = [clip.key for clip in clips]
    assert clips[0].start == 0.0
    assert len(set(keys)) == len(keys)
    assert all(one.start <= other.start <= one.end for one, other in itertools.pairwise(clips))
    for second in (heard * part / 8 for part in range(8)):
        so_far = [event for event in some if event.at <= second]
        plan = make_plan(REQUEST, so_far).clips
        assert plan[clip_at(plan, second)].key in keys


def test_what_another_took_over_from_ends_there() -> None:
    some = [Less(10.7, VIOLIN), Less(18.3, VIOLIN), Ease(20.8)]
    clips = heard_clips(REQUEST, some, 22.1)
    assert [(clip.key, clip.start, clip.end) for clip in clips] == [
        ((0, 0), 0.0, 10.7),
        ((0, 1), 10.7, 18.3),
        ((0, 2), 18.3, 30.0),
        ((1, 3), 20.8, 52.5),
    ]


def test_without_events_it_is_the_plan() -> None:
    assert heard_clips(REQUEST, (), REQUEST.seconds) == make_plan(REQUEST).clips
    assert heard_clips(REQUEST, (), 0.0) == make_plan(REQUEST).clips[:1]
