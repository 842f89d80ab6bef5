"""The table of everyday words: where they lie, their other forms, and what people rated."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from statistics import correlation

import pytest

from engine.affect.circumplex import Affect
from engine.affect.feelings import (
    FEELINGS,
    LANDMARKS,
    UnknownFeelingError,
    _everyday,
    by_quarter,
    feeling,
    forms_of,
    nearest_feelings,
    parse_affect,
    spellings,
)
from engine.affect.quarters import Quarter, quarter_of
from engine.affect.spelling import plain

GLASGOW = Path(__file__).with_name("glasgow_norms.json")

BY_HAND = {
    Quarter.UNPLEASANT_HIGH: "worried panicky overwhelmed terrified furious frightened agitated "
    "jealous outraged desperate stressed anxious restless shocked irritable",
    Quarter.UNPLEASANT_LOW: "numb lonely hopeless drained gloomy bored depressed empty weary "
    "listless dejected burned-out discouraged apathetic worthless",
    Quarter.PLEASANT_HIGH: "focused thrilled ecstatic enthusiastic lively inspired motivated "
    "cheerful playful exhilarated energised curious amazed delighted triumphant",
    Quarter.PLEASANT_LOW: "calm relaxed peaceful cosy mellow tranquil rested soothed safe "
    "grounded patient comfortable drowsy quiet serene",
}
"""Sixty words whose quarter nobody would dispute, put there without looking at the table."""

EVERYDAY = FEELINGS[len(LANDMARKS) :]


def test_there_are_hundreds_of_words_each_with_a_place_and_a_source() -> None:
    assert len(EVERYDAY) >= 300
    for one in FEELINGS:
        assert math.hypot(one.affect.valence, one.affect.arousal) <= 1.0
        assert one.source
    for one in EVERYDAY:
        for figure in (one.affect.valence, one.affect.arousal):
            assert round(figure, 1) == figure


def test_what_is_written_is_written_once() -> None:
    """No word and no form is another's too, umlauts written out or not, and each is plain text."""
    owner: dict[str, str] = {}
    for one in FEELINGS:
        for written in (one.word, *forms_of(one)):
            assert owner.setdefault(plain(written), one.word) == one.word, written
            assert feeling(written) is one
            assert written == " ".join(written.lower().split())
    assert len(set(spellings())) == len(spellings())
    table = _everyday()
    forms = [f for some in (table.forms, table.german) for fs in some.values() for f in fs]
    assert len(forms) == len(set(forms)) == len(spellings()) - len(FEELINGS)


def test_the_table_says_the_quarter_in_which_its_words_lie() -> None:
    for name, words in _everyday().words.items():
        for word in words:
            quarter = quarter_of(feeling(word).affect)
            assert name == (quarter.value if quarter else "the middle"), word
    listed = [one for found in by_quarter().values() for one in found]
    assert sorted(one.word for one in listed) == sorted(one.word for one in FEELINGS)


@pytest.mark.parametrize(
    ("word", "quarter"),
    [(word, quarter) for quarter, words in BY_HAND.items() for word in words.split()],
)
def test_unambiguous_words_lie_in_their_quarter(word: str, quarter: Quarter) -> None:
    assert quarter_of(feeling(word).affect) is quarter


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("stressed out", "stressed"), ("Panicked", "panicky"), ("anxiety", "anxious"),
        ("Energized", "energised"), ("cozy", "cosy"), ("BURNT OUT", "burned out"),
        ("focussed", "focused"), ("traumatized", "traumatised"), ("centered", "centred"),
        ("  worried... ", "worried"), ("I'm a bit worried today", "worried"),
        ("i feel really numb", "numb"), ("kind of sad", "sad"), ("kind", "kind"),
        ("can't sleep", "sleepless"), ("can\u2019t sleep", "sleepless"), ("self_conscious",
        "self conscious"), ("more relaxed", "relaxed"), ("not bad", "okay"), ("so so", "so so"),
        ("ängstlich", "anxious"), ("ANGSTLICH", "anxious"), ("a\u0308ngstlich", "anxious"),
        ("aengstlich", "anxious"), ("müde", "tired"), ("ich bin sehr traurig", "sad"),
        ("überfordert", "overwhelmed"), ("ueberfordert", "overwhelmed"),
    ],
)  # fmt: skip
def test_other_forms_and_spellings(typed: str, word: str) -> None:
    assert feeling(typed).word == word
    assert parse_affect(typed) == (feeling(word).affect, word)


@pytest.mark.parametrize(
    "typed", ["not calm", "not happy", "less anxious", "no joy", "unexcited", "hardly relaxed"]
)
def test_a_negation_is_never_left_out(typed: str) -> None:
    with pytest.raises(UnknownFeelingError) as error:
        feeling(typed)
    assert error.value.suggestions == []


def test_landmarks_alone_name_places() -> None:
    """What a clip, a picture or a header is called does not hang on the everyday words: a session
    is what it was before there were any."""
    assert [one.word for one in LANDMARKS[:3]] == ["happy", "delighted", "excited"]
    assert len(LANDMARKS) == 42
    for one in EVERYDAY:
        assert nearest_feelings(one.affect, 1)[0] in LANDMARKS
    assert quarter_of(Affect(0.0, 0.0)) is None


def test_the_places_agree_with_what_people_rated() -> None:
    """With the Glasgow Norms, which were no source of the table: r, beside what chance gives. Its
    arousal is that of a word, not of the feeling, so it is looked at on each side of the plane."""
    norms = json.loads(GLASGOW.read_text("utf-8"))["valence_arousal"]
    rated = [(one, *norms[one.word]) for one in EVERYDAY if one.word in norms]
    assert len(rated) >= 120
    valence = ([one.affect.valence for one, _, _ in rated], [v for _, v, _ in rated])
    arousal = ([one.affect.arousal for one, _, _ in rated], [a for _, _, a in rated])
    assert correlation(*valence) > 0.95
    assert correlation(*arousal) > 0.7
    dice = random.Random(1)
    for ours, theirs in (valence, arousal):
        assert chance(ours, theirs, dice) < 0.25
    for side in (1, -1):
        pairs = [(one.affect.arousal, a) for one, _, a in rated if one.affect.valence * side > 0]
        assert correlation(*zip(*pairs, strict=True)) > 0.75


def chance(ours: list[float], theirs: list[float], dice: random.Random) -> float:
    """The correlation that one in twenty shuffles exceeds."""
    shuffled = list(theirs)
    found = []
    for _ in range(200):
        dice.shuffle(shuffled)
        found.append(abs(correlation(ours, shuffled)))
    return sorted(found)[190]
