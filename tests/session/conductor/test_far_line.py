"""A session that is composed on another machine, whose line drops, returns, or stays down."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.world import REQUEST, World, assert_no_hole, started

from engine.audio.format import frames_of
from engine.link.deliveries import FarAnswers
from engine.plan.events import Ease
from engine.plan.request import Request
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.far_line import FAR_DELAYS, HOME_SECONDS
from engine.session.conductor.messages import GoBack, Progress

LONG = Request(start=REQUEST.start, target=REQUEST.target, minutes=10, temperature=0)


def on_far(composer: str, request: Request = REQUEST, **wanted: object) -> Conductor:
    return Conductor(request, composer, far="far", **wanted)  # type: ignore[arg-type]


def standing(world: World) -> str:
    line = world.conductor.line
    return "" if line is None else line.standing


def answers(world: World, *, asks: bool = False) -> None:
    world.mend()
    world.tell(FarAnswers(asks))


def test_a_line_that_gives_next_to_nothing_is_not_waited_for() -> None:
    """An engine there answers and sends a sound now and then, and the listener hears nothing."""
    world = started(conductor=on_far("embedded"))
    world.run(3)
    for second in range(1, 30):
        world.tell(Progress(world.written, waiting=True, silence=float(second)))
        world.conductor._failures.heard()
    assert all(far for _, far in world.engines)
    world.tell(Progress(world.written, waiting=True, silence=30.0))
    assert not world.engines[-1][1]
    assert any("The engine here takes over from the one on far" in text for text in world.said)


def test_a_line_that_drops_and_comes_back_is_not_heard() -> None:
    """Down for 20 s of a session that is a minute ahead by then."""
    world = started(speed=4.0, conductor=on_far("fake"))
    world.run(400, {30.0: world.drop, 50.0: world.mend})
    assert all(far for _, far in world.engines)
    (said,) = [text for text in world.said if "is down" in text]
    assert re.fullmatch(
        r"The line to far is down; 1:\d\d of music is here and plays on. It is tried again.", said
    )
    assert sum("The composer on far is back." in t for t in world.said) == 1
    assert world.written == frames_of(240)
    assert set(world.opened) == {"fake"}
    assert world.finished
    assert standing(world) == "up"
    assert not world.watched


def test_a_line_that_drops_again_and_again_is_not_given_up_when_all_is_composed() -> None:
    """No clip ends between one drop and the next, as there is none left to compose."""
    world = started(speed=20.0, conductor=on_far("embedded"))
    drop, mend = world.drop, world.mend
    world.run(400, {60.0: drop, 80.0: mend, 120.0: world.kill, 150.0: drop, 170.0: mend})
    assert len(world.finished) == len(world.conductor.plan.clips)
    assert all(far for _, far in world.engines)
    assert not any("takes over" in text for text in world.said)
    assert sum("The composer on far is back." in text for text in world.said) == 3


def test_an_engine_there_that_opens_and_dies_each_time_is_taken_over_from() -> None:
    """Its line is never down; yet no clip of it ever comes."""
    world = started(speed=0.05, conductor=on_far("fake"), stand_ins=("embedded",))

    def die() -> None:
        if world.conductor.far:
            world.kill()
            world.later(5.0, die)

    world.later(2.0, die)
    world.run(250)
    assert world.conductor.composer == "embedded"
    assert len(world.engines) <= len(FAR_DELAYS) + 3


def test_an_engine_that_ends_there_is_no_line_that_is_down() -> None:
    world = started(speed=4.0, conductor=on_far("fake"))
    world.run(400, {30.0: world.kill})
    (said,) = [text for text in world.said if "is tried again" in text]
    assert said.startswith("The engine on far is gone (it died); it is tried again, and ")
    assert world.written == frames_of(240)


@pytest.mark.parametrize("composer", ["fake", "embedded"])
def test_after_a_minute_without_a_line_this_machine_composes(composer: str) -> None:
    """The embedded composer; where that was it, the same one goes on, and no clip is lost."""
    world = started(speed=4.0, stand_ins=("embedded",), conductor=on_far(composer))
    world.run(400, {20.0: world.drop})
    first_here = next(at for at, far in world.engines if not far)
    assert sum(FAR_DELAYS) <= first_here - 20.0 <= sum(FAR_DELAYS) + len(FAR_DELAYS) + 10.0
    assert not any(far for at, far in world.engines if at > first_here)
    assert world.conductor.composer == "embedded"
    took_over = [text for text in world.said if "takes over from" in text]
    assert len(took_over) == 1
    assert "The line to far is down" in took_over[0]
    assert world.written == frames_of(240)


def test_what_is_not_there_is_said_to_be_missing_there() -> None:
    world = started(engine_works=False, stand_ins=("embedded",), conductor=on_far("fake"))
    world.refusal = "There is no adapter called calm on this machine."
    world.run(100)
    (said,) = [text for text in world.said if "no adapter called calm" in text]
    assert "(far says: There is no adapter called calm on this machine)" in said


def test_as_long_as_much_music_is_here_the_line_is_tried_on() -> None:
    """Five minutes are: so the line may be down for three, and nothing of it is heard."""
    world = started(conductor=on_far("fake", LONG))
    world.run(800, {60.0: world.drop, 240.0: world.mend})
    assert all(far for _, far in world.engines)
    assert set(world.opened) == {"fake"}
    assert world.written == frames_of(600)
    stays = started(conductor=on_far("fake", LONG), stand_ins=("embedded",))
    stays.run(800, {60.0: stays.drop})
    first_here = next(at for at, far in stays.engines if not far)
    last = max(sum(stays.starts[p.key]) / 48_000 for p in stays.placed if p.key.index < 15)
    assert stays.conductor.composer == "embedded"
    assert first_here - 60.0 >= 300.0 - HOME_SECONDS - 22.5 - FAR_DELAYS[-1]
    assert first_here < last
    assert stays.written == frames_of(600)


def test_a_login_that_asks_says_which_command_to_run_and_waits_for_the_line() -> None:
    """Nothing is sent to the other machine meanwhile: only a line that was made is used."""
    world = started(speed=4.0, conductor=on_far("fake"), asks=True, made_line=True)
    world.run(20.0)
    world.drop()
    world.mend()
    world.run(40.0)
    assert standing(world) == "login"
    (said,) = [text for text in world.said if "'musmed host check far' in another" in text]
    assert "the session goes on by itself" in said
    world.made_line = True
    world.run(400.0)
    assert all(far for _, far in world.engines)
    assert world.over_kept == sorted(world.over_kept)
    assert world.over_kept.count(False) == 2, "the first, and one that was refused"
    assert standing(world) == "up"
    assert set(world.opened) == {"fake"}
    assert world.written == frames_of(240)


def test_a_listener_who_waits_for_a_line_gets_music_from_here_sooner() -> None:
    world = started(engine_works=True, conductor=on_far("embedded"), line=False)
    world.run(11)
    world.tell(Progress(world.written, waiting=True, silence=10.0))
    world.run(400)
    first_here = next(at for at, far in world.engines if not far)
    assert first_here < sum(FAR_DELAYS)
    assert world.finished


def test_where_no_engine_ever_opened_over_a_good_line_going_back_is_not_offered() -> None:
    """No musmed there: that the machine can be reached is no news."""
    world = started(engine_works=False, conductor=on_far("fake"), stand_ins=("embedded",))
    world.run(400)
    assert world.conductor.composer == "embedded"
    assert not world.watched
    assert world.finished


def test_a_rendering_ends_where_the_line_stays_down() -> None:
    """Nobody listens: another composer is not what was asked for."""
    world = started(conductor=on_far("fake", stand_in=False), line=False, realtime=False)
    world.run(200)
    assert world.gave_up
    assert all(far for _, far in world.engines)
    assert len(world.engines) == len(FAR_DELAYS) + 1


# going back


def test_who_goes_back_has_the_composer_of_before_from_the_next_clip_on() -> None:
    """What is here plays on, each clip is one machine's, and nothing is composed twice."""
    world = started(speed=4.0, stand_ins=("embedded",), conductor=on_far("fake", LONG))
    world.run(100.0, {20.0: world.drop})
    assert standing(world) == "left"
    assert len(world.watched) == 1
    world.run(150.0, {140.0: lambda: answers(world)})
    assert standing(world) == "answers"
    assert "far answers again: with b fake there composes from the next clip on." in world.said
    heard_from_here = world.conductor.composer
    world.tell(GoBack())
    world.run(700.0)
    assert heard_from_here == "embedded"
    assert world.opened[-3:] == ["fake", "embedded", "fake"]
    assert [far for _, far in world.engines][-1]
    assert "fake composes on far again." in world.said
    assert standing(world) == "up"
    assert not world.handovers[1:], "going back breaks into no clip"
    keys = [spec.key for spec, _ in world.sent]
    after = keys[keys.index(next(k for k in keys if world.starts[k][0] > frames_of(150))) :]
    assert len(after) == len(set(after))
    assert world.written == frames_of(600)


