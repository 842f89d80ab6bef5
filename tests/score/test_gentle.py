"""Gentle ears, by the notes: whoever plays whatever way, each cap is kept; and no cap changes what
it does not cap."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.ears import of_notes, roughness

from engine.affect.circumplex import Affect
from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.parts.ensembles import STYLE_OF, VOICE_OF
from engine.composers.score.parts.touch import Note
from engine.composers.score.session_score import session_score
from engine.composers.score.sound.renderer import Renderer
from engine.composers.score.writing.spared import fitted
from engine.plan.drift import PERCUSSION
from engine.plan.events import Ease, Skip, Steer
from engine.plan.gentle import ALL, Gentle
from engine.plan.planner import make_plan
from engine.plan.request import Request

coordinate = st.floats(-1.0, 1.0).map(lambda x: round(x, 3))
affects = st.builds(Affect, coordinate, coordinate)
caps = st.builds(
    Gentle,
    register=st.integers(72, 96),
    leaps=st.integers(6, 12),
    held=st.floats(1.0, 8.0),
    beating=st.floats(0.3, 1.0),
    percussion=st.just("off"),
)
sessions = st.builds(
    Request,
    start=affects,
    target=affects,
    seed=st.integers(0, 2**40),
    minutes=st.just(1.0),
    temperature=st.just(1.0),
    instrument=st.sampled_from(sorted(VOICE_OF.keys() - PERCUSSION)),
    genre=st.sampled_from(sorted(STYLE_OF)),
)
LIVELY = Request(start=Affect(-0.4, 0.2), target=Affect(0.7, 0.8), minutes=1.5, seed=8)
QUICKLY = [phase for phase in Phase if phase is not Phase.shrink]
"""A minute of score for each step of shrinking would be hours."""
EVENTS = (Skip(20.0), Ease(35.0), Steer(50.0, Affect(-0.6, 0.7)))


def notes_under(request: Request, gentle: Gentle | None) -> tuple[Note, ...]:
    return session_score(msgspec.structs.replace(request, gentle=gentle)).notes


@given(sessions, caps)
@settings(max_examples=12, deadline=None, phases=QUICKLY)
def test_every_cap_is_kept_whoever_plays(request: Request, gentle: Gentle) -> None:
    assert gentle.register is not None
    assert gentle.leaps is not None
    assert gentle.held is not None
    assert gentle.beating is not None
    found = of_notes(notes_under(request, gentle))
    assert found.highest <= gentle.register
    assert found.leap <= gentle.leaps
    assert found.longest <= gentle.held + 0.001
    assert found.nearest >= gentle.beating
    assert found.drums == 0


@given(sessions, st.lists(st.sampled_from(EVENTS), unique=True))
@settings(max_examples=3, deadline=None, phases=QUICKLY)
def test_a_change_of_course_keeps_every_cap(request: Request, events: list[object]) -> None:
    chosen = [event for event in EVENTS if event in events]
    asked = msgspec.structs.replace(request, gentle=ALL)
    for clip in session_score(asked, chosen).clips:
        assert clip.spec.gentle == ALL
    found = of_notes(session_score(asked, chosen).notes)
    assert found.highest <= 76
    assert found.longest <= 4.001
    assert found.nearest >= 0.75
    assert found.drums == 0
    if not any(isinstance(event, Skip) for event in chosen):  # which cuts a bass on its way
        assert found.leap <= 7


@pytest.mark.parametrize(
    ("name", "of"),
    [("register", "highest"), ("leaps", "leap"), ("held", "longest"), ("percussion", "drums")],
)
def test_each_cap_alone_does_what_it_says(name: str, of: str) -> None:
    request = msgspec.structs.replace(LIVELY, instrument="electricguitar", genre="pop")
    value = getattr(ALL, name)
    free = getattr(of_notes(notes_under(request, None)), of)
    found = getattr(of_notes(notes_under(request, Gentle(**{name: value}))), of)
    most = 0 if name == "percussion" else value
    assert found <= most + 0.001 < free


def test_beating_alone_does_what_it_says() -> None:
    free, found = (of_notes(notes_under(LIVELY, g)) for g in (None, Gentle(beating=0.75)))
    assert found.nearest >= 0.75 > free.nearest


def test_a_cap_on_sound_changes_no_note() -> None:
    assert notes_under(LIVELY, Gentle(brightness=3000.0, onsets=30.0)) == notes_under(LIVELY, None)


@given(
    st.integers(40, 100),
    st.integers(60, 96),
    st.tuples(st.integers(72, 96), st.integers(6, 12)),
    st.integers(0, 11),
)
def test_a_tone_that_is_moved_is_in_reach_and_low_enough(
    pitch: int, before: int, caps: tuple[int, int], root: int
) -> None:
    """Triads have a tone in any seven semitones: of all, the diminished has the widest gap."""
    highest, leap = caps
    before = min(before, highest)
    moved = fitted(pitch, before, caps, [(root + step) % 12 for step in (0, 3, 6)])
    assert 60 <= moved <= highest
    assert abs(moved - before) <= leap
    if 60 <= pitch <= highest and abs(pitch - before) <= leap:
        assert moved == pitch, "what is within the caps stays"


@cache
def windows() -> tuple[tuple[int, Frames], ...]:
    """The first clips of a session with all caps, each as it is composed."""
    request = msgspec.structs.replace(LIVELY, gentle=ALL, instrument="pad", genre="ambient")
    composer, state, made = EmbeddedComposer(), None, []
    for spec in make_plan(request).clips[:2]:
        composition = composer.compose(spec, state, lambda: False)
        audio = np.concatenate(list(composition.chunks()))
        made.append((composition.render_from, audio))
        state = composition.state()
    return tuple(made)


def test_windows_of_one_session_are_the_same_bits() -> None:
    (first, one), (second, two) = windows()
    lap = frames_of(30.0) - second
    assert lap > 7 * SAMPLE_RATE
    assert np.array_equal(one[second - first :][:lap], two[:lap])


def alone(instrument: str, gentle: Gentle | None) -> Frames:
    """Two seconds of one note."""
    note = Note(0, "lead", 60, instrument, 2 * SAMPLE_RATE, 0.5, 0.4, 0.0, 0.0, 0)
    given = iter([[note]])
    return np.concatenate(list(Renderer().blocks(lambda _frame: next(given, []), 0, 4, gentle)))


def test_an_onset_is_no_steeper_than_the_cap() -> None:
    """A raised cosine of 60 ms is at 7 % of its height after 10 ms, at half of it after 30."""
    hard, soft = (np.abs(alone("piano", g)) for g in (None, Gentle(onsets=60.0)))
    ten = SAMPLE_RATE // 100
    assert hard[:ten].max() > 0.3 * hard.max()
    assert soft[:ten].max() < 0.1 * hard.max()
    assert np.array_equal(soft[7 * ten :], hard[7 * ten :]), "the note itself is what it was"


def test_who_sways_from_side_to_side_does_not_where_beating_is_capped() -> None:
    """An electric piano's tremolo."""
    sway = []
    for gentle in (None, Gentle(beating=0.75)):
        audio = alone("electric piano", gentle).reshape(-1, GRID_FRAMES // 10, 2)
        left, right = np.sqrt((audio**2).mean(axis=1)).T
        sway.append(float(np.ptp(left / (left + right))))
    assert sway[0] > 0.15
    assert sway[1] < 0.02


def test_the_measure_of_roughness_knows_a_rub_from_a_fifth() -> None:
    """Two tones of six partials on A3: Plomp & Levelt's order of a semitone, a tritone, a fifth."""

    def of(semitones: float) -> float:
        numbers = np.arange(1.0, 7.0)
        low, high = 220.0 * numbers, 220.0 * 2.0 ** (semitones / 12.0) * numbers
        return roughness(np.concatenate((low, high)), np.tile(0.88**numbers, 2))

    assert of(1.0) > 2.0 * of(6.0)
    assert of(6.0) > 1.3 * of(7.0)
    assert of(7.0) > of(0.0)
