"""A mood table in a request: its moods are the plan's, it goes where the request goes, and without
one nothing is written that was not written before."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.moods import MOODS, OWN_TABLE, MoodTable, PlacedMood
from engine.plan.events import Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec
from engine.plan.tags import MOOD_MARGIN, mood_of
from engine.sidecar import session_report

axis = st.floats(-1, 1)
affects = st.builds(Affect, axis, axis)
CORNERS = {"epic": (0.6, 0.6), "love": (0.6, -0.6), "action": (-0.6, 0.6), "trailer": (-0.6, -0.6)}
TABLE = MoodTable("clinic", tuple(PlacedMood(tag, Affect(*at)) for tag, at in CORNERS.items()))
OWN = MoodTable("own", tuple(PlacedMood(m.name, m.affect) for m in MOODS if m.affect is not None))
ASKED = Request(start=Affect(-0.7, 0.7), target=Affect(0.7, -0.7), minutes=6, seed=4)
"""Tense to calm, as one might type it."""
WITH_TABLE = msgspec.structs.replace(ASKED, mood_table=TABLE)
EVENTS = (Skip(60.0), Steer(120.0, Affect(0.7, 0.7)))


def test_every_clip_has_a_mood_of_the_table() -> None:
    plan = make_plan(WITH_TABLE, EVENTS)
    moods = [clip.tags.mood for clip in plan.clips]
    assert moods[0] == "action"
    assert moods[-1] == "epic"
    assert set(moods) <= CORNERS.keys()
    assert all(f" {clip.tags.mood} " in clip.prompt for clip in plan.clips)
    assert all(clip.mood_table == TABLE for clip in plan.clips)
    assert not set(moods) & {clip.tags.mood for clip in make_plan(ASKED, EVENTS).clips}


@settings(deadline=None, max_examples=30)
@given(affects, affects, st.integers(0, 2**62))
def test_musmeds_own_places_as_a_table_make_musmeds_own_plan(
    start: Affect, target: Affect, seed: int
) -> None:
    asked = Request(start=start, target=target, minutes=4, seed=seed, temperature=0.9)
    other = make_plan(msgspec.structs.replace(asked, mood_table=OWN), EVENTS)
    bare = [msgspec.structs.replace(clip, mood_table=None) for clip in other.clips]
    assert tuple(bare) == make_plan(asked, EVENTS).clips


@settings(deadline=None)
@given(affects, st.sampled_from([None, *CORNERS]))
def test_a_mood_stays_until_another_is_clearly_nearer(here: Affect, before: str | None) -> None:
    far = {tag: here.distance(Affect(*at)) for tag, at in CORNERS.items()}
    chosen = mood_of(here, before, TABLE)
    if before is not None and far[before] - min(far.values()) <= MOOD_MARGIN:
        assert chosen == before
    else:
        assert far[chosen] == min(far.values())


def test_a_mood_of_before_that_the_table_has_not_is_no_reason_to_stay() -> None:
    assert mood_of(Affect(0.6, 0.6), "happy", TABLE) == "epic"


def test_the_table_is_kept_with_the_request_and_not_its_file() -> None:
    kept = msgspec.json.encode(WITH_TABLE)
    again = msgspec.json.decode(kept, type=Request)
    assert again == WITH_TABLE
    assert make_plan(again, EVENTS) == make_plan(WITH_TABLE, EVENTS)
    for clip in make_plan(WITH_TABLE).clips:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(clip), type=ClipSpec) == clip


def test_what_was_kept_before_there_were_tables_is_read() -> None:
    old = msgspec.to_builtins(ASKED)
    del old["mood_table"]
    assert msgspec.convert(old, Request) == ASKED
    spec = msgspec.to_builtins(make_plan(ASKED).clips[0])
    later = {"mood_table", "gentle", "features", "description", "faders"}
    assert not later & spec.keys(), "what is sent of a clip is what it was"
    assert set(spec) == set(ClipSpec.__struct_fields__) - later
    del spec["changes"]
    assert msgspec.convert(spec, ClipSpec).changes == ()


@pytest.mark.parametrize(
    "places",
    [
        [],
        [{"name": "epik", "affect": {"valence": 0, "arousal": 0}}],
        [
            {"name": tag, "affect": {"valence": 2 * v, "arousal": a}}
            for tag, (v, a) in CORNERS.items()
        ],
        [
            {"name": tag, "affect": {"valence": 0.5, "arousal": a}}
            for tag, (_, a) in CORNERS.items()
        ],
    ],
)
def test_a_request_with_a_table_that_is_none_is_no_request(places: list[object]) -> None:
    data = msgspec.to_builtins(ASKED) | {"mood_table": {"name": "x", "places": places}}
    with pytest.raises(msgspec.ValidationError, match="mood_table"):
        msgspec.convert(data, Request)


def test_the_sidecar_says_by_which_table() -> None:
    told = [session_report(r, make_plan(r), (), (), ()) for r in (ASKED, WITH_TABLE)]
    assert [one.mood_table for one in told] == [OWN_TABLE, "clinic"]
    assert told[1].request.mood_table == TABLE


@pytest.mark.parametrize("first", range(0, 56, 4))
def test_drift_knows_every_tag_that_a_table_may_place(first: int) -> None:
    """Themes too: its statistics are by tag."""
    four = [mood.name for mood in MOODS[first : first + 4]]
    places = zip(four, CORNERS.values(), strict=True)
    table = MoodTable("x", tuple(PlacedMood(tag, Affect(*at)) for tag, at in places))
    asked = msgspec.structs.replace(ASKED, temperature=1.0, mood_table=table, minutes=10)
    assert len({(c.tags.instrument, c.tags.genre) for c in make_plan(asked).clips}) > 1
