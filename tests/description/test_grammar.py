"""The soft grammar never gives what is no description, whatever comes in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.described import descriptions

from engine.description.grammar import END, Grammar, repaired, sampled
from engine.description.text import as_text, parse_description, read_description, write_lines
from engine.description.tokens import (
    BEGINNING,
    BINS,
    CHORDS,
    INSTRUMENTS,
    MOST_BARS,
    TIME_SIGNATURES,
    VOCABULARY,
    binned,
    tokens_of,
)
from engine.errors import MusmedError
from engine.plan.described import DescribedBar, Description

words = st.sampled_from([*VOCABULARY, END]) | st.text(max_size=12)
weights = st.floats(allow_nan=True, allow_infinity=True)


def check(description: Description) -> None:
    """It is valid by its type, its file and its tokens."""
    again = msgspec.json.decode(msgspec.json.encode(description), type=Description)
    assert again == description
    assert parse_description(as_text(description)) == description
    grammar = Grammar()
    assert all(grammar.take(token) for token in tokens_of(description))
    for bar in description.bars:
        assert len(set(bar.instruments)) == len(bar.instruments)


@settings(max_examples=200)
@given(st.lists(words, max_size=40), st.integers(1, 4))
def test_any_tokens_become_a_description(tokens: list[str], most: int) -> None:
    made = repaired(tokens, most)
    check(made)
    assert 1 <= len(made.bars) <= most


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(words, weights, max_size=20), st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_any_likelihoods_become_a_description(
    told: dict[str, float], seed: int, most_tokens: int
) -> None:
    made = sampled(lambda said: told, np.random.default_rng(seed), 3, most_tokens)
    check(made)
    assert len(made.bars) <= 3


def test_likelihoods_count_where_they_may() -> None:
    """Who wants nothing but bars of a violin gets them, one in each, up to the most."""
    wanted = {"Instrument_Violin": 1.0, "Bar_2": 1e-9, "Bar_1": 1e-9, "Bar_3": 1e-9}
    made = sampled(lambda said: wanted, np.random.default_rng(0), 2, 4)
    assert [bar.instruments for bar in made.bars] == [("Violin",), ("Violin",)]


def test_the_model_is_told_what_was_said() -> None:
    seen: list[Sequence[str]] = []

    def told(said: Sequence[str]) -> dict[str, float]:
        seen.append(tuple(said))
        return {END: 1.0}

    assert sampled(told, np.random.default_rng(1)).bars == (DescribedBar(),)
    assert seen == [(), ("Bar_1",)]


@given(descriptions)
def test_what_is_said_in_tokens_is_what_they_are_repaired_to(description: Description) -> None:
    """Bins of bins are the same bins: nothing is lost twice."""
    once = repaired(tokens_of(description))
    assert len(once.bars) == len(description.bars)
    assert binned(repaired(tokens_of(once))) == binned(once)


@pytest.mark.parametrize(
    ("tokens", "made"),
    [
        (["Chord_C:maj"], DescribedBar(chords=("C:maj",))),
        (["Bar_1", "Chord_C:None"], DescribedBar(chords=("N",))),
        (["Bar_7", "Time Signature_3/4", "Time Signature_4/4"], DescribedBar(time_signature="3/4")),
        (["Bar_1", "Instrument_drum", "Time Signature_3/4"], DescribedBar(instruments=("drums",))),
        (
            ["Bar_1", "Instrument_Violin", "Instrument_Violin"],
            DescribedBar(instruments=("Violin",)),
        ),
        (["Bar_1", "Mean Velocity_0"], DescribedBar(mean_velocity=1.0)),
        (["Bar_1", "Mean Pitch_32"], DescribedBar(mean_pitch=127.0)),
        (["Bar_1", "Mean Pitch_33", END, "Chord_C:maj"], DescribedBar()),
        ([], DescribedBar()),
    ],
)
def test_what_is_out_of_place_is_left_out(tokens: list[str], made: DescribedBar) -> None:
    assert repaired(tokens).bars == (made,)


def test_figaros_vocabulary() -> None:
    """As many words as its ``DescriptionVocab`` has."""
    assert len(TIME_SIGNATURES) == 3 * (2 + 4 + 8 + 16)
    assert len(INSTRUMENTS) == 129
    assert len(CHORDS) == 12 * 8 + 1
    assert {len(bins) for bins in BINS.values()} == {33}
    assert len(VOCABULARY) == 90 + 129 + 97 + 4 * 33 + 512 == len(set(VOCABULARY))


def test_a_file_of_tokens(tmp_path: Path) -> None:
    description = Description(bars=(DescribedBar(time_signature="4/4", chords=("C:maj", "N")),) * 2)
    write_lines(tmp_path / "a.txt", tokens_of(description))
    assert read_description(tmp_path / "a.txt") == description
    (tmp_path / "b.txt").write_text(f"{BEGINNING}\nBar_x\n", "utf-8")
    with pytest.raises(MusmedError, match="no token that FIGARO knows"):
        read_description(tmp_path / "b.txt")


def test_what_figaro_has_no_word_for() -> None:
    bars = (DescribedBar(time_signature="99/32"),) * (MOST_BARS + 9)
    tokens = tokens_of(Description(bars=bars))
    assert tokens == [f"Bar_{n}" for n in range(1, MOST_BARS + 1)]
