"""What a listener says of how they feel, and how it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.ratings import (
    NOTE_LIMIT,
    Felt,
    Rating,
    clean_note,
    parse_rating,
    written,
)

SLIDERS = st.none() | st.integers(0, 100)


@given(SLIDERS, SLIDERS)
def test_what_is_written_is_read(valence: int | None, arousal: int | None) -> None:
    rating = Rating(valence, arousal)
    assert parse_rating(written(rating), "it") == rating


@pytest.mark.parametrize(
    "text",
    ["", "30", "30,70,1", "-1,50", "101,50", "30.5,70", "a,b", "³0,70", "1e1,5", ",", "9" * 400],
)
def test_what_is_no_rating_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(
        MusmedError, match="--before must be two whole numbers from 0 to 100"
    ) as told:
        parse_rating(text, "--before")
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("text", "affect"),
    [("0,100", Affect(-1.0, 1.0)), ("50,50", Affect(0.0, 0.0)), ("30,70", Affect(-0.4, 0.4))],
)
def test_a_rating_has_its_place_on_the_plane(text: str, affect: Affect) -> None:
    assert parse_rating(text, "it").affect == affect


@pytest.mark.parametrize("text", ["-", "-,-", "30,-", " - , 70"])
def test_what_is_left_out_is_no_place(text: str) -> None:
    assert parse_rating(text, "it").affect is None


def test_a_change_is_only_between_two() -> None:
    felt = Felt(Rating(30, 70), Rating(60, None))
    assert felt.change == (30, None)


def test_a_note_is_seen_whole_and_bounded() -> None:
    assert clean_note("  a\r\n\tb\x1b[2J \n\n\n\n c  \n") == "a\n b\\x1b[2J\n\n c"
    assert clean_note("x" * NOTE_LIMIT) == "x" * NOTE_LIMIT
    with pytest.raises(MusmedError, match=f"at most {NOTE_LIMIT} characters, and this one 2001"):
        clean_note("x" * (NOTE_LIMIT + 1))


@given(st.text(max_size=300))
def test_a_clean_note_is_clean(text: str) -> None:
    once = clean_note(text)
    assert clean_note(once) == once
    assert all(line.isprintable() for line in once.split("\n"))
