"""Feelings and moods: vocabularies, places, look-ups."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.feelings import (
    FEELINGS,
    LANDMARKS,
    AffectTextError,
    feeling,
    nearest_feelings,
    parse_affect,
)
from engine.affect.moods import MOODS, from_norms, mood, nearest_moods
from engine.errors import MusmedError, UnknownWordError

relaxed = settings(deadline=None)
axis = st.floats(-1, 1)
affects = st.builds(Affect, axis, axis)


@pytest.mark.parametrize(
    ("word", "valence_sign", "arousal_sign"),
    [("excited", 1, 1), ("angry", -1, 1), ("sad", -1, -1), ("calm", 1, -1), ("stressed", -1, 1)],
)
def test_words_lie_in_their_quadrant(word: str, valence_sign: int, arousal_sign: int) -> None:
    place = feeling(word).affect
    assert place.valence * valence_sign > 0
    assert place.arousal * arousal_sign > 0


def test_every_feeling_is_found_by_its_word_and_names_its_source() -> None:
    assert len({f.word for f in FEELINGS}) == len(FEELINGS)
    for f in FEELINGS:
        assert feeling(f"  {f.word.upper()} ") == f
        assert f.source


@pytest.mark.parametrize("text", ["At  Ease", "at-ease", "at_ease"])
def test_spacing_does_not_matter(text: str) -> None:
    assert feeling(text).word == "at ease"


def test_an_unknown_feeling_gets_suggestions() -> None:
    with pytest.raises(
        UnknownWordError, match=r"'calmm'.*calm.*'musmed feelings' lists those it knows\."
    ) as e:
        feeling("calmm")
    assert "calm" in e.value.suggestions


def test_parse_affect_takes_words_and_numbers() -> None:
    assert parse_affect("Tense") == (feeling("tense").affect, "tense")
    assert parse_affect(" -0.4 , 0.7") == (Affect(-0.4, 0.7), None)


@pytest.mark.parametrize(
    "text", ["0.4", "1,2,3", "0.4,", "a,b", "2,0", "nan,0", "0,inf", ",", "0,-1.01"]
)
def test_bad_numbers_get_one_sentence(text: str) -> None:
    with pytest.raises(AffectTextError) as e:
        parse_affect(text)
    assert str(e.value).endswith(".")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("text", ["", "   ", "??", "kalm"])
def test_bad_words_are_musmed_errors(text: str) -> None:
    with pytest.raises(MusmedError):
        parse_affect(text)


@relaxed
@given(affects, st.integers(1, 10))
def test_nearest_feelings_and_moods_are_the_nearest(affect: Affect, n: int) -> None:
    near = nearest_feelings(affect, n)
    reach = affect.distance(near[-1].affect)
    assert len(near) == n
    assert all(affect.distance(f.affect) >= reach for f in LANDMARKS if f not in near)
    found = nearest_moods(affect, n)
    places = [m.affect for m in found if m.affect is not None]
    assert len(places) == n
    distances = [affect.distance(place) for place in places]
    assert distances == sorted(distances)
    others = [m.affect for m in MOODS if m.affect is not None and m not in found]
    assert all(affect.distance(place) >= distances[-1] for place in others)


def test_the_56_tags_and_which_are_moods() -> None:
    assert len({m.name for m in MOODS}) == len(MOODS) == 56
    for theme in ("trailer", "corporate", "advertising", "film", "heavy", "cool", "party"):
        assert mood(theme).affect is None
        assert mood(theme).source.startswith("theme: ")
    assert mood(" Sad ").affect == from_norms(2.1, 3.49) == Affect(-0.725, -0.3775)
    assert "'melancholy'" in mood("melancholic").source
    with pytest.raises(UnknownWordError, match="relaxing"):
        mood("relaxin")


def test_affect_and_plan_load_no_heavy_library() -> None:
    code = (
        "import sys, engine.affect.moods, engine.affect.feelings as f, engine.plan.planner;"
        "from engine.plan.words import tag_statistics; f.FEELINGS; tag_statistics();"
        "print([m for m in ('numpy', 'scipy', 'torch', 'textual', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
