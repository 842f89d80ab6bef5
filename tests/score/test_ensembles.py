"""The ensembles: tags that become arrangements, figures that take turns, layers that grow."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path as FilePath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.basses import BASSES
from engine.composers.score.parts.ensembles import (
    _GENRES,
    MOVED,
    STYLE_OF,
    STYLES,
    VOICE_OF,
    Ensemble,
    Voice,
    ensemble_for,
    style_of,
)
from engine.composers.score.parts.figures import FIGURES
from engine.composers.score.parts.guitar import STRINGS, grip
from engine.composers.score.parts.percussion import KITS
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.plan import tags as plan_tags
from engine.plan.spec import SeedStep, Tags

STATISTICS = FilePath(plan_tags.__file__).parent / "data" / "tag_statistics.json"
SEEDS = (SeedStep(0.0, 9),)
HOLDING = {name for name, instrument in INSTRUMENTS.items() if instrument.loop}


def still(valence: float, arousal: float) -> Path:
    return Path((Waypoint(0.0, Affect(valence, arousal)),))


def bars(path: Path, total: float = 120.0) -> list[Bar]:
    course = Course(path, SEEDS, total)
    state = first_state(course)
    made = []
    while not state.done:
        bar, state = next_bar(state, course)
        made.append(bar)
    return made


def played(style: str, arousal: float, total: float = 120.0) -> list[list[Note]]:
    """The notes of every bar of an ensemble under its own voice."""
    path = still(0.1, arousal)
    ensemble = Ensemble(STYLES[style], Voice(STYLES[style].lead))
    return [arrange(bar, ensemble, path) for bar in bars(path, total)]


def test_no_ensemble_takes_more_than_a_quarter_of_the_tags() -> None:
    """Over P(genre | mood) P(instrument | mood) in MTG-Jamendo, all moods alike; and over the
    genres alone."""
    statistics = json.loads(STATISTICS.read_text())
    genres, instruments = statistics["genre_given_mood"], statistics["instrument_given_mood"]
    both: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    leads: Counter[str] = Counter()
    for mood in genres:
        weight = len(genres) * sum(genres[mood].values())
        players = sum(instruments[mood].values())
        for tag, share in instruments[mood].items():
            leads[VOICE_OF[tag].lead] += share / players / len(genres)
        for genre, share in genres[mood].items():
            alone[STYLE_OF[genre]] += share / weight
            for tag, player in instruments[mood].items():
                both[style_of(tag, genre)] += share * player / players / weight
    assert max(both.values()) <= 0.25, both
    assert max(alone.values()) <= 0.25, alone
    assert max(leads.values()) <= 0.25, leads
    assert sum(both.values()) == pytest.approx(1.0)
    assert set(both) == set(STYLES)


def test_every_pair_of_tags_makes_an_ensemble_of_what_is_there() -> None:
    for genre, tag in itertools.product(STYLE_OF, VOICE_OF):
        ensemble = ensemble_for(Tags("", "", tag, genre))
        names = {ensemble.figure, ensemble.answer, ensemble.struck, ensemble.voice.lead}
        names |= {n for n in (ensemble.bass, ensemble.style.pad, ensemble.style.counter) if n}
        assert names <= set(INSTRUMENTS)
        assert set(ensemble.figures) <= set(FIGURES)
        assert ensemble.style.line in BASSES
        assert ensemble.kit in {"", *KITS}
        assert ensemble.struck not in HOLDING
    assert set(MOVED.values()) <= set(STYLES)
    assert {tag for _, tag in MOVED} <= set(VOICE_OF)


def test_every_name_in_the_tables_is_one() -> None:
    genres = " ".join(_GENRES.values()).split()
    assert len(genres) == len(set(genres)), "a genre has one style"
    assert {style for style, _ in MOVED} <= set(STYLES)
    for style in STYLES.values():
        played = (style.lead, style.colour, style.counter, style.busy, style.glitter, style.drive)
        assert {name for name in played if name} <= set(INSTRUMENTS), style.name


def test_every_ensemble_has_two_figures_and_they_take_turns() -> None:
    for name, style in STYLES.items():
        assert len(style.figures) >= 2, name
        made = played(name, 0.1, 180.0)
        starts = range(0, len(made) - 8, 8)
        shapes = [tuple(len(notes) for notes in made[k : k + 8]) for k in starts]
        assert len(set(shapes)) >= min(3, len(shapes)), name


@pytest.mark.parametrize("style", sorted(STYLES))
def test_texture_grows_with_arousal(style: str) -> None:
    """More notes a second, more parts, shorter and brighter ones, step by step."""
    onsets, parts, lengths, lights = [], [], [], []
    for arousal in (-0.9, -0.45, 0.0, 0.45, 0.9):
        made = played(style, arousal)[4:-3]
        notes = [n for bar in made for n in bar]
        seconds = (notes[-1].onset - notes[0].onset) / SAMPLE_RATE
        onsets.append(len(notes) / seconds)
        parts.append(len({n.part for n in notes} | {n.instrument for n in notes}))
        lengths.append(np.mean([n.gate for n in notes if n.part != "pad"]))
        lights.append(np.mean([n.brightness for n in notes]))
    assert all(b > a for a, b in itertools.pairwise(onsets)), onsets
    assert onsets[-1] >= 2.0 * onsets[0]
    assert parts[-1] >= parts[0]
    assert lengths[-1] < 0.7 * lengths[0]
    assert all(b > a for a, b in itertools.pairwise(lights))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_only_pads_hold_and_nothing_jumps_in(style: str) -> None:
    """No part enters at full strength because the affect has crossed a line: a small step in
    arousal makes a small step in the sum of a bar's gains."""
    path = still(0.1, 0.0)
    ensemble = Ensemble(STYLES[style], Voice(STYLES[style].lead))
    bar = next(b for b in bars(path) if b.kind == "body" and b.phrase_bar == 2)
    power = []
    for arousal in np.linspace(-1.0, 1.0, 81):
        notes = arrange(bar, ensemble, still(0.1, float(arousal)))
        power.append(sum(n.gain**2 * n.gate for n in notes if n.part == "drums"))
        assert all(n.gate <= 8 * SAMPLE_RATE for n in notes)
    steps = np.diff(power)
    if max(power) > 0.0:
        assert max(steps) <= 0.45 * max(power)


