"""What is held: ties over bar lines, pads without holes, and room for the melody."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import STYLES, Ensemble, Voice
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar

AFFECTS = ((-0.6, 0.6), (0.5, -0.6), (-0.6, -0.3), (0.6, 0.6))
PADS = ("piano and strings", "orchestra", "harp and choir", "band", "downtempo", "electronic")


@cache
def bars(valence: float, arousal: float, seed: int) -> tuple[Bar, ...]:
    course = steady(Path((Waypoint(0.0, Affect(valence, arousal)),)), seed, 100.0)
    state = first_state(course)
    made = []
    while not state.done:
        bar, state = next_bar(state, course)
        made.append(bar)
    return tuple(made)


@cache
def notes(style: str, valence: float, arousal: float, seed: int = 3) -> tuple[Note, ...]:
    path = Path((Waypoint(0.0, Affect(valence, arousal)),))
    ensemble = Ensemble(STYLES[style], Voice(STYLES[style].lead))
    made = [n for bar in bars(valence, arousal, seed) for n in arrange(bar, ensemble, path)]
    return tuple(sorted(made))


def test_a_bar_knows_what_is_on_either_side_of_it_in_its_phrase() -> None:
    for seed in (1, 2):
        for one, two in itertools.pairwise(bars(0.2, 0.1, seed)):
            if two.kind == "final" or two.phrase_bar <= 0:
                assert two.kind == "intro" or not one.after
                continue
            assert one.after == two.harmony
            assert one.after_melody == two.melody
            assert two.before is not None
            assert (two.before.voicing, two.before.bass) == (
                one.harmony[-1].voicing,
                one.harmony[-1].bass,
            )


@pytest.mark.parametrize("style", PADS)
@pytest.mark.parametrize("affect", AFFECTS)
def test_pads_have_no_holes(style: str, affect: tuple[float, float]) -> None:
    """From the first chord to the last some voice of the pad is held."""
    held = [n for n in notes(style, *affect) if n.part == "pad"]
    lives = np.zeros(held[-1].onset // 480 + 2, int)
    for note in held:
        lives[note.onset // 480 : (note.onset + note.gate) // 480] += 1
    inside = lives[held[0].onset // 480 + 10 : -2]
    assert np.mean(inside == 0) <= 0.01


@pytest.mark.parametrize("style", PADS)
def test_common_tones_are_tied_or_overlap(style: str) -> None:
    """Nothing is struck again on a pitch that has just ended: it is tied, or its new tone rises
    while the old one is still there."""
    last: dict[int, Note] = {}
    tied = again = 0
    for note in notes(style, 0.5, -0.6):
        if note.part != "pad":
            continue
        before = last.get(note.pitch)
        if before is not None:
            gap = (note.onset - before.onset - before.gate) / SAMPLE_RATE
            again += 0.0 <= gap < 0.3
        last[note.pitch] = note
        tied += note.gate > 1.2 * bars(0.5, -0.6, 3)[4].length
    assert tied >= 5
    assert again <= 1


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("affect", AFFECTS)
def test_the_melody_has_room(style: str, affect: tuple[float, float]) -> None:
    """Nothing that accompanies rubs against the melody for more than .6 s, and hardly anything
    lies above it for half of a tone but what doubles it in octaves."""
    for seed in (3, 4):
        made = notes(style, *affect, seed)
        sung = [n for n in made if n.part == "lead"]
        rest = [n for n in made if n.part not in ("lead", "drums")]
        covered = rubs = 0
        for tone in sung:
            near = [n for n in rest if n.onset < tone.onset + tone.gate]
            both = [
                (n, min(tone.onset + tone.gate, n.onset + n.gate) - max(tone.onset, n.onset))
                for n in near
            ]
            rubs += sum(
                abs(n.pitch - tone.pitch) in (1, 13, 25) and together > 0.6 * SAMPLE_RATE
                for n, together in both
            )
            covered += any(
                n.pitch > tone.pitch and (n.pitch - tone.pitch) % 12 and together >= tone.gate / 2
                for n, together in both
            )
        assert rubs <= 1
        assert covered <= 0.05 * len(sung) + 1


def test_sad_pads_are_bare() -> None:
    """Root and fifth alone where valence and arousal are low, thirds where valence is not."""

    def thirds(valence: float) -> float:
        path = Path((Waypoint(0.0, Affect(valence, -0.3)),))
        ensemble = Ensemble(STYLES["orchestra"], Voice("oboe"))
        heard = []
        for bar in bars(valence, -0.3, 3):
            if bar.kind == "body" and len(bar.harmony) == 1:
                third = bar.harmony[0].chord.pcs[1]
                pad = [n for n in arrange(bar, ensemble, path) if n.part == "pad"]
                heard += [note.pitch % 12 == third for note in pad]
        return float(np.mean(heard))

    assert thirds(-0.6) <= 0.05
    assert thirds(0.5) >= 0.15
