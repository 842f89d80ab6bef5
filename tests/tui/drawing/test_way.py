"""The way as lines: past, now, next, and what was asked for, each in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from engine.session.deeds import Done
from engine.session.stretches import Stretch
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.way_picture import DEED, NEXT, NOW, PAST, WayState, way_rows

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")
COURSE = tuple(
    Stretch(45.0 * n, ("tense", "meditative", "calm")[n % 3], ("piano", "acoustic guitar")[n % 2],
            "ambient")
    for n in range(20)
)  # fmt: skip
DONE = (Done(50.0, "steer", "steered to glad"), Done(50.0, "like", "liked"))


def state(position: float, done: tuple[Done, ...] = DONE) -> WayState:
    return WayState(COURSE, done, position, 900.0)


def roles(shown: WayState, width: int, height: int) -> list[int]:
    """Each row's, by its last sign."""
    rows = way_rows(shown, width, height, "braille")
    return [([cell.role for cell in row if cell.role] or [0])[-1] for row in rows]


def test_what_it_looks_like() -> None:
    assert text_of(way_rows(state(100.0), 60, 6, "braille")).splitlines() == [
        "   0:50  ◆ steered to glad",
        "   0:50  + liked",
        "▸  1:30  calm        piano, ambient",
        "   2:15  tense       acoustic guitar, ambient",
        "   3:00  meditative  piano, ambient",
        "   3:45  calm        acoustic guitar, ambient",
    ]


def test_past_now_and_next_and_what_was_done_at_its_time() -> None:
    assert roles(state(100.0), 60, 23)[:6] == [PAST, PAST, DEED, DEED, NOW, NEXT]
    assert "the end" in text_of(way_rows(state(100.0), 60, 23, "braille")).splitlines()[-1]


@given(st.floats(0, 900), st.integers(1, 40), st.integers(16, 90), st.sampled_from(GLYPHS))
def test_now_is_always_seen(position: float, height: int, width: int, glyphs: Glyphs) -> None:
    rows = way_rows(state(position), width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height
    assert any(cell.role == NOW for row in rows for cell in row)
    if glyphs == "ascii":
        assert text_of(rows).isascii()


@pytest.mark.parametrize("height", [5, 23])
def test_no_row_stays_empty_where_there_is_something_to_say(height: int) -> None:
    for position in (0.0, 450.0, 900.0):
        assert all(roles(state(position), 60, height))


def test_the_genre_is_said_where_all_of_it_has_room() -> None:
    assert "ambient" in text_of(way_rows(state(0.0), 60, 8, "braille"))
    narrow = text_of(way_rows(state(0.0), 37, 8, "braille"))
    assert "ambient" not in narrow
    assert "acoustic guitar" in narrow


def test_who_plays_is_folded_and_not_cut() -> None:
    rows = text_of(way_rows(state(0.0, ()), 32, 8, "braille")).splitlines()
    assert rows[1].split() == ["0:45", "meditative", "acoustic"]
    assert rows[2].split() == ["guitar"]


def test_what_was_done_is_folded_and_not_cut() -> None:
    done = (Done(0.0, "steer", "steered to a feeling beyond relaxed"),)
    rows = text_of(way_rows(state(0.0, done), 37, 8, "braille")).splitlines()
    assert [row.rstrip() for row in rows[1:3]] == [
        "   0:00  ◆ steered to a feeling",
        "           beyond relaxed",
    ]
