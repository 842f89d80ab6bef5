"""Faders: each holds what it names, moves while it plays, and leaves the rest to the affect."""

from __future__ import annotations

import itertools
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.bars_measured import measured
from support.ears import of_notes

from engine.affect.circumplex import Affect
from engine.audio.format import frames_of
from engine.composers.score.composer import bars_of
from engine.composers.score.session_score import SessionScore, session_score
from engine.composers.score.writing.course import course_of
from engine.composers.score.writing.form import first_state
from engine.plan.described import DescribedBar, Description
from engine.plan.events import Event, Shape, Skip, Steer
from engine.plan.gentle import ALL, Gentle
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.wanted import Faders, Features

REQUEST = Request(
    start=Affect(-0.4, 0.3),
    target=Affect(0.5, -0.3),
    start_word="tense",
    target_word="calm",
    minutes=1.0,
    seed=8,
    instrument="piano",
    genre="classical",
)
QUICKLY = [phase for phase in Phase if phase is not Phase.shrink]
"""A minute of score for each step of shrinking would be hours."""


@cache
def held(**faders: float) -> SessionScore:
    return session_score(REQUEST, (Shape(0.0, Faders(**faders)),))


@pytest.mark.parametrize(("share", "places"), [(0.0, 2), (0.5, 9), (1.0, 16)])
def test_rhythm_is_how_many_places_of_a_bar_something_begins_at(share: float, places: int) -> None:
    score = session_score(
        msgspec.structs.replace(REQUEST, features=Features(time_signature="4/4")),
        (Shape(0.0, Faders(rhythm=share)),),
    )
    counts = [bar.places for bar in measured(score) if bar.kind == "body"]
    assert np.mean(counts) == pytest.approx(places, abs=0.6)


@pytest.mark.parametrize(("share", "notes"), [(0.0, 1.0), (0.5, 3.74), (1.0, 14.0)])
def test_density_is_how_many_notes_begin(share: float, notes: float) -> None:
    counts = [bar.density for bar in measured(held(density=share)) if bar.kind == "body"]
    assert np.mean(counts) == pytest.approx(notes, rel=0.08)
    assert min(counts) > 0


def test_register_is_how_high_it_lies_melody_and_all() -> None:
    low, middle, high = (
        [bar for bar in measured(held(register=share)) if bar.kind == "body"]
        for share in (0.0, 0.5, 1.0)
    )
    for bars, mean in ((low, 50.0), (middle, 61.0), (high, 72.0)):
        assert np.mean([bar.pitch for bar in bars]) == pytest.approx(mean, abs=3.5)
    sung = [[bar.sung for bar in bars if bar.sung] for bars in (low, middle, high)]
    assert np.mean(sung[0]) + 6 < np.mean(sung[1]) < np.mean(sung[2]) - 5


def test_brightness_is_the_sound_alone() -> None:
    dark, bright = held(brightness=0.0), held(brightness=1.0)
    plain = session_score(REQUEST)
    for one, two, three in zip(dark.notes, bright.notes, plain.notes, strict=True):
        assert one.brightness < 0.1
        assert two.brightness > 0.9
        assert one._replace(brightness=0.0) == three._replace(brightness=0.0)
        assert two._replace(brightness=0.0) == three._replace(brightness=0.0)


def test_two_hold_together() -> None:
    """Few places with full chords, and a single line at every place."""
    chords = [bar for bar in measured(held(rhythm=0.0, density=1.0)) if bar.kind == "body"]
    line = [bar for bar in measured(held(rhythm=1.0, density=0.0)) if bar.kind == "body"]
    assert np.mean([bar.places / bar.slots for bar in chords]) < 0.2
    assert np.mean([bar.density for bar in chords]) > 2.5
    assert np.mean([bar.places / bar.slots for bar in line]) > 0.9
    assert np.mean([bar.density for bar in line]) < 4.6, "a line and its ground"


def test_a_fader_that_moves_is_heard_from_the_next_bar_on() -> None:
    """The bars before it are what they were, and the first that begins after it is as it asks."""
    at = 31.3
    before, after = held(rhythm=0.0), Faders(rhythm=1.0)
    moved = session_score(REQUEST, (Shape(0.0, Faders(rhythm=0.0)), Shape(at, after)))
    bars = [bar for bar in measured(moved) if bar.kind == "body"]
    early = [bar.places / bar.slots for bar in bars if bar.start < frames_of(at)]
    late = [bar.places / bar.slots for bar in bars if bar.start >= frames_of(at)]
    assert max(early) < 0.3
    assert late[0] > 0.85
    assert moved.bars[: len(early)] == before.bars[: len(early)]
    assert all(one.end == two.start for one, two in itertools.pairwise(moved.bars))


