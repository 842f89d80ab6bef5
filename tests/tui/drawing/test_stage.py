"""What stands beside the plane on the stage, and its letters."""

from __future__ import annotations

import pytest

from musmed_tui.drawing.block_letters import block_height, block_rows, block_width
from musmed_tui.drawing.raster import BLANK, Glyphs, Row
from musmed_tui.drawing.stage_picture import FEELING, STATE, StageState, stage_rows

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")
STATE_NOW = StageState("6:27", ("less tense,", "nearly calm"), ("tense", "calm"), "→")


def _text(rows: list[Row]) -> str:
    return "\n".join("".join(cell.glyph for cell in row) for row in rows)


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_letters_are_as_large_as_they_say(scale: int, glyphs: Glyphs) -> None:
    rows = block_rows("less tense", scale, glyphs)
    assert len(rows) == block_height(scale, glyphs)
    assert {len(row) for row in rows} == {block_width("less tense", scale)}


def test_every_letter_is_another_one() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert len({_text(block_rows(one, 1, "ascii")) for one in letters}) == len(letters)


def test_accents_are_left_out_and_what_can_t_be_drawn_is_said_to_be() -> None:
    assert block_width("Gelöst", 1) == block_width("gelost", 1)
    assert block_width("brø", 1) is None
    assert block_width("", 1) is None


def test_ascii_letters_are_ascii() -> None:
    assert _text(block_rows("-> calm", 2, "ascii")).isascii()


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("width", [1, 9, 20, 30, 48, 64, 90])
@pytest.mark.parametrize("height", [1, 3, 11, 18, 32, 40])
def test_it_fills_what_room_there_is_and_no_more(width: int, height: int, glyphs: Glyphs) -> None:
    state = STATE_NOW
    for one in (state, StageState(**{**vars(state), "state": ("‖", "paused"), "said": "Eased."})):
        rows = stage_rows(one, width, height, glyphs)
        assert len(rows) == height
        assert {len(row) for row in rows} == {width}
        assert any(cell != BLANK for row in rows for cell in row)


def test_the_larger_the_room_the_larger_the_words() -> None:
    def area(width: int, height: int) -> int:
        rows = stage_rows(STATE_NOW, width, height, "braille")
        return sum(cell.role == FEELING for row in rows for cell in row)

    assert area(24, 8) < area(46, 18) < area(62, 40)


def test_a_session_that_does_not_play_says_so_in_large_letters() -> None:
    state = StageState(**{**vars(STATE_NOW), "state": ("‖", "paused")})
    roles = {cell.role for row in stage_rows(state, 46, 32, "braille") for cell in row}
    assert STATE in roles
    assert FEELING not in roles


def test_words_that_can_t_be_drawn_large_are_said_all_the_same() -> None:
    state = StageState("0:10", ("brø",), ("brø", "calm"), "→")
    assert "brø" in _text(stage_rows(state, 46, 32, "braille"))
