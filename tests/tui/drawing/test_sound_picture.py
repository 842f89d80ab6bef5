"""The sound as a picture: what rises, rises."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from engine.playback.sound_columns import BANDS, SoundColumn
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.score_picture import SOUND, page_at
from musmed_tui.drawing.sound_picture import sound_rows

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")


def only(band: int, strength: int = 15) -> bytes:
    return bytes(strength if one == band else 0 for one in range(BANDS))


def test_a_rising_tone_rises_on_the_screen() -> None:
    page = page_at(5.0, 40)
    first, count = int(page.start / 0.2) + 1, int((page.end - page.start) / 0.2) - 2
    columns = [SoundColumn(first + n, only(BANDS * n // count)) for n in range(count)]
    rows = sound_rows(columns, 5.0, 40, 14, "braille")
    tops = []
    for x in range(40):
        seen = [y for y in range(2, 14) if rows[y][x].role == SOUND]
        tops += seen[:1]
    assert len(tops) > 30
    assert tops[0] == 11
    assert tops[-1] == 2
    assert all(one >= other for one, other in itertools.pairwise(tops))


def test_the_stronger_the_denser_and_silence_is_blank() -> None:
    shades = []
    for strength in (0, 5, 8, 12, 15):
        rows = sound_rows([SoundColumn(25, only(0, strength))], 5.0, 40, 12, "ascii")
        shades.append("".join(cell.glyph for cell in rows[11]).strip())
    assert shades == ["", ".", ":", "+", "#"]


@pytest.mark.parametrize("glyphs", GLYPHS)
@given(st.integers(1, 120), st.integers(1, 30), st.floats(0, 900))
def test_it_fits_every_room(glyphs: Glyphs, width: int, height: int, position: float) -> None:
    number = int(position / 0.2)
    columns = [SoundColumn(number + n, only(n % BANDS)) for n in range(-40, 8)]
    rows = sound_rows(columns, position, width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height
    if glyphs == "ascii":
        assert text_of(rows).isascii()
