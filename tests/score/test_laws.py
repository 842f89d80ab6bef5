"""Laws of the bars and notes, whatever the ensemble and the affect."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path as FilePath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.descriptor import describe
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.parts.arrangement import LONGEST_NOTE, Note, arrange
from engine.composers.score.parts.ensembles import (
    STYLE_OF,
    STYLES,
    VOICE_OF,
    Ensemble,
    Voice,
    ensemble_for,
)
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.composers.score.writing.harmony import SCALES
from engine.composers.score.writing.sections import TUNE, BarPlan
from engine.plan import tags as plan_tags
from engine.plan.spec import SeedStep, Tags

STATISTICS = FilePath(plan_tags.__file__).parent / "data" / "tag_statistics.json"
coordinate = st.floats(-1.0, 1.0).map(lambda x: round(x, 3))
affects = st.builds(Affect, coordinate, coordinate)


def still(affect: Affect) -> Path:
    return Path((Waypoint(0.0, affect),))


def score(path: Path, total: float, seeds: tuple[SeedStep, ...]) -> list[Bar]:
    course = Course(path, seeds, total)
    state = first_state(course)
    bars: list[Bar] = []
    while not state.done:
        bar, state = next_bar(state, course)
        bars.append(bar)
    return bars


def seeded(seed: int) -> tuple[SeedStep, ...]:
    return (SeedStep(0.0, seed),)


@given(affects, affects, st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_bars_follow_one_another_within_the_slew_limits(a: Affect, b: Affect, seed: int) -> None:
    jump = Path((Waypoint(0.0, a), Waypoint(40.0, a), Waypoint(40.5, b)))
    bars = score(jump, 120.0, seeded(seed))
    assert bars[0].start == 0
    assert bars[-1].end == frames_of(120.0)
    for one, two in itertools.pairwise(bars):
        assert two.start == one.end
        assert abs(two.tempo - one.tempo) <= 3.0 + 1e-9
        if two.mode != one.mode:
            assert two.opens_phrase
        if two.tonic != one.tonic:
            assert two.section_bar == 0
            dominant = one.harmony[-1].chord
            assert dominant.pcs[0] == (two.tonic + 7) % 12, "the new key's dominant leads to it"
            assert dominant.rises == (two.tonic + 11) % 12
    assert max(bar.beat for bar in bars) <= 1.5 * SAMPLE_RATE


@given(affects, st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_melody_stays_singable(affect: Affect, seed: int) -> None:
    bars = score(still(affect), 120.0, seeded(seed))
    tones = [(bar, tone) for bar in bars for tone in bar.melody]
    pitches = [tone.pitch for _, tone in tones]
    assert max(abs(p - q) for p, q in itertools.pairwise(pitches)) <= 12
    for bar, tone in tones:
        assert 0 <= tone.slot < 16
        assert tone.slot + tone.length <= 16
        if not any(h.chord.pcs for h in bar.harmony if tone.pitch % 12 in h.chord.pcs):
            scale = {(bar.tonic + s) % 12 for s in SCALES[bar.mode]}
            assert tone.pitch % 12 in scale


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("arousal", [-0.9, 0.0, 0.9])
def test_notes_of_every_ensemble(style: str, arousal: float) -> None:
    path = still(Affect(-0.2, arousal))
    ensemble = Ensemble(STYLES[style], Voice("flute"))
    notes: list[Note] = []
    for bar in score(path, 90.0, seeded(5)):
        made = arrange(bar, ensemble, path)
        assert all(bar.start <= n.onset for n in made)
        notes += made
    assert notes[0].onset == 0, "music begins at once"
    assert all(n.instrument in INSTRUMENTS for n in notes)
    assert all(0 < n.gate <= LONGEST_NOTE for n in notes)
    assert all(0.0 < n.gain < 1.3 and 0.0 <= n.brightness < 1.0 for n in notes)
    melody = [n for n in notes if n.part == "lead"]
    assert melody
    assert len({n.part for n in notes if n.onset < 2 * SAMPLE_RATE}) < len({n.part for n in notes})


def grid_features() -> tuple[np.ndarray, np.ndarray]:
    """(v, a) and (notes per second, tempo, mode, velocity gain) on a 5 x 5 grid, two seeds."""
    points, features = [], []
    for v in np.linspace(-0.9, 0.9, 5):
        for a in np.linspace(-0.9, 0.9, 5):
            path = still(Affect(float(v), float(a)))
            bars = [bar for seed in (1, 2) for bar in score(path, 75.0, seeded(seed))]
            body = [bar for bar in bars if bar.kind == "body"]
            seconds = sum(bar.length for bar in body) / SAMPLE_RATE
            ensemble = ensemble_for(Tags("", "", "piano", "soundtrack"))
            notes = [n for bar in body for n in arrange(bar, ensemble, path)]
            points.append((v, a))
            features.append(
                (
                    sum(len(bar.melody) for bar in body) / seconds,
                    np.mean([bar.tempo for bar in body]),
                    np.mean([bar.mode for bar in body]),
                    np.mean([n.gain for n in notes if n.part == "lead"]),
                    np.mean([n.brightness for n in notes]),
                    len(notes) / seconds,
                )
            )
    return np.array(points), np.array(features)


def test_affect_is_heard_in_the_score() -> None:
    points, features = grid_features()

    def r(axis: int, feature: int) -> float:
        return float(np.corrcoef(points[:, axis], features[:, feature])[0, 1])

    assert r(1, 0) >= 0.95, "melody density on arousal"
    assert r(1, 1) >= 0.95, "tempo on arousal"
    assert r(0, 2) >= 0.90, "mode brightness on valence"
    assert r(1, 3) >= 0.90, "loudness on arousal"
    assert r(1, 4) >= 0.90, "brightness on arousal"
    assert r(1, 5) >= 0.90, "density of all parts on arousal"


@given(affects, affects)
def test_the_descriptor_is_monotone(a: Affect, b: Affect) -> None:
    low, high = sorted((a.arousal, b.arousal))
    calm, lively = describe(Affect(a.valence, low)), describe(Affect(a.valence, high))
    assert calm.tempo <= lively.tempo
    assert calm.density <= lively.density
    assert calm.loudness <= lively.loudness
    assert calm.articulation >= lively.articulation
    low, high = sorted((a.valence, b.valence))
    dark, light = describe(Affect(low, a.arousal)), describe(Affect(high, a.arousal))
    assert dark.mode <= light.mode
    assert dark.tension >= light.tension
    assert dark.register <= light.register


def test_tunes_end_in_a_cadence_and_breathe() -> None:
    bars = score(still(Affect(0.5, -0.2)), 180.0, seeded(3))
    ends = [bar for bar in bars if bar.kind == "body" and bar.plan == BarPlan(TUNE, 7)]
    assert ends
    for bar in ends:
        last = bar.melody[-1]
        assert last.slot + last.length < bar.metre.slots, "a rest before the next phrase"
        assert last.pitch % 12 == bar.tonic
        assert bar.harmony[0].chord.pcs[0] == bar.tonic


@given(affects, st.integers(0, 10**6), st.floats(60.0, 200.0))
@settings(max_examples=20, deadline=None)
def test_the_ending_is_one(affect: Affect, seed: int, total: float) -> None:
    """The tune whole, a coda that slows, and the tonic held to the end, the melody on top."""
    bars = score(still(affect), total, seeded(seed))
    kinds = [kind for kind, _ in itertools.groupby(bar.kind for bar in bars)]
    assert kinds == ["intro", "body", "coda", "final"]
    assert next(bar.section_bar for bar in bars if bar.kind == "coda") == 0
    *_, before, last, final = bars
    assert final.tempo <= last.tempo < before.tempo or last.tempo <= 50.0
    assert final.harmony[0].chord.pcs[0] == final.tonic
    assert final.harmony[0].bass % 12 == final.tonic
    assert final.melody[-1].pitch % 12 == final.tonic
    assert final.melody[-1].pitch >= max(final.harmony[-1].voicing)
    assert 4.0 <= final.length / SAMPLE_RATE <= 9.6


def test_a_skip_brings_new_material_and_nothing_before_it() -> None:
    path = still(Affect(0.1, 0.1))
    old = score(path, 120.0, seeded(1))
    new = score(path, 120.0, (SeedStep(0.0, 1), SeedStep(50.0, 2)))
    first = next(i for i, bar in enumerate(new) if bar.start >= frames_of(50.0))
    assert new[:first] == old[:first]
    assert new[first].seed == 2
    assert new[first].phrase_bar == 0
    assert new[first].tonic == old[first - 1].tonic
    assert abs(new[first].tempo - new[first - 1].tempo) <= 3.0
    assert [b.melody for b in new[first : first + 8]] != [b.melody for b in old[first : first + 8]]


def test_a_steer_is_heard_from_the_next_note_on() -> None:
    """Within the bar that is sounding, notes before the change stay and those after it change."""
    calm = still(Affect(0.1, -0.2))
    bar = next(b for b in score(calm, 120.0, seeded(1)) if b.start > frames_of(40.0))
    at = (bar.start + 2 * bar.beat) / SAMPLE_RATE
    steered = Path((Waypoint(0.0, Affect(0.1, -0.2)), Waypoint(at, Affect(0.1, -0.2)),
                    Waypoint(at + 0.5, Affect(0.1, 0.9))))  # fmt: skip
    ensemble = ensemble_for(Tags("", "", "piano", "classical"))
    before, after = arrange(bar, ensemble, calm), arrange(bar, ensemble, steered)
    changed = [p.onset for p, q in zip(before, after, strict=True) if p != q]
    assert changed
    assert min(changed) >= frames_of(at)


def test_every_tag_has_its_ensemble() -> None:
    statistics = json.loads(STATISTICS.read_text())
    assert set(statistics["instruments"]) <= set(VOICE_OF)
    assert set(statistics["genres"]) <= set(STYLE_OF)
    assert len(VOICE_OF) == 40
    assert len(STYLE_OF) == 87
    assert {voice.lead for voice in VOICE_OF.values()} <= set(INSTRUMENTS)
    styles = Counter(STYLE_OF.values())
    voices = Counter(VOICE_OF.values())
    assert max(styles.values()) <= 0.25 * 87
    assert max(voices.values()) <= 0.25 * 40
    assert set(styles) == set(STYLES)


def test_no_ensemble_takes_most_of_the_listening() -> None:
    """Weighted by how often each genre comes with a mood in MTG-Jamendo."""
    moods = json.loads(STATISTICS.read_text())["genre_given_mood"]
    mass: Counter[str] = Counter()
    for genres in moods.values():
        for genre, share in genres.items():
            mass[STYLE_OF[genre]] += share / sum(genres.values()) / len(moods)
    assert max(mass.values()) <= 0.30, mass


def test_the_instrument_that_was_asked_for_is_heard() -> None:
    path = still(Affect(0.2, 0.3))
    bars = score(path, 60.0, seeded(1))
    for tag, heard in (("harp", "harp"), ("violin", "violin"), ("bass", "bass"), ("drums", "kick")):
        ensemble = ensemble_for(Tags("", "", tag, "classical"))
        played = {n.instrument for bar in bars for n in arrange(bar, ensemble, path)}
        assert heard in played
