"""A description by bars goes in, and music comes out that is as it says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from support.bars_measured import MeasuredBar, measured

from engine.affect.circumplex import Affect
from engine.composers.score.parts.ensembles import STYLE_OF, VOICE_OF, ensemble_for
from engine.composers.score.parts.named_players import NEAREST, ensemble_named, players_named
from engine.composers.score.parts.reach import REACH
from engine.composers.score.parts.substitutes import ELECTRIC, as_asked
from engine.composers.score.session_score import SessionScore, session_score
from engine.composers.score.sound.gm import GENERAL_MIDI, Programme
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.writing.harmony import AEOLIAN
from engine.composers.score.writing.named_chords import chord_named, key_of
from engine.composers.score.writing.wish import metre_like
from engine.plan.described import DescribedBar, Description
from engine.plan.general_midi import PROGRAMMES
from engine.plan.request import Request
from engine.plan.spec import Players
from engine.plan.wanted import Features

CHORDS = (("A:min",), ("F:maj", "G:dom7"), ("C:maj7",), ("E:dom7",))
BARS = tuple(
    DescribedBar(
        time_signature=metre,
        note_density=density,
        mean_pitch=pitch,
        mean_velocity=velocity,
        mean_duration=duration,
        instruments=players,
        chords=chords,
    )
    for metre, density, pitch, velocity, duration, players, chords in (
        ("4/4", 2.0, 58.0, 50.0, 1.2, ("Acoustic Grand Piano", "Violin"), CHORDS[0]),
        ("4/4", 5.0, 64.0, 80.0, 0.8, ("Acoustic Grand Piano", "Violin"), CHORDS[1]),
        ("3/4", 3.0, 60.0, 60.0, 0.5, ("Flute", "String Ensemble 1", "Contrabass"), CHORDS[2]),
        ("4/4", 8.0, 55.0, 70.0, 0.4, ("Flute", "Acoustic Guitar (nylon)", "drums"), CHORDS[3]),
    )
)


@cache
def score(description: Description | None, features: Features | None = None) -> SessionScore:
    return session_score(
        Request(
            start=Affect(0.2, 0.1),
            target=Affect(0.2, 0.1),
            start_word="calm",
            target_word="calm",
            minutes=1.0,
            seed=4,
            features=features,
            description=description,
        )
    )


@cache
def bars() -> list[tuple[DescribedBar, MeasuredBar]]:
    made = measured(score(Description(bars=BARS)))
    asked = [BARS[number % len(BARS)] for number in range(len(made))]
    return list(zip(asked, made, strict=True))[:-1]


@pytest.mark.parametrize(
    ("name", "of", "off"),
    [
        ("note_density", "density", 0.4),
        ("mean_pitch", "pitch", 2.5),
        ("mean_velocity", "velocity", 2.0),
        ("mean_duration", "duration", 0.25),
    ],
)
def test_numbers_hold_bar_by_bar(name: str, of: str, off: float) -> None:
    wrong = [abs(getattr(asked, name) - getattr(bar, of)) for asked, bar in bars()]
    assert np.mean(wrong) < off
    r = np.corrcoef([getattr(a, name) for a, _ in bars()], [getattr(b, of) for _, b in bars()])
    assert r[0, 1] > 0.9


def test_metres_and_instruments_hold_bar_by_bar() -> None:
    for asked, bar in bars():
        assert asked.time_signature is not None
        assert bar.slots == {"4/4": 16, "3/4": 12}[asked.time_signature]
        named = set(players_named(asked.instruments))
        assert bar.instruments - {"drums"} == named
        assert ("drums" in bar.instruments) == ("drums" in asked.instruments)


def test_chords_are_those_that_are_named_in_the_key_they_are_of() -> None:
    made = score(Description(bars=BARS))
    assert key_of(Description(bars=BARS)) == (9, AEOLIAN)
    assert {bar.tonic for bar in made.bars} == {9}
    for bar in made.bars[:-1]:
        asked = [chord_named(name, 9, AEOLIAN) for name in CHORDS[bar.number % 4]]
        assert [h.chord for h in bar.harmony] == asked
        for tone in bar.melody:
            chord = [h.chord for h in bar.harmony if h.slot <= tone.slot][-1]
            heard = tone.length >= 6 or bar.metre.weight(tone.slot) == 3
            assert not heard or tone.pitch % 12 in chord.pcs
    assert made.bars[-1].harmony[-1].chord.pcs[0] == 9, "it ends at home"


def test_what_is_not_named_follows_the_affect() -> None:
    free = score(Description(bars=(DescribedBar(),)))
    assert free.notes == score(None).notes


@pytest.mark.parametrize(
    ("written", "played"),
    [
        ("2/2", "4/4"),
        ("12/8", "6/8"),
        ("9/8", "6/8"),
        ("3/8", "3/4"),
        ("5/4", "4/4"),
        ("1/4", "2/4"),
    ],
)
def test_a_metre_that_is_not_here_is_the_nearest(written: str, played: str) -> None:
    assert metre_like(written).name == played


def test_every_instrument_that_is_named_can_play() -> None:
    own = ensemble_for(Players("piano", "classical"))
    assert set(NEAREST.values()) <= set(INSTRUMENTS)
    for name in PROGRAMMES:
        made = ensemble_named((name,), own)
        assert made.players == (set(players_named((name,))) or own.players)


@pytest.mark.parametrize("tag", sorted(VOICE_OF))
def test_electricity_comes_to_all_players_or_none(tag: str) -> None:
    for genre in ("classical", "ambient", "rock", "jazz", "techno", "celtic"):
        assert genre in STYLE_OF
        ensemble = ensemble_for(Players(tag, genre))
        plugged, bare = (as_asked(ensemble, share, None, None) for share in (0.0, 1.0))
        assert plugged.players <= ELECTRIC
        assert not bare.players & ELECTRIC
        assert plugged.players | bare.players <= set(INSTRUMENTS)
        assert not as_asked(ensemble, None, None, False).players & {"voice", "choir"}
        assert "choir" in as_asked(ensemble, None, None, True).players


def test_players_reach_what_their_sound_does() -> None:
    pitched = {name for name, place in GENERAL_MIDI.items() if isinstance(place, Programme)}
    assert set(REACH) == pitched - {"timpani"}
    assert {name: (INSTRUMENTS[name].low, INSTRUMENTS[name].high) for name in REACH} == REACH


def test_drums_by_danceability() -> None:
    still = {note.part for note in score(None, Features(danceability=0.1)).notes}
    danced = score(None, Features(danceability=0.9))
    assert "drums" not in still
    assert sum(note.part == "drums" for note in danced.notes) > 100
    assert np.mean([bar.tempo for bar in danced.bars[:-3]]) > 110.0