def test_where_it_was_the_embedded_composer_the_same_one_goes_on_there() -> None:
    world = started(speed=4.0, conductor=on_far("embedded", LONG))
    world.run(100.0, {20.0: world.drop})
    world.run(700.0, {110.0: lambda: answers(world), 111.0: lambda: world.tell(GoBack())})
    assert set(world.opened) == {"embedded"}
    assert "far answers again: with b it composes there from the next clip on." in world.said
    assert [far for _, far in world.engines][-2:] == [False, True]
    assert world.handovers == []
    sent = {spec.key: continuation for spec, continuation in world.sent}
    assert all(sent[key] == f"{key.index - 1}-0".encode() for key in sent if key.index)
    assert world.written == frames_of(600)


@pytest.mark.parametrize("speed", [1.2, 4.0])
def test_another_version_here_goes_on_from_no_half_clip_of_the_one_there(speed: float) -> None:
    """A clip that is heard is handed over, one that is not is composed anew: no clip goes over from
    one piece to another without a word."""
    world = started(speed=speed, version_here=2, conductor=on_far("embedded", LONG))
    world.run(100.0, {20.0: world.drop})
    answers(world)
    world.tell(GoBack())
    world.run(900.0)
    assert {whose for made in world.made.values() for _, whose in made} == {
        "embedded ",
        "embedded  2",
    }
    handed_over = {handed.key for handed in world.handovers}
    mixed = {key for key, made in world.made.items() if len(made) > 1}
    assert mixed <= handed_over
    assert world.written == frames_of(600)


