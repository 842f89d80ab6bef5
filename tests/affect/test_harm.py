"""Words of danger to oneself: they are understood, and turns of phrase are left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.feelings import FEELINGS, forms_of, parse_affect
from engine.affect.harm import HELP, speaks_of_harm

SAID = [
    "suicidal", "suicide", "I want to die", "i wanna die", "want to kill myself", "killing myself",
    "kill my self", "self-harm", "selfharm", "self harming", "self injury", "no reason to live",
    "nothing left to live for", "don't want to live anymore", "dont want to be here",
    "I do not want to exist", "don\u2019t want to wake up", "end it all", "end my life",
    "ending my life", "take my own life", "better off dead", "wish I was dead",
    "i'd rather be dead",
    "hurt myself", "cutting myself", "cut myself", "overdose", "life is not worth living",
    "life isn't worth living", "tired of living", "can't go on", "cant go on like this",
    "thinking of ending it", "feel like dying", "jump off a bridge", "KMS", "unalive",
    "sucidal", "suicdal", "suicidle", "suiciadal", "die", "dead", "kill me",
    "suizidal", "Selbstmordgedanken", "lebensmüde", "lebensmuede", "ich will nicht mehr leben",
    "ich möchte sterben", "mich umbringen", "Selbstverletzung",
    "suicidaire", "envie de mourir", "suicida", "quiero morir", "quiero morirme",
]  # fmt: skip
NOT_SAID = [
    "killing it", "dying to", "dying to dance", "to die for", "dead tired", "dead on my feet",
    "dead inside", "drop dead gorgeous", "killer mood", "this headache is killing me",
    "i could kill for a coffee", "died laughing", "i could die of embarrassment",
    "burning myself out", "cut myself some slack", "shoot myself in the foot", "cut off",
    "can't go on holiday", "take my life back", "tired of working", "sick of it", "end of term",
    "self conscious", "self confident", "harmless", "harmonious", "alive", "lively", "living",
    "hopeless", "worthless", "i want dead quiet", "suitable", "subside", "sunday", "surprised",
    "don't want to wake up early", "overdose of cuteness", "lebendig", "sterbenslangweilig", "",
]  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_it_is_understood_and_music_is_there(text: str) -> None:
    for typed in (text, text.upper(), f"  {text}!! ", text.replace(" ", "  ")):
        assert speaks_of_harm(typed)
        affect, word = parse_affect(typed)
        assert word == "low"
        assert affect.valence < 0
        _, word = parse_affect(typed, wanted=True)
        assert word == "calm"


@pytest.mark.parametrize("text", NOT_SAID)
def test_turns_of_phrase_are_left_alone(text: str) -> None:
    assert not speaks_of_harm(text)


def test_no_feeling_that_is_known_is_taken_for_danger() -> None:
    for one in FEELINGS:
        for written in (one.word, *forms_of(one)):
            assert not speaks_of_harm(written), written
            assert not speaks_of_harm(f"i feel so {written} today"), written


def test_what_is_said_names_help_and_invents_no_number() -> None:
    assert "local emergency number" in HELP
    assert "findahelpline.com" in HELP
    assert "befrienders.org" in HELP
    assert not re.search(r"\d", HELP)


@settings(deadline=None)
@given(st.text(max_size=50))
def test_any_text_is_looked_at(text: str) -> None:
    assert speaks_of_harm(f"{text} I want to kill myself")
    speaks_of_harm(text)