def test_what_is_let_go_follows_the_affect_again() -> None:
    free = session_score(REQUEST, (Shape(0.0, Faders(density=1.0)), Shape(20.0, Faders())))
    plain = session_score(REQUEST)
    late = [bar.density for bar in measured(free) if bar.start > frames_of(22.0)]
    own = [bar.density for bar in measured(plain) if bar.start > frames_of(22.0)]
    assert np.mean(late) == pytest.approx(np.mean(own), rel=0.15)


shares = st.none() | st.floats(0.0, 1.0).map(lambda x: round(x, 2))
faders = st.builds(Faders, rhythm=shares, density=shares, register=shares, brightness=shares)
times = st.floats(0.0, 50.0).map(lambda x: round(x, 2))
described = st.builds(
    DescribedBar,
    time_signature=st.none() | st.sampled_from(["2/4", "3/4", "4/4", "6/8", "12/8", "5/4"]),
    note_density=st.none() | st.floats(0.0, 20.0),
    mean_pitch=st.none() | st.floats(30.0, 100.0),
    mean_velocity=st.none() | st.floats(1.0, 127.0),
    mean_duration=st.none() | st.floats(0.1, 16.0),
    instruments=st.lists(
        st.sampled_from(["Violin", "Acoustic Grand Piano", "Tuba", "Gunshot", "drums"]), max_size=3
    ).map(tuple),
    chords=st.lists(
        st.sampled_from(["C:maj", "F#:min7", "N", "B:dim", "D#:aug", "G:dom7"]), max_size=6
    ).map(tuple),
)
descriptions = st.none() | st.builds(
    Description, bars=st.lists(described, min_size=1, max_size=6).map(tuple)
)
plans = st.lists(
    st.builds(Shape, at=times, faders=faders)
    | st.builds(Skip, at=times)
    | st.builds(Steer, at=times, target=st.just(Affect(0.4, 0.6))),
    max_size=4,
).map(lambda events: tuple(sorted(events, key=lambda event: event.at)))


@given(descriptions, plans, st.integers(0, 2**40))
@settings(
    max_examples=12, deadline=None, phases=QUICKLY, suppress_health_check=[HealthCheck.too_slow]
)
def test_windows_agree_whatever_is_asked(
    description: Description | None, events: tuple[Event, ...], seed: int
) -> None:
    """A clip's bars are those of the clip before it, as far as that goes on."""
    request = msgspec.structs.replace(REQUEST, description=description, seed=seed)
    plan = make_plan(request, events)
    state = first_state(course_of(plan.clips[0]))
    made: dict[int, object] = {}
    revision = 0
    for spec in plan.clips:
        bars, state = bars_of(spec, state)
        if spec.revision != revision:
            made, revision = {}, spec.revision  # what it brings, the clip before it does not know
        for bar in bars:
            assert made.setdefault(bar.number, bar) == bar
            assert bar.length > 0
    score = session_score(request, events)
    assert score.bars[-1].end == frames_of(request.seconds)
    assert all(one.end == two.start for one, two in itertools.pairwise(score.bars))
    for bar in measured(score):
        assert bar.notes > 0, "no bar is empty"


@given(faders, descriptions, st.integers(0, 2**40))
@settings(
    max_examples=6, deadline=None, phases=QUICKLY, suppress_health_check=[HealthCheck.too_slow]
)
def test_gentle_caps_hold_over_what_is_asked(
    asked: Faders, description: Description | None, seed: int
) -> None:
    request = msgspec.structs.replace(REQUEST, gentle=ALL, description=description, seed=seed)
    found = of_notes(session_score(request, (Shape(3.0, asked),)).notes)
    assert found.highest <= 76
    assert found.longest <= 4.001
    assert found.nearest >= 0.75
    assert found.leap <= 7
    assert found.drums == 0


@pytest.mark.parametrize("gentle", [ALL, Gentle(leaps=7)])
def test_what_is_asked_higher_than_caps_let_it_never_lies_lower(gentle: Gentle) -> None:
    place = Affect(0.5, 0.2)
    request = Request(start=place, target=place, minutes=1.0, seed=4, gentle=gentle)
    free, high = (
        np.mean([bar.pitch for bar in measured(session_score(request, events))])
        for events in ((), (Shape(0.0, Faders(register=1.0)),))
    )
    assert high >= free - 0.5
