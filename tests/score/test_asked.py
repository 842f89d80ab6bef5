"""What is asked of the music itself holds: features, a description by bars, faders."""

from __future__ import annotations

import itertools

import pytest

from engine.affect.circumplex import Affect
from engine.composers.score.session_score import SessionScore, session_score
from engine.composers.score.writing.harmony import AEOLIAN, IONIAN
from engine.plan.request import Request
from engine.plan.wanted import Features

AFRAID, GLAD = Affect(-0.6, 0.7), Affect(0.7, 0.3)


def asked(features: Features | None, seed: int = 5, minutes: float = 1.0) -> SessionScore:
    request = Request(
        start=AFRAID,
        target=GLAD,
        start_word="afraid",
        target_word="glad",
        minutes=minutes,
        seed=seed,
        features=features,
    )
    return session_score(request)


@pytest.mark.parametrize("tempo", [40.0, 72.5, 200.0])
def test_a_named_tempo_holds_to_the_last_bar(tempo: float) -> None:
    score = asked(Features(tempo=tempo))
    assert {bar.tempo for bar in score.bars} == {tempo}
    assert all(one.end == two.start for one, two in itertools.pairwise(score.bars))
    assert score.bars[-1].kind == "final"


@pytest.mark.parametrize("time_signature", ["2/4", "3/4", "4/4", "6/8"])
def test_a_named_metre_and_key_hold(time_signature: str) -> None:
    features = Features(time_signature=time_signature, key="F#")  # type: ignore[arg-type]
    score = asked(features, minutes=2.0)
    assert {bar.metre.name for bar in score.bars} == {time_signature}
    assert {bar.tonic for bar in score.bars} == {6}
    assert len({bar.mode for bar in score.bars}) > 1, "the mode follows the affect"
    assert score.bars[-1].harmony[-1].bass % 12 == 6


@pytest.mark.parametrize(("mode", "number"), [("major", IONIAN), ("minor", AEOLIAN)])
def test_a_named_mode_holds(mode: str, number: int) -> None:
    score = asked(Features(mode=mode))  # type: ignore[arg-type]
    assert {bar.mode for bar in score.bars} == {number}
    assert len({round(bar.tempo) for bar in score.bars}) > 1, "tempo follows the affect"


def test_energy_and_valence_stand_where_they_are_named() -> None:
    """Energy is arousal and valence valence, whatever the path; the other follows it."""
    held = asked(Features(energy=0.2))
    assert len({bar.descriptor.loudness for bar in held.bars}) == 1
    assert len({bar.descriptor.tension for bar in held.bars}) > 1
    glad = asked(Features(valence=0.9))
    assert {bar.mode for bar in glad.bars[2:]} == {IONIAN}
    loud = asked(Features(energy=0.9))
    assert len(loud.notes) > 1.5 * len(held.notes)


def test_nothing_asked_is_nothing_changed() -> None:
    assert asked(Features()).notes == asked(None).notes