def test_a_machine_that_answers_and_asks_is_offered_when_its_line_is_made() -> None:
    world = started(speed=4.0, conductor=on_far("embedded", LONG))
    world.run(100.0, {20.0: world.drop})
    answers(world, asks=True)
    assert "'musmed host check far' in another terminal" in world.said[-1]
    assert standing(world) == "left"
    answers(world)
    assert standing(world) == "answers"


def test_a_line_that_drops_again_is_left_again() -> None:
    world = started(speed=4.0, stand_ins=("embedded",), conductor=on_far("fake", LONG))
    world.run(100.0, {20.0: world.drop})
    answers(world)
    world.tell(GoBack())
    world.run(140.0)
    assert standing(world) == "up"
    world.run(700.0, {150.0: world.drop})
    assert len(world.watched) == 2
    assert world.conductor.composer == "embedded"
    assert world.written == frames_of(600)


def test_where_there_is_nothing_to_go_back_to_that_is_said() -> None:
    world = started(conductor=Conductor(REQUEST, "embedded"))
    world.run(5)
    world.tell(GoBack())
    assert world.said[-1] == "There is no other machine to go back to now."
    assert standing(world) == ""
    done = started(speed=4.0, conductor=on_far("embedded"))
    done.run(200.0, {20.0: done.drop})  # all of it is composed by then
    answers(done)
    assert standing(done) == "left"
    assert not any("answers again" in text for text in done.said)


HAPPENS = st.sampled_from(["drop", "mend", "answers", "asks", "back", "ease", "kill"])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1.0, 60.0), HAPPENS), max_size=8),
    st.sampled_from(["fake", "embedded"]),
)
def test_whatever_happens_to_the_line_the_session_is_heard_whole(
    course: list[tuple[float, str]], composer: str
) -> None:
    """No clip is missing and none is another's: every one is composed from the clip before."""
    world = started(speed=6.0, stand_ins=("embedded",), conductor=on_far(composer))
    acts = {
        "drop": lambda: world.conductor.far and world.drop(),
        "mend": world.mend,
        "answers": lambda: world.tell(FarAnswers()),
        "asks": lambda: world.tell(FarAnswers(asks=True)),
        "back": lambda: world.tell(GoBack()),
        "ease": lambda: world.tell(Ease(max(0.0, world.written / 48_000 - 1.5))),
        "kill": world.kill,
    }
    for wait, happens in course:
        world.run(world.now + wait)
        acts[happens]()
    world.mend()
    world.run(world.now + 300.0)
    assert not world.gave_up
    assert_no_hole(world, 0.0)
