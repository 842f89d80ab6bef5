"""A word that is taken back, lessened, lost or wished for is never that word."""

from __future__ import annotations

import pytest

from engine.affect.feelings import UnknownFeelingError, did_you_mean, feeling, spellings
from engine.affect.spelling import plain

LESSENED = [
    "little", "so little", "very little", "i feel little", "too little", "the little",
    "i am little", "just a very little", "quite little", "not", "im not", "i am not",
    "not very", "not at all", "no", "no more", "no longer", "never", "hardly", "barely",
    "scarcely", "less", "a bit less", "much less", "the least", "least", "lack of",
    "a lack of", "lacking", "lacking in", "lack", "lost my", "losing my", "loss of", "without",
    "without any", "anything but", "far from", "out of", "free of", "free from", "used to be",
    "i used to feel", "once", "formerly", "was", "i was", "i wish i were", "wish i was",
    "wishing to be", "want to be", "i want to feel", "wanna be", "would be", "could be",
    "should be", "if only i were", "cant feel", "cant be", "cannot feel", "dont feel",
    "i do not feel", "didnt feel", "neither", "nor", "nowhere near", "insufficiently",
    "in need of", "need", "needing", "missing", "few", "instead of", "rather than", "non",
    "un", "anti", "ex", "de", "dis", "in", "il", "ir", "mis", "wenig", "sehr wenig",
    "zu wenig", "so wenig", "ich bin wenig", "nur wenig", "ganz wenig", "weniger",
    "etwas weniger", "am wenigsten", "nicht", "ich bin nicht", "nicht mehr", "nicht sehr",
    "gar nicht", "nie", "niemals", "nie mehr", "kaum", "kaum noch", "kein", "keine", "keinen",
    "keinerlei", "ohne", "zu", "mangel an", "alles andere als", "fern von", "statt", "weder",
    "fehlende", "ich war", "war", "fruher", "ich ware gern", "ware gern", "ich will", "mochte",
    "ich mochte", "habe keine", "mir fehlt", "null",
]  # fmt: skip
AFTERWARDS = ["not", "no more", "no longer", "never", "not at all", "once", "free", "less", "nicht",
              "nicht mehr", "nie", "gar nicht", "mehr nicht"]  # fmt: skip
"""What is said behind a word and takes it back."""


def taken_for(text: str) -> str | None:
    try:
        return feeling(text).word
    except UnknownFeelingError:
        return None


def some_words(first: int) -> tuple[str, ...]:
    """Some words and forms, others for every ``first``: to look for guesses takes time."""
    return spellings()[first % 240 :: 240]


def known_as_it_is(text: str) -> bool:
    """'no motivation', 'not good', 'stress free' are forms of their own, of another word."""
    bare = plain(text)
    written = {plain(one) for one in spellings()}
    return any(bare.endswith(one) for one in written if " " in one) or bare in written


@pytest.mark.parametrize("before", LESSENED)
def test_what_is_lessened_is_never_the_word(before: str) -> None:
    for written in some_words(LESSENED.index(before)):
        typed = f"{before} {written}"
        found = taken_for(typed)
        if found is not None:
            assert known_as_it_is(typed), typed
            assert found != feeling(written).word or written in ("okay",), typed
        assert written not in did_you_mean(typed), typed


@pytest.mark.parametrize("behind", AFTERWARDS)
def test_what_is_taken_back_behind_is_never_the_word(behind: str) -> None:
    for written in some_words(AFTERWARDS.index(behind)):
        typed = f"{written} {behind}"
        found = taken_for(typed)
        assert found is None or known_as_it_is(typed), typed
        assert found != feeling(written).word, typed


@pytest.mark.parametrize(
    ("typed", "word"),
    [("a little sad", "sad"), ("I'm a little bit worried today", "worried"),
     ("ein wenig traurig", "sad"), ("ich bin ein wenig müde", "tired"),
     ("a tiny bit sad", None), ("ein bisschen nervös", "nervous"), ("just a little calm", "calm")],
)  # fmt: skip
def test_a_little_is_some_of_it(typed: str, word: str | None) -> None:
    assert taken_for(typed) == word


@pytest.mark.parametrize(
    "typed",
    ["little energy", "so little hope", "I feel little joy", "little interest", "too little rest",
     "wenig motiviert", "sehr wenig Freude", "wenig zuversichtlich"],
)  # fmt: skip
def test_what_people_have_too_little_of(typed: str) -> None:
    assert taken_for(typed) is None
    assert did_you_mean(typed) == ()
