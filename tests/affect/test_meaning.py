"""Feelings near in meaning to what is typed: none that lies on another side of the plane, and
nothing where something is negated."""

from __future__ import annotations

import pytest

from engine.affect.feelings import FEELINGS, feeling, known_as
from engine.affect.harm import speaks_of_harm
from engine.affect.meaning import beside, families, meant, near_words
from engine.affect.quarters import quarter_of
from engine.affect.spelling import plain

NAMES = {one.word for one in FEELINGS}


def test_every_feeling_has_a_family_and_no_family_has_a_stranger() -> None:
    assert {word for words in families().values() for word in words} == NAMES


def test_near_words_are_plain_known_nowhere_else_and_lead_to_one_side() -> None:
    assert len(near_words()) > 400
    for word, near in near_words().items():
        assert word == plain(word)
        assert known_as(word) is None, word
        assert not speaks_of_harm(word), word
        assert len({quarter_of(one.affect) for one in near}) == 1, word


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("frazzled", "stressed"),
        ("fraz", "stressed"),
        ("Zen", "calm"),
        ("heart racing", "panicky"),
        ("bushed", "tired"),
        ("stoked", "excited"),
        ("so worn out by work", "worn out"),
        ("irritating", "irritated"),
        ("happier", "happy"),
        ("stressing", "stressed"),
        ("deflated", "disappointed"),
    ],
)
def test_what_is_meant(typed: str, first: str) -> None:
    found = meant(typed)
    assert found[0].word == first
    assert len(found) == 3
    assert len({quarter_of(one.affect) for one in found}) == 1


@pytest.mark.parametrize(
    "typed",
    ["", "xyzzy", "not calm", "never happy", "no peace here", "still thinking", "homeless",
     "losing", "i want to die", "happy and sad", "hap"],
)  # fmt: skip
def test_where_nothing_is_offered(typed: str) -> None:
    assert meant(typed) == ()


@pytest.mark.parametrize(
    ("word", "among"),
    [
        ("stressed", {"distressed", "overwhelmed", "agitated"}),
        ("worn out", {"fatigued", "weary", "drained"}),
        ("panicky", {"terrified", "afraid", "scared"}),
        ("chilled", {"laid back", "mellow", "at ease"}),
    ],
)
def test_what_stands_beside_a_known_word(word: str, among: set[str]) -> None:
    found = [one.word for one in beside(word)]
    assert len(found) == 3
    assert set(found) & among
    assert word not in found


def test_beside_stays_on_its_side_whatever_the_word() -> None:
    for one in FEELINGS:
        assert {quarter_of(o.affect) for o in beside(one.word)} <= {quarter_of(one.affect)}
    assert beside("stress") == beside("stressed")
    assert beside("xyzzy") == ()
    assert feeling("stress").word == "stressed"
