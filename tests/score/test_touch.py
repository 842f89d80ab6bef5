"""Touch: arcs, agogics, pedal, voiced chords, repeated tones, answers where all would die away."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import STYLES, Ensemble, Voice
from engine.composers.score.parts.touch import Stroke, Touch, voiced
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar


def still(arousal: float) -> Path:
    return Path((Waypoint(0.0, Affect(0.1, arousal)),))


@cache
def played(style: str, arousal: float, seed: int = 3) -> tuple[tuple[Bar, tuple[Note, ...]], ...]:
    course = steady(still(arousal), seed, 120.0)
    ensemble = Ensemble(STYLES[style], Voice(STYLES[style].lead))
    state = first_state(course)
    made = []
    while not state.done:
        bar, state = next_bar(state, course)
        made.append((bar, tuple(arrange(bar, ensemble, course.path))))
    return tuple(made)


def hands(bar: Bar, arousal: float) -> Touch:
    style = STYLES["solo piano"]
    return Touch(bar, Ensemble(style, Voice(style.lead)), still(arousal))


def test_phrases_swell_towards_their_height_and_fall_away() -> None:
    thirds: dict[int, list[float]] = defaultdict(list)
    for seed in (1, 2, 3):
        for bar, notes in played("solo piano", 0.0, seed):
            if bar.kind == "body" and bar.phrase_bars >= 3:
                for note in notes:
                    if note.part == "lead":
                        within = (note.onset - bar.start) / bar.length
                        place = (bar.phrase_bar + within) / bar.phrase_bars
                        thirds[min(2, int(3 * place))].append(20 * np.log10(note.gain))
    start, height, end = (float(np.mean(thirds[k])) for k in range(3))
    assert height > start + 0.7
    assert np.mean(thirds[2][-1:]) < height
    assert height > end


def test_the_last_bar_of_a_calm_phrase_broadens_within_its_length() -> None:
    """Its middle comes early, so that its last beats are longer; the bar's frames stay."""
    ends = [bar for bar, _ in played("solo piano", -0.5) if bar.ends_phrase and bar.kind == "body"]
    opens = [
        bar for bar, _ in played("solo piano", -0.5) if bar.opens_phrase and bar.phrase_bars > 3
    ]

    def middle(bar: Bar) -> float:
        half = bar.metre.slots / 2
        note = hands(bar, -0.5).note(Stroke("lead", "piano", half, 2, 70, 1.0))
        return (note.onset - bar.frame_at(half)) / SAMPLE_RATE

    assert np.mean([middle(bar) for bar in ends]) < -0.01
    assert min(middle(bar) for bar in opens) >= 0.0
    for bar, notes in played("solo piano", -0.5):
        assert all(bar.start <= note.onset < bar.end for note in notes)


def test_a_chords_top_is_above_its_inner_voices_and_nothing_comes_again_as_hard() -> None:
    chord = [Stroke("figure", "piano", 0, 8, pitch, 0.7) for pitch in (52, 57, 60, 64)]
    forces = [stroke.accent for stroke in voiced(chord)]
    assert forces[3] > forces[0] > forces[1] == forces[2]
    again = [Stroke("figure", "piano", 4 * k, 4, 60, 0.7) for k in range(4)]
    accents = [stroke.accent for stroke in voiced(again)]
    assert all(abs(a - b) > 0.02 for a, b in itertools.pairwise(accents))


def test_the_pedal_changes_after_the_chord_and_is_halved_when_aroused() -> None:
    """Calm: tones ring over the change, those that the next chord has for longer."""
    over = kept = 0
    for bar, notes in played("solo piano", -0.5):
        if bar.kind != "body" or not bar.after:
            continue
        for note in notes:
            past = note.onset + note.gate - bar.end
            if note.part == "figure" and past > 0:
                over += 1
                if past > 0.5 * SAMPLE_RATE:
                    assert note.pitch % 12 in bar.after[0].chord.pcs
                    kept += 1
    assert over >= 20
    assert kept >= 8
    for bar, notes in played("solo piano", 0.8):
        if bar.kind == "body":
            assert all(n.gate <= 6.1 * bar.beat / 4 for n in notes if n.part == "figure")


@pytest.mark.parametrize("style", ["solo piano", "acoustic", "lounge"])
@pytest.mark.parametrize("arousal", [-0.7, -0.3])
def test_what_dies_away_is_answered(style: str, arousal: float) -> None:
    """Where nothing holds, no second passes without anything struck."""
    onsets = sorted(
        note.onset
        for bar, notes in played(style, arousal)
        if bar.kind == "body"
        for note in notes
        if note.part != "drums"
    )
    gaps = np.diff(onsets) / SAMPLE_RATE
    assert np.quantile(gaps, 0.99) <= 0.75
    assert max(gaps) <= 1.3
