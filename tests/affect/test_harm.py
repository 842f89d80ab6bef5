"""Words of danger to oneself: they are understood, and turns of phrase are left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.feelings import FEELINGS, forms_of, parse_affect
from engine.affect.harm import HELP, HELP_GERMAN, help_for, speaks_of_harm

SAID = [
    "suicidal", "suicide", "I want to die", "i wanna die", "want to kill myself",
    "killing myself", "kill my self", "self-harm", "selfharm", "self harming", "self injury",
    "no reason to live", "nothing left to live for", "don't want to live anymore",
    "dont want to be here", "I do not want to exist", "don\u2019t want to wake up",
    "end it all", "end my life", "ending my life", "take my own life", "better off dead",
    "wish I was dead", "i'd rather be dead", "hurt myself", "cutting myself", "cut myself",
    "overdose", "life is not worth living", "life isn't worth living", "tired of living",
    "can't go on", "cant go on like this", "thinking of ending it", "feel like dying",
    "jump off a bridge", "KMS", "unalive", "sucidal", "suicdal", "suicidle", "suiciadal",
    "die", "dead", "kill me", "suizidal", "Selbstmordgedanken", "lebensmüde", "lebensmuede",
    "ich will nicht mehr leben", "ich möchte sterben", "mich umbringen", "Selbstverletzung",
    "wanting to die", "better off without me", "end it", "I'm going to end it",
    "slit my wrists", "cut my wrists", "cutting", "jump in front of a train", "off a bridge",
    "I took too many pills", "I can't live anymore", "don't deserve to live",
    "shouldn't be alive", "let me die", "wish I'd never been born", "hope I don't wake up",
    "go to sleep and not wake up", "feel like dying today", "overdosed", "i wnat to die",
    "kill mysefl", "kill myslef", "killmyself", "iwanttodie", "wish I was never born",
    "suicidaire", "envie de mourir", "suicida", "quiero morir", "quiero morirme",
]  # fmt: skip
GERMAN = [
    "mir das Leben nehmen", "mir etwas antun", "sterben wollen", "nicht mehr existieren",
    "am liebsten tot", "ich wäre lieber tot", "mich erhängen", "mich aufhaengen",
    "mich erschießen", "vor den Zug springen", "vor den Zug werfen", "von der Brücke springen",
    "Pulsadern aufschneiden", "ritzen", "mich schneiden", "SVV", "Todeswunsch",
    "kein Grund zu leben", "keinen Grund mehr zu leben", "meinem Leben ein Ende setzen",
    "besser ohne mich", "umbringen", "ich bring mich jetzt um", "selbstmrod",
    "ich will sterebn", "ich waere lieber tot", "ich will mich umbrigen",
    "ich will mir das Leben nehmen", "nie mehr aufwachen",
]  # fmt: skip
NOT_SAID = [
    "killing it", "dying to", "dying to dance", "to die for", "dead tired", "dead on my feet",
    "dead inside", "drop dead gorgeous", "killer mood", "this headache is killing me",
    "i could kill for a coffee", "died laughing", "i could die of embarrassment",
    "burning myself out", "cut myself some slack", "shoot myself in the foot", "cut off",
    "can't go on holiday", "take my life back", "tired of working", "sick of it",
    "end of term", "self conscious", "self confident", "harmless", "harmonious", "alive",
    "lively", "living", "hopeless", "worthless", "i want dead quiet", "suitable", "subside",
    "sunday", "surprised", "don't want to wake up early", "overdose of cuteness", "lebendig",
    "sterbenslangweilig", "", "killing time", "cutting edge", "end of the day",
    "einschneidend", "dying of laughter", "cut short", "cutting corners",
    "cutting back on sugar", "cut up about it", "jump for joy", "jump on the train",
    "missed the train", "walk in the park", "off the rails", "over the moon", "took my pills",
    "took all my vitamins", "can't live without music", "can't wait", "live a little",
    "shouldn't be sad", "let me be", "let me sleep", "wish I was happy", "wish I was calm",
    "hope I wake up happy", "go to sleep", "sleep and rest", "end it with a smile",
    "end this week well", "deserve a break", "hate mondays", "kill the lights",
    "want to dance", "want to dye my hair", "want to diet", "skilled", "einschlafen",
    "todmüde", "nach Erfolg streben", "das bringt mich um den Verstand", "vor dem Zug",
    "unter Druck", "aus dem Fenster schauen", "von der Brücke schauen", "das Leben genießen",
    "mehr leben", "Lust auf Leben", "Lebenslust", "nicht mehr traurig", "nicht mehr müde",
    "besser ohne Stress", "will tanzen", "vor Lachen sterben", "todernst", "mich ausruhen",
    "etwas tun", "schneidend kalt", "point of view", "hurting", "myself", "putting my feet up",
    "bungee jumping off a bridge", "step in time", "stop worrying", "not existing plans",
]  # fmt: skip


@pytest.mark.parametrize("text", [*SAID, *GERMAN])
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
    assert not re.search(r"\d", HELP + HELP_GERMAN)


@pytest.mark.parametrize("text", GERMAN)
def test_who_writes_german_is_answered_in_german_too(text: str) -> None:
    assert help_for("calm", text) == f"{HELP_GERMAN} {HELP}"


def test_who_writes_english_is_answered_in_english() -> None:
    assert {help_for(text) for text in SAID if "selbst" not in text.lower()} >= {HELP}
    assert help_for("I want to die") == help_for("kill mysefl", "calm") == HELP
    assert help_for("calm", "dying to dance") is None


@settings(deadline=None)
@given(st.text(max_size=50))
def test_any_text_is_looked_at(text: str) -> None:
    assert speaks_of_harm(f"{text} I want to kill myself")
    speaks_of_harm(text)
