"""Large digits: every one is another, none moves, and what has no room is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from musmed_tui.drawing.digits_picture import clock_rows, digit_rows, digits_width
from musmed_tui.drawing.raster import Glyphs, changes

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("rows", range(3, 10))
def test_ten_digits_of_one_size_and_no_two_alike(rows: int, glyphs: Glyphs) -> None:
    drawn = [text_of(digit_rows(digit, rows, glyphs)) for digit in "0123456789"]
    assert len(set(drawn)) == 10
    for digit in "0123456789":
        made = digit_rows(digit, rows, glyphs)
        assert len(made) == rows
        assert {len(row) for row in made} == {digits_width(digit, rows, glyphs)}


@pytest.mark.parametrize("rows", range(3, 10))
def test_plain_characters_are_plain(rows: int) -> None:
    assert text_of(digit_rows("12:34567890", rows, "ascii")).isascii()


def test_what_they_look_like() -> None:
    assert text_of(digit_rows("6:27", 3, "braille")).splitlines() == [
        "█▀▀ ▄ ▀▀█ ▀▀█",
        "█▀█ ▄ █▀▀   █",
        "▀▀▀   ▀▀▀   ▀",
    ]
    assert text_of(digit_rows("6:27", 3, "ascii")).splitlines() == [
        " _     _   _",
        "|_  .  _|   |",
        "|_| . |_    |",
    ]


@given(st.integers(0, 3598), st.integers(3, 7), st.sampled_from(GLYPHS))
def test_the_next_second_leaves_what_stays_alone(second: int, rows: int, glyphs: Glyphs) -> None:
    before, after = (clock_rows(time, 3600.0, 80, rows, glyphs) for time in (second, second + 1))
    clocks = [f"{time // 60}:{time % 60:02d}" for time in (second, second + 1)]
    if len(set(map(len, clocks))) == 1:
        same = next(i for i, (one, other) in enumerate(zip(*clocks, strict=True)) if one != other)
        first = digits_width(clocks[0][:same] + "0", rows, glyphs) - digits_width("0", rows, glyphs)
        assert all(stretch.x >= first for stretch in changes(before, after))


def test_it_says_how_much_there_is_and_how_much_is_left() -> None:
    first, second, _ = text_of(clock_rows(387.4, 900.0, 40, 3, "braille")).splitlines()
    assert first.endswith("of 15:00")
    assert "8:33 left" in second


@pytest.mark.parametrize("width", range(1, 60))
@pytest.mark.parametrize("height", [1, 2, 3, 5])
def test_it_fits_every_room(width: int, height: int) -> None:
    rows = clock_rows(3700.0, 7200.0, width, height, "braille")
    assert [len(row) for row in rows] == [width] * height


def test_without_room_for_digits_it_is_a_line() -> None:
    assert text_of(clock_rows(387.0, 900.0, 30, 1, "braille")) == "6:27 of 15:00, 8:33 left"
    assert text_of(clock_rows(387.0, 900.0, 10, 3, "braille")).split() == ["6:27"]
