"""A session as stretches, and what was asked for in them."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import msgspec
from support.fake_session import REQUEST, FakeRunner, a_snapshot

from engine.affect.feelings import feeling
from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord
from engine.listener.likings import Liking
from engine.plan.body import Reason
from engine.plan.events import Dwell, Ease, Less, More, Shape, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.spec import Players
from engine.plan.wanted import Faders
from engine.session.status import RunnerStatus
from engine.session.stretches import done, stretches
from musmed_tui.session_view import snapshot


class Stands(NamedTuple):
    """A session that stands still."""

    stood: RunnerStatus

    def status(self) -> RunnerStatus:
        return self.stood


PLAN = make_plan(REQUEST)


def record(*players: tuple[float, str, str]) -> ClipRecord:
    """Of a clip with a bar at each of these seconds."""
    bars = tuple(
        BarRecord(
            start=start,
            time_signature="4/4",
            chords=("Am",),
            instruments=(),
            note_density=1.0,
            mean_pitch=60.0,
            mean_velocity=60.0,
            mean_duration=1.0,
            instrument=instrument,
            genre=genre,
            asked={},
        )
        for start, instrument, genre in players
    )
    return ClipRecord(
        composer="embedded",
        version=1,
        loudness=-23.0,
        true_peak=-3.0,
        gating="off",
        seconds=1.0,
        speed=30.0,
        bars=bars,
    )


def liking(at: float, *, liked: bool) -> Liking:
    return Liking(
        clip=0,
        revision=0,
        at=at,
        mood="calm",
        instrument="piano",
        genre="ambient",
        liked=liked,
    )


def test_a_stretch_for_each_run() -> None:
    found = list(stretches(PLAN.clips))
    assert found[0].start == 0.0
    assert all(one[1:] != other[1:] for one, other in itertools.pairwise(found))
    assert [one.start for one in found] == sorted(one.start for one in found)
    for clip in PLAN.clips:
        last = [one for one in found if one.start <= clip.start][-1]
        assert last.mood == clip.tags.mood


def test_who_plays_is_who_really_does_from_the_bar_on() -> None:
    """The clip's first players go on until the music has a place for others; what lies behind the
    next clip's start is the next clip's."""
    played = record((1.0, "piano", "ambient"), (9.0, "harp", "folk"), (23.0, "tuba", "polka"))
    found = list(stretches(PLAN.clips[:1], {0: played}))
    assert [(one.start, one.instrument, one.genre) for one in found] == [
        (0.0, "piano", "ambient"),
        (9.0, "harp", "folk"),
    ]


def test_what_an_engine_said_moves_no_cursor() -> None:
    hostile = record((0.0, "pi\x1b[2Jano\n", "a\u202eb"))
    (found,) = stretches(PLAN.clips[:1], {0: hostile})
    assert found.instrument.isprintable()
    assert "\x1b" not in found.instrument
    assert "\u202e" not in found.genre


def test_each_deed_in_words_at_its_time() -> None:
    glad = feeling("glad")
    players = Players("acousticguitar", "folk")
    why = Reason(measure="heart", usual=70.0, now=75.0, fell=0.1)
    events = (
        Ease(10.0),
        Steer(20.0, glad.affect, "glad"),
        Skip(30.0),
        More(40.0, players),
        Less(50.0, players),
        Dwell(60.0, 20.0, why),
    )
    said = done(events, PLAN, (liking(25.0, liked=True), liking(5.0, liked=False)))
    assert [(one.at, one.deed, one.said) for one in said] == [
        (5.0, "dislike", "not liked"),
        (10.0, "ease", "eased"),
        (20.0, "steer", "steered to glad"),
        (25.0, "like", "liked"),
        (30.0, "anew", "composed anew"),
        (40.0, "more", "more of acoustic guitar"),
        (50.0, "less", "less of acoustic guitar"),
        (60.0, "stay", "stayed a while"),
    ]


def test_the_words_of_a_target_are_shown_harmless() -> None:
    (one,) = done([Steer(1.0, feeling("glad").affect, "gl\x1bad\n")], PLAN)
    assert one.said.isprintable()


def test_a_plan_is_not_gone_through_ten_times_a_second() -> None:
    status = FakeRunner(a_snapshot()).status()
    first = snapshot(Stands(status))
    later = snapshot(Stands(msgspec.structs.replace(status, phase="paused")))
    assert first.course
    assert later.course is first.course
    liked = msgspec.structs.replace(status, likings=(liking(3.0, liked=True),))
    assert [one.said for one in snapshot(Stands(liked)).asked] == ["liked"]


def test_faders_are_said_by_what_they_do() -> None:
    """Each by how they stood before, or by where the feeling had it."""
    events = [
        Shape(1.0, Faders(density=0.5)),
        Ease(2.0),
        Shape(3.0, Faders(density=0.2, register=0.8)),
        Shape(9.0, Faders()),
    ]
    assert [(one.deed, one.said) for one in done(events, PLAN)] == [
        ("shape", "fewer notes"),
        ("ease", "eased"),
        ("shape", "fewer notes, higher"),
        ("shape", "all as the feeling has it"),
    ]
