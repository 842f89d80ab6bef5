"""Listeners' actions as splices: hasty, late, gone back on."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.world import (
    REQUEST,
    World,
    assert_no_hole,
    composed_from,
    started,
)

from engine.affect.circumplex import Affect
from engine.affect.path import arrival
from engine.audio.format import frames_of
from engine.plan.body import Reason
from engine.plan.events import Dwell, Ease, Event, Shape, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.spec import ClipKey
from engine.plan.wanted import Faders
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.messages import Progress
from engine.session.conductor.splice import ANSWER_SECONDS

times = st.floats(min_value=0.0, max_value=239.0)
ASKED = Steer(0.0, Affect(0.2, -0.3))
STAY = Dwell(0.0, 30.0, Reason("heart", 74.0, 75.4, 0.2))
HELD = Faders(density=0.5)
SHAPED = Shape(0.0, Faders(density=0.2, register=0.8))
actions = st.sampled_from([ASKED, Ease(0.0), Skip(0.0), STAY, SHAPED])


def embedded() -> World:
    """Its composer holds what faders ask for."""
    return started(conductor=Conductor(REQUEST, "embedded"))


@pytest.mark.parametrize(
    "action", [Steer(0.0, Affect(0.7, 0.3), "glad"), Ease(0.0), Skip(0.0), STAY, SHAPED]
)
def test_an_action_is_spliced_in_and_kept(action: Event) -> None:
    world = embedded()
    world.run(300, {50.0: lambda: world.tell(action)})
    (event,) = world.kept
    assert 52.0 <= event.at <= 54.5  # 1.5 s of ring and the margin
    assert world.conductor.plan == make_plan(REQUEST, [event])
    splice = next(p for p in world.placed if p.splice)
    assert splice.key == ClipKey(2, 1)
    assert splice.start >= frames_of(event.at)
    assert composed_from(world)[splice.key] == b"2-0"
    assert world.written == frames_of(240)


def test_a_dwell_says_for_how_long_and_why() -> None:
    world = started()
    world.run(300, {50.0: lambda: world.tell(STAY)})
    (event,) = world.kept
    said = (
        "the heart beats 75 a minute, 74 were usual, and the way's arousal has come down by 0.20."
    )
    (told,) = [text for text in world.said if said in text]
    assert told.startswith(f"The way stays where it is for 30 s from 0:{int(event.at)}")


def test_a_way_that_has_arrived_where_a_dwell_could_be_heard_is_not_said_to_stay() -> None:
    """A slow composer's splice lies far ahead of where the body was seen not to follow."""
    world = started()
    arrives = arrival(make_plan(REQUEST).path)
    world.run(300, {arrives - 1.0: lambda: world.tell(STAY)})
    assert world.kept == []
    assert not [text for text in world.said if "way stays" in text]
    assert world.written == frames_of(240)


@pytest.mark.parametrize("dwell_first", [True, False])
def test_what_the_listener_wants_takes_the_place_of_a_dwell(dwell_first: bool) -> None:
    world = started()
    told: list[Event] = [STAY, ASKED] if dwell_first else [ASKED, STAY]

    def both() -> None:
        world.tell(told[0])
        world.tell(told[1])

    world.run(300, {50.0: both})
    assert [type(event) for event in world.kept] == [Steer]


def test_of_hasty_steers_the_first_and_the_last_are_heard() -> None:
    world = started()

    def hasty() -> None:
        world.tell(Steer(0.0, Affect(0.5, 0.5)))
        world.tell(Steer(0.0, Affect(0.5, 0.0)))
        world.tell(Steer(0.0, Affect(-0.5, -0.5)))

    world.run(300, {20.0: hasty})
    first, second = world.kept
    assert first.at < second.at
    assert world.conductor.plan.path.waypoints[-1].affect == Affect(-0.5, -0.5)
    assert world.written == frames_of(240)


def test_of_faders_held_down_the_first_and_the_newest_are_heard() -> None:
    """A slider that moves asks ten times a second; what else was asked for keeps its turn."""
    world = embedded()

    def slide() -> None:
        for step in range(1, 20):
            world.tell(Shape(0.0, Faders(density=step / 20)))
            if step == 10:
                world.tell(Skip(0.0))

    world.run(300, {20.0: slide})
    first, skip, last = world.kept
    assert (first.faders, last.faders) == (Faders(density=0.05), Faders(density=0.95))
    assert isinstance(skip, Skip)
    assert [step.faders for step in world.conductor.plan.faders] == [first.faders, last.faders]
    assert world.written == frames_of(240)


def test_faders_that_were_moved_there_and_back_change_nothing() -> None:
    world = embedded()

    def there_and_back() -> None:
        world.tell(Shape(0.0, HELD))
        world.tell(Shape(0.0, Faders(density=0.6)))
        world.tell(Shape(0.0, HELD))

    world.run(300, {20.0: there_and_back, 80.0: lambda: world.tell(Shape(0.0, HELD))})
    assert [event.faders for event in world.kept] == [HELD]
    assert world.written == frames_of(240)


