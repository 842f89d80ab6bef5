"""The page of notes: each note where it sounds and as high as it is, whatever there is."""

from __future__ import annotations

import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support.fake_session import SCORE

from engine.session.heard_notes import HeardNote, HeardScore
from musmed_tui.drawing import score_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.drawing.score_picture import CELLS_A_SECOND, MARK, page_at, score_rows

LEAD = score_picture.PART + score_picture.PARTS.index("lead")
WIDTH, HEIGHT = 44, 12


def drawn(score: HeardScore, position: float, glyphs: Glyphs = "braille") -> list[Row]:
    return score_rows(score, position, WIDTH, HEIGHT, glyphs)


def text(row: Row) -> str:
    return "".join(cell.glyph for cell in row)


def cells(rows: list[Row], role: int) -> list[tuple[int, int]]:
    """Columns and rows."""
    return [(x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c.role == role]


@given(st.floats(0.0, 5400.0), st.integers(12, 200))
def test_what_is_heard_is_always_on_the_page(position: float, width: int) -> None:
    page = page_at(position, width)
    assert page.start <= position < page.end
    assert page.end - page.start == pytest.approx(max(4.0, width / CELLS_A_SECOND))


@given(st.floats(0.0, 900.0), st.floats(0.0, 2.0))
def test_a_page_stands_still_until_it_is_turned(position: float, later: float) -> None:
    one, other = page_at(position, WIDTH), page_at(position + later, WIDTH)
    assert other == one or other.start > one.start
    if other != one:  # what was just heard stands on the new one
        assert other.start < one.end


@given(st.integers(1, 400), st.sampled_from(["braille", "quadrant", "ascii"]))
def test_a_note_stands_under_the_mark_when_it_is_heard(tenths: int, glyphs: Glyphs) -> None:
    onset = tenths / 10
    rows = drawn(HeardScore((HeardNote(onset, 0.3, 60, "lead", "piano"),)), onset, glyphs)
    ((mark, _),) = cells(rows, MARK)
    assert min(x for x, _ in cells(rows, LEAD)) == mark


@given(st.integers(30, 90), st.integers(1, 12))
def test_what_is_higher_stands_higher(pitch: int, above: int) -> None:
    low = HeardNote(1.0, 0.5, pitch, "bass", "cello")
    high = HeardNote(4.0, 0.5, pitch + above, "lead", "flute")
    rows = score_rows(HeardScore((low, high)), 2.0, WIDTH, 40, "braille")
    bass = score_picture.PART + score_picture.PARTS.index("bass")
    assert min(y for _, y in cells(rows[:-1], LEAD)) <= min(y for _, y in cells(rows[:-1], bass))


def test_it_says_key_tempo_section_and_chords() -> None:
    rows = drawn(SCORE, 100.0)
    assert text(rows[0]).strip() == "A minor, 4/4, 120 beats a minute, section 4"
    assert text(rows[1]).split()[:3] == ["Am", "F", "G"]


def test_where_there_is_room_it_says_who_plays_in_the_colours_of_their_parts() -> None:
    rows = score_rows(SCORE, 100.0, WIDTH, 20, "braille")
    assert text(rows[-1]).split("  ")[:4] == ["piano", "double bass", "strings", "brushes"]
    assert rows[-1][0].role == LEAD


@pytest.mark.parametrize("glyphs", ["braille", "quadrant", "ascii"])
def test_an_empty_page_says_so(glyphs: Glyphs) -> None:
    assert any(score_picture.EMPTY in text(row) for row in drawn(HeardScore(), 3.0, glyphs))
    assert not any(score_picture.EMPTY in text(row) for row in drawn(SCORE, 3.0, glyphs))


names = st.text(string.printable, max_size=8)
notes = st.builds(
    HeardNote,
    st.floats(-1e6, 1e6),
    st.floats(0.0, 1e5),
    st.integers(0, 127),
    st.sampled_from([*score_picture.PARTS, "another"]),
    names,
)


@given(
    st.lists(notes, max_size=20),
    st.floats(0.0, 5400.0),
    st.integers(0, 120),
    st.integers(0, 40),
    st.sampled_from(["braille", "quadrant", "ascii"]),
)
def test_any_notes_in_any_room_fill_it_and_no_more(
    given_notes: list[HeardNote], position: float, width: int, height: int, glyphs: Glyphs
) -> None:
    score = HeardScore(tuple(sorted(given_notes)), SCORE.bars)
    rows = score_rows(score, position, width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height


def test_what_another_machine_says_of_its_music_moves_no_cursor() -> None:
    """Key, chords and instruments come over the line; each character stands in its own cell."""
    odd = "\x1b]0;m\x07\u202e\u97f3\u0301"
    (known, *_) = SCORE.bars
    bar = msgspec.structs.replace(known, start=0.0, chords=(odd,), key=odd)
    notes = (HeardNote(0.5, 0.5, 60, "lead", odd),)
    rows = score_rows(HeardScore(notes, (bar,)), 0.5, WIDTH, 20, "braille")
    shown = "".join(text(row) for row in rows)
    assert shown.count("?]0;m????") == 3
    assert shown.isprintable()
    assert all(cell_len(text(row)) == WIDTH for row in rows)
