"""Typos: what is one, and that a guess never turns a feeling round."""

from __future__ import annotations

import functools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.affect.feelings import (
    Feeling,
    UnknownFeelingError,
    did_you_mean,
    feeling,
    parse_affect,
    spellings,
)
from engine.affect.quarters import quarter_of
from engine.affect.real_words import NEVER_TYPOS
from engine.affect.spelling import allowed_slips, misspelt, plain, slips
from engine.errors import MusmedError

relaxed = settings(deadline=None)
letters = st.sampled_from("abcdefghijklmnopqrstuvwxyz ")
few = st.text("abc ", max_size=7)
WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def known(text: str) -> Feeling | None:
    try:
        return feeling(text)
    except UnknownFeelingError:
        return None


@functools.cache
def by_definition(a: str, b: str) -> int:
    """The optimal string alignment distance as it is defined, by recursion."""
    if not a or not b:
        return len(a) + len(b)
    ways = [
        by_definition(a[:-1], b) + 1,
        by_definition(a, b[:-1]) + 1,
        by_definition(a[:-1], b[:-1]) + (a[-1] != b[-1]),
    ]
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        ways.append(by_definition(a[:-2], b[:-2]) + 1)
    return min(ways)


@relaxed
@given(few, few, st.integers(0, 4))
def test_slips_are_counted_as_defined(a: str, b: str, most: int) -> None:
    right = by_definition(a, b)
    assert slips(a, b, most) == (right if right <= most else None)


@relaxed
@given(st.text(max_size=40))
def test_the_plain_form_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plain(f"  {text.upper()}! ") == plain(text.upper())


@st.composite
def slipped(draw: st.DrawFn) -> tuple[str, str]:
    """A word or form that is known, and the same with as many slips as are allowed."""
    right = draw(st.sampled_from([w for w in spellings() if len(plain(w)) > 6]))
    text = plain(right)
    for _ in range(draw(st.integers(1, allowed_slips(text)))):
        at = draw(st.integers(1, len(text) - 2))
        kind = draw(st.sampled_from(("lost", "twice", "wrong", "exchanged")))
        match kind:
            case "lost":
                text = text[:at] + text[at + 1 :]
            case "twice":
                text = text[:at] + text[at] + text[at:]
            case "wrong":
                text = text[:at] + draw(letters) + text[at + 1 :]
            case _:
                text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return right, text


@settings(deadline=None, max_examples=300)
@given(slipped())
def test_a_typo_is_guessed_right_or_not_at_all(case: tuple[str, str]) -> None:
    """Of one slip the right word is a nearest one; so a guess has it, or lies in its quarter."""
    right, typed = case
    meant = feeling(right)
    assume(known(typed) is None)
    guesses = [feeling(one) for one in did_you_mean(typed)]
    assert len({quarter_of(one.affect) for one in guesses}) <= 1
    distance = slips(plain(right), plain(typed), allowed_slips(plain(typed)))
    if guesses and distance == 1:
        assert quarter_of(guesses[0].affect) is quarter_of(meant.affect)
        # the first letter is right, so nothing but an equally near word can have kept it out
        assert meant in guesses or len(misspelt(plain(typed), [plain(w) for w in spellings()])) > 1


@relaxed
@given(st.text(max_size=30) | st.text(letters, max_size=14))
def test_a_guess_is_near_and_of_one_quarter(text: str) -> None:
    guesses = did_you_mean(text)
    assert len({quarter_of(feeling(one).affect) for one in guesses}) <= 1
    for guess in guesses:
        tails = [" ".join(plain(text).split()[n:]) for n in range(len(plain(text).split()))]
        bare = [*tails, plain(text)]
        bare += [" ".join(one.split()[:-n]) for one in tails for n in (1, 2, 3)]
        assert any(
            slips(one, spelling, allowed_slips(one)) is not None
            for one in bare
            for spelling in (
                plain(guess),
                plain(guess.translate(WRITTEN_OUT)),
            )
        )


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_one_missing_letter_is_nearly_always_understood(every: int) -> None:
    """``every``: every such word in alphabetical order."""
    right = wrong = alone = 0
    for word in sorted(spellings())[::every]:
        text = plain(word)
        for at in range(1, len(text)) if len(text) > 5 else ():
            typed = text[:at] + text[at + 1 :]
            if known(typed) is not None:
                continue
            guesses = [feeling(one) for one in did_you_mean(typed)]
            meant = feeling(word)
            right += meant in guesses
            alone += not guesses
            wrong += bool(guesses) and quarter_of(guesses[0].affect) is not quarter_of(meant.affect)
    assert wrong == 0
    assert right > 50 * alone


@pytest.mark.parametrize(
    "typed",
    ["hungry", "xqzw", "fire", "harm", "dear", "zorbly", "expression", "terrifying news", "1984",
     "unexcited", "nsecure", "nhappy", "sed", "abusing", "losing", "living", "relived", "condemned",
     "dependent", "unmoved", "mutilated", "raped", "destruction", "abuse", "hated", "homeless", "",
     "??", "感動", "грустно"],
)  # fmt: skip
def test_no_typo_no_guess(typed: str) -> None:
    assert known(typed) is None
    assert did_you_mean(typed) == ()
    with pytest.raises(MusmedError, match="musmed does not know the feeling"):
        parse_affect(typed) if typed != "1984" else feeling(typed)


def test_a_word_that_is_spelled_right_is_no_typo() -> None:
    for word in sorted(NEVER_TYPOS):
        assert word == plain(word)
        assert did_you_mean(word) == did_you_mean(f"I feel {word} today") == (), word


@pytest.mark.parametrize(
    ("typed", "word"),
    [("destress", "relaxed"), ("de-stress", "relaxed"), ("destressed", "relaxed"),
     ("stress-free", "relaxed"), ("abused", "hurt"), ("ratlos", "helpless")],
)  # fmt: skip
def test_a_word_that_was_guessed_to_be_its_opposite_is_known(typed: str, word: str) -> None:
    assert feeling(typed).word == word


@pytest.mark.parametrize(
    ("typed", "guess"),
    [("calmm", "calm"), ("clam", "calm"), ("anxios", "anxious"), ("depresed", "depressed"),
     ("overwelmed", "overwhelmed"),
     ("i feel really anxios", "anxious"), ("ängstlihc", "ängstlich")],
)  # fmt: skip
def test_a_clear_typo_is_asked_about(typed: str, guess: str) -> None:
    with pytest.raises(UnknownFeelingError, match=f"did you mean {guess}") as error:
        feeling(typed)
    assert error.value.suggestions == [guess]


def test_a_long_text_is_said_again_in_part() -> None:
    with pytest.raises(UnknownFeelingError) as error:
        feeling("x" * 100_000)
    assert len(str(error.value)) < 200