def test_what_faders_do_is_said_in_words() -> None:
    world = embedded()
    world.run(
        300,
        {
            20.0: lambda: world.tell(Shape(0.0, Faders(density=0.5, register=0.2))),
            60.0: lambda: world.tell(Shape(0.0, Faders(density=0.2, register=0.7))),
            99.0: lambda: world.tell(Shape(0.0, Faders(density=0.2))),
            140.0: lambda: world.tell(Shape(0.0, Faders())),
        },
    )
    said = [text.split(", from ")[0] for text in world.said if ", from " in text]
    assert said == [
        "Fewer notes, lower",
        "Fewer notes, higher",
        "Height as the feeling has it",
        "All as the feeling has it",
    ]


def test_who_composes_without_faders_says_so() -> None:
    world = started(conductor=Conductor(REQUEST, "musicgen-small"))
    world.run(300, {20.0: lambda: world.tell(Shape(0.0, Faders(density=0.5)))})
    assert world.kept == []
    assert any("faders are for the embedded composer" in text for text in world.said)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Steer(0.0, Affect(0.7, 0.3), "glad"), "Towards glad as soon as it is composed."),
        (Ease(0.0), "Calmer as soon as it is composed."),
        (Skip(0.0), "Something else as soon as it is composed."),
        (STAY, "Staying 30 s longer as soon as it is composed."),
    ],
)
def test_who_waits_for_what_was_asked_for_is_told_once(action: Event, said: str) -> None:
    """An engine may hang, or compose slowly: a key that does nothing that is seen is pressed again,
    or not trusted any more."""
    world = started()

    def act() -> None:
        world.tell(action)
        told = world.said.count(said)
        world.tell(Progress(world.written, passed=ANSWER_SECONDS - 0.1))
        assert world.said.count(said) == told
        for _ in range(3):
            world.tell(Progress(world.written, passed=1.0))
        assert world.said.count(said) == told + 1

    world.run(300, {50.0: act, 120.0: act})
    assert world.said.count(said) == 2
    assert len(world.kept) == 2, "and then it is heard"


def test_who_waits_for_faders_is_told_how_they_will_stand() -> None:
    world = embedded()

    def act() -> None:
        world.tell(SHAPED)
        world.tell(Progress(world.written, passed=ANSWER_SECONDS))

    world.run(300, {50.0: act})
    said = "Fewer notes, higher, as soon as it is composed."
    assert world.said.count(said) == 1


def test_who_is_answered_soon_is_told_once_what_is_heard() -> None:
    world = started()
    world.run(300, {50.0: lambda: world.tell(Ease(0.0))})
    world.tell(Progress(world.written, passed=60.0))
    assert not [said for said in world.said if "as soon as" in said]


def test_a_splice_that_came_too_late_is_aimed_again() -> None:
    world = started(speed=4.0, delay=0.9)  # its first second takes longer than the margin
    world.run(400, {100.0: lambda: world.tell(Ease(0.0))})
    (event,) = world.kept
    assert event.at > 103.5
    assert world.written == frames_of(240)


def test_acting_after_going_back_takes_back_what_was_done_later() -> None:
    world = started()
    world.run(
        400,
        {
            30.0: lambda: world.tell(Skip(0.0)),
            60.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad")),
            100.0: lambda: world.tell(Ease(0.0)),
            130.0: lambda: world.seek(55.0),
            130.5: lambda: world.tell(Steer(0.0, Affect(-0.5, -0.5))),
            131.5: lambda: world.tell(Ease(0.0)),
        },
    )
    ats = [event.at for event in world.kept]
    assert len(ats) == 3
    assert 32 < ats[0] < 34
    assert 56 < ats[1] < 60
    assert ats[1] + 0.5 <= ats[2] < 64, "the second was not heard before the third: both stay"
    assert world.conductor.plan == make_plan(REQUEST, world.kept)
    assert_no_hole(world, 0.0)


def test_near_the_end_nothing_changes_and_it_is_said() -> None:
    world = started()
    world.run(300, {236.0: lambda: world.tell(Skip(0.0))})
    assert world.kept == []
    assert any("about to end" in text for text in world.said)


@settings(max_examples=40, deadline=None)
@example(
    # a clip that was taken back and not let go of when its engine died: its key is the next one's
    deeds=[(147.0, ASKED), (149.0, 0.0), (154.0, ASKED)],
    deaths=[154.0],
    speed=4.0,
)
@given(
    deeds=st.lists(st.tuples(times, st.one_of(actions, times)), min_size=2, max_size=9),
    deaths=st.lists(times, max_size=2),
    speed=st.sampled_from([4.0, 20.0]),
)
def test_going_back_and_forth_between_deeds(
    deeds: list[tuple[float, Event | float]], deaths: list[float], speed: float
) -> None:
    world = started(speed=speed, conductor=Conductor(REQUEST, "embedded"))
    for at, deed in deeds:
        if isinstance(deed, float):
            world.later(at, lambda to=deed: world.seek(to))
        else:
            world.later(at, lambda action=deed: world.tell(action))
    for at in deaths:
        world.later(at, world.kill)
    world.run(600)
    assert list(world.conductor.events) == world.kept
    assert world.conductor.plan == make_plan(REQUEST, world.kept)
    assert_no_hole(world, 0.0)
    for spec in world.conductor.plan.clips:
        assert [s for s, _ in world.sent if s.key == spec.key][-1] == spec