def test_a_walking_bass_walks_and_a_calm_one_stands() -> None:
    walking = [n for bar in played("lounge", 0.3)[4:-3] for n in bar if n.part == "bass"]
    standing = [n for bar in played("lounge", -0.8)[4:-3] for n in bar if n.part == "bass"]
    steps = [abs(a.pitch - b.pitch) for a, b in itertools.pairwise(walking)]
    assert np.mean(np.array(steps) > 0) >= 0.7
    assert max(steps) <= 14
    assert len(walking) > 2 * len(standing)


@given(st.lists(st.integers(0, 11), min_size=3, max_size=4, unique=True), st.integers(0, 3))
def test_a_hand_can_hold_the_chord(pcs: list[int], which: int) -> None:
    """Where a grip exists it lies on four to six strings within four frets, ascending."""
    bass = pcs[which % len(pcs)]
    chord = grip(tuple(sorted(pcs)), bass)
    if not chord:
        return
    assert 4 <= len(chord) <= 6
    assert {p % 12 for p in chord} <= set(pcs)
    strings = STRINGS[6 - len(chord) :]
    options = [[p - s for s in STRINGS if 0 <= p - s <= 11] for p in chord]
    assert all(options), strings


@pytest.mark.parametrize(
    ("pcs", "root", "frets"),
    [
        ((0, 4, 7), 0, (48, 52, 55, 60, 64)),
        ((4, 7, 11), 4, (40, 47, 52, 55, 59, 64)),
        ((0, 4, 9), 9, (45, 52, 57, 60, 64)),
        ((2, 6, 9), 2, (50, 57, 62, 66)),
        ((2, 7, 11), 7, (43, 47, 50, 55, 59, 67)),
    ],
)
def test_plain_chords_lie_as_they_are_played(
    pcs: tuple[int, ...], root: int, frets: tuple[int, ...]
) -> None:
    """C, E minor, A minor, D and G in the first position."""
    assert grip(pcs, root) == frets


def test_counter_melodies_move_where_the_melody_holds() -> None:
    """In an orchestra of some arousal there is a second line, and it starts notes of its own."""
    made = played("orchestra", 0.2)
    own = shared = 0
    for notes in made:
        lead = {round(n.onset / 2400) for n in notes if n.part == "lead"}
        for note in notes:
            if note.part == "counter":
                near = {round(note.onset / 2400) + k for k in (-1, 0, 1)}
                own, shared = own + (not near & lead), shared + bool(near & lead)
    assert own >= 8
    assert own >= 0.2 * shared


def test_hands_are_human_but_not_sloppy() -> None:
    """Onsets lie about the grid, mostly up to 60 ms after it, no two bars alike; only where a
    phrase broadens they come some way before it."""
    path = still(0.2, -0.2)
    ensemble = ensemble_for(Tags("", "", "piano", "classical"))
    late, early = [], []
    for bar in bars(path):
        broad = bar.ends_phrase or bar.phrase_bar + 2 >= 0.65 * bar.phrase_bars
        for note in arrange(bar, ensemble, path):
            step = bar.beat / 4
            off = ((note.onset - bar.start + step / 2) % step - step / 2) / SAMPLE_RATE
            late.append(off)
            if not broad:
                early.append(off)
    late_ = np.array([x for x in late if x < 0.08])
    assert min(early) >= 0.0
    assert np.quantile(late, 0.02) >= -0.06
    assert len(late_) >= 0.8 * len(late)
    assert 0.004 <= np.std(late_) <= 0.03
    assert len(set(np.round(late_, 5))) > 0.5 * len(late_)


def test_no_two_strings_of_a_grip_rub() -> None:
    """Neighbouring strings of a major seventh chord in first inversion are no semitone apart."""
    chord = grip((0, 1, 5, 8), 5)
    assert {p % 12 for p in chord} == {0, 1, 5, 8}
    assert all(abs(p - q) > 1 for p, q in itertools.pairwise(chord))
