"""What is said where wishes pull apart."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.plan.contradictions import contradictions
from engine.plan.described import DescribedBar, Description
from engine.plan.events import Shape
from engine.plan.expected import expected, felt_at
from engine.plan.feature_words import parse_features
from engine.plan.gentle import ALL, Gentle
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.wanted import FADERS, Faders, Features

LIVELY = Request(start=Affect(0.0, 0.9), target=Affect(0.0, 0.9), minutes=4)
CALM = Request(start=Affect(0.0, -0.8), target=Affect(0.0, -0.8), minutes=4)
GLAD = Request(start=Affect(0.8, 0.0), target=Affect(0.8, 0.0), minutes=4)
SAD = Request(start=Affect(-0.8, 0.0), target=Affect(-0.8, 0.0), minutes=4)
CALMED = Request(start=Affect(0.0, 0.8), target=Affect(0.0, -0.8), minutes=12)


@pytest.mark.parametrize(
    ("request_", "features", "said"),
    [
        (LIVELY, "energy=.2", "A lively feeling and energy 0.2 pull apart: energy holds."),
        (CALM, "energy=.9", "A calm feeling and energy 0.9 pull apart: energy holds."),
        (SAD, "valence=.9", "A sad feeling and valence 0.9 pull apart: valence holds."),
        (CALM, "tempo=150", "A calm feeling and tempo 150 pull apart: tempo holds."),
        (GLAD, "mode=minor", "A glad feeling and mode minor pull apart: mode holds."),
        (SAD, "mode=major", "A sad feeling and mode major pull apart: mode holds."),
        (
            GLAD,
            "valence=.5,mode=minor",
            "A glad feeling and valence 0.5 pull apart: valence holds.",
        ),
        (SAD, "valence=.9,mode=minor", "Valence 0.9 and mode minor pull apart: mode holds."),
        (LIVELY, "mode=minor,tempo=150", "The feeling and tempo 150 pull apart: tempo holds."),
        (CALM, "energy=.9,tempo=50", "Energy 0.9 and tempo 50 pull apart: tempo holds."),
        (CALMED, "energy=.2", "A lively feeling and energy 0.2 pull apart at first: energy holds."),
        (CALMED, "energy=.8", "A calm feeling and energy 0.8 pull apart later: energy holds."),
        (CALM, "danceability=.9", "A calm feeling and danceability 0.9 pull apart"),
        (LIVELY, "tempo=50,danceability=.9", "Tempo 50 and danceability 0.9 pull apart: tempo"),
        (LIVELY, "loudness=-12", "Loudness -12 is more than comfort lets through: it plays at -19"),
        (LIVELY, "energy=.9,tempo=118,key=D,mode=minor,acousticness=.5,danceability=.8", None),
        (CALM, "energy=.1,tempo=62,valence=.5,loudness=-30", None),
    ],
)
def test_features_against_the_feeling(request_: Request, features: str, said: str | None) -> None:
    asked = msgspec.structs.replace(request_, features=parse_features(features, "--features"))
    notes = make_plan(asked).notes
    if said is None:
        assert not [note for note in notes if "30 s" not in note]
    else:
        assert [note for note in notes if note.startswith(said)], notes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"instrument": "synthesizer", "features": Features(acousticness=1.0)},
            "acousticness holds",
        ),
        ({"instrument": "violin", "features": Features(acousticness=0.0)}, "acousticness holds"),
        (
            {"instrument": "voice", "features": Features(instrumentalness=1.0)},
            "instrumentalness holds",
        ),
        ({"gentle": ALL, "features": Features(danceability=0.9)}, "there are no drums"),
        ({"instrument": "violin", "features": Features(acousticness=0.9)}, None),
    ],
)
def test_features_against_who_plays(changes: dict[str, object], said: str | None) -> None:
    asked = msgspec.structs.replace(LIVELY, **changes)
    notes = contradictions(asked, make_plan(asked).path)
    assert notes == () if said is None else [note for note in notes if note.endswith(f": {said}.")]


def test_faders_against_the_feeling_and_the_caps() -> None:
    held = Faders(density=0.1, register=1.0, brightness=0.9)
    asked = msgspec.structs.replace(LIVELY, gentle=ALL)
    notes = make_plan(asked, [Shape(30.0, held)]).notes
    assert "A lively feeling and notes 10 % pull apart: the fader holds." in notes
    assert "The cap on high notes and height 100 % pull apart: the cap holds." in notes
    assert "The cap on brightness and brightness 90 % pull apart: the cap holds." in notes
    assert make_plan(asked, [Shape(30.0, held), Shape(60.0, Faders())]).notes == ()


def test_capped_leaps_hold_over_how_high_it_is_asked_to_lie() -> None:
    asked = msgspec.structs.replace(LIVELY, gentle=Gentle(leaps=7))
    height = "The cap on leaps and height 60 % pull apart: the cap holds."
    assert make_plan(asked, [Shape(30.0, Faders(register=0.6))]).notes == (height,)
    bars = (DescribedBar(mean_pitch=70.0),)
    described = msgspec.structs.replace(asked, description=Description(bars=bars))
    assert make_plan(described).notes == (
        "The cap on leaps and the description's pitch pull apart: the cap holds.",
    )


def test_a_description_against_the_feeling_the_features_and_the_caps() -> None:
    bars = (
        DescribedBar(note_density=1.0, time_signature="3/4"),
        DescribedBar(mean_pitch=90.0, instruments=("drums",)),
    )
    asked = msgspec.structs.replace(
        LIVELY,
        description=Description(bars=bars),
        features=Features(time_signature="4/4"),
        gentle=ALL,
    )
    assert make_plan(asked).notes == (
        "A lively feeling and the description's note density pull apart: the description holds.",
        "Time signature 4/4 and the description's 3/4 pull apart: the description holds, bar by "
        "bar.",
        "The cap on high notes and the description's pitch pull apart: the cap holds.",
        "Gentle ears without drums and the description's drums pull apart: there are no drums.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"features": Features(key="C", mode="major")}, "Key C major and the description's chords"),
        ({"features": Features(key="C")}, "Key C and the description's chords"),
        ({"features": Features(key="F#", mode="minor")}, None),
        ({"features": Features(acousticness=0.9)}, "Acousticness 0.9 and the description's instr"),
        ({"features": Features(acousticness=0.2)}, None),
        (
            {"features": Features(instrumentalness=0.1)},
            "Instrumentalness 0.1 and the descr",
        ),
        ({"features": Features(instrumentalness=1.0)}, None),
        ({"instrument": "piano"}, "Piano and the description's instruments pull apart"),
        ({"instrument": "synthesizer"}, None),
    ],
)
def test_a_description_against_what_is_named(changes: dict[str, object], said: str | None) -> None:
    bar = DescribedBar(
        chords=("F#:min", "B:min7", "C#:dom7", "N"), instruments=("Synth Bass 1", "drums")
    )
    asked = msgspec.structs.replace(LIVELY, description=Description(bars=(bar,)), **changes)
    notes = contradictions(asked, make_plan(asked).path)
    if said is None:
        assert notes == ()
    else:
        (note,) = notes
        assert note.startswith(said)
        assert note.endswith(": the description holds, bar by bar.")


def test_what_the_feeling_has_by_itself_pulls_nowhere() -> None:
    for v, a in itertools.product((-0.9, -0.4, 0.0, 0.4, 0.9), repeat=2):
        here = expected(Affect(v, a))
        steady = Request(start=Affect(v, a), target=Affect(v, a), minutes=4)
        faders = Faders(**{name: getattr(here, name) for name in FADERS})
        features = Features(energy=(a + 1) / 2, valence=(v + 1) / 2, tempo=here.tempo)
        asked = msgspec.structs.replace(steady, features=features)
        assert make_plan(asked, [Shape(0.0, faders)]).notes == ()


def test_where_the_faders_stand_by_themselves_follows_what_is_named() -> None:
    free, lively = (
        felt_at(make_plan(msgspec.structs.replace(CALM, features=features)), 60.0)
        for features in (None, Features(energy=1.0))
    )
    assert free == felt_at(make_plan(CALM), 60.0)
    assert free.density is not None
    assert lively.density is not None
    assert lively.density > free.density + 0.2
