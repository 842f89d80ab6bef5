"""How the music feels now, in words: never one that the path is not near."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.feelings import FEELINGS, LANDMARKS, feeling, nearest_feelings
from engine.affect.path import ease, plan_path, steer
from engine.affect.phrases import BESIDE, NEAR, SAME, presently

PLACES = {one.word: one.affect for one in (*LANDMARKS, *FEELINGS)}
FELT = st.sampled_from(sorted(PLACES))
AFFECTS = st.builds(Affect, st.floats(-1, 1), st.floats(-1, 1))


def way(start: str, target: str) -> list[str]:
    """What is said from ``start`` to ``target``, each sentence once."""
    path = plan_path(feeling(start).affect, feeling(target).affect, 900.0, "iso")
    said = [presently(path, float(second), start, target) for second in range(0, 901, 5)]
    return list(dict.fromkeys(said))


def test_from_tense_to_calm() -> None:
    said = way("tense", "calm")
    assert said[:2] == ["tense", "a little less tense"]
    assert said[-2:] == ["less tense, nearly calm", "calm"]


@given(FELT, FELT, st.floats(0, 900))
def test_no_word_that_the_path_is_not_near(start: str, target: str, second: float) -> None:
    path = plan_path(PLACES[start], PLACES[target], 900.0, "iso")
    now = path.at(second)
    said = presently(path, second, start, target)
    for part in said.split(", "):
        nearly, near, less = (
            re.fullmatch(rf"{how} (.+)", part) for how in ("nearly", "near", "(?:.+ )?less")
        )
        if nearly:
            assert now.distance(PLACES[nearly[1]]) <= NEAR
        elif near:
            assert now.distance(PLACES[near[1]]) <= BESIDE
        elif less:
            assert less[1] == start
            assert now.distance(PLACES[start]) > SAME
        else:
            assert now.distance(PLACES[part]) <= 2 * SAME


@given(st.tuples(AFFECTS, AFFECTS, AFFECTS), st.floats(0, 890), st.floats(0, 900), st.booleans())
def test_something_is_said_of_every_path(
    places: tuple[Affect, Affect, Affect], at: float, second: float, eased: bool
) -> None:
    start, target, other = places
    path = steer(plan_path(start, target, 900.0, "iso"), at, other, 900.0)
    path = ease(path, at, 900.0) if eased else path
    said = presently(path, second, None, None)
    assert said
    assert not re.search(r"[0-9]|arousal|valence", said)
    for word in re.findall(r"(?:^|, )(?:nearly|near) (\w.*?)(?:,|$)", said):
        nearest = nearest_feelings(path.at(second), 1)[0].word
        assert word == nearest or path.at(second).distance(PLACES[word]) <= NEAR + BESIDE


@pytest.mark.parametrize("word", ["afraid", "distressed", "miserable"])
def test_on_the_way_nobody_is_told_of_what_is_unpleasant(word: str) -> None:
    path = plan_path(feeling("tense").affect, feeling("calm").affect, 900.0, "iso")
    through = steer(path, 200.0, feeling(word).affect, 900.0)
    said = {presently(through, float(second), "tense", "calm") for second in range(0, 899, 3)}
    assert not any(f"near {word}" in one for one in said)


def test_back_where_it_began_it_is_what_it_was() -> None:
    tense = feeling("tense").affect
    path = plan_path(tense, feeling("calm").affect, 900.0, "iso")
    back = steer(path, 400.0, tense, 900.0)
    assert presently(back, 899.0, "tense", "tense") == "tense"
