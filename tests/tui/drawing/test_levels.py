"""The level meter as rows of cells."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from musmed_tui.drawing.levels_picture import (
    FALL_DB_PER_SECOND,
    FLOOR_DB,
    level_cells,
    level_rows,
    settled,
)
from musmed_tui.drawing.raster import Glyphs

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")
levels = st.tuples(st.floats(-120, 0), st.floats(-120, 0))


@given(levels, levels, st.floats(0, 5))
def test_levels_rise_at_once_and_sink_at_a_rate(
    before: tuple[float, float], peak: tuple[float, float], seconds: float
) -> None:
    for old, new, shown in zip(before, peak, settled(before, peak, seconds), strict=True):
        assert shown >= max(FLOOR_DB, new)
        assert shown == pytest.approx(max(FLOOR_DB, new, old - FALL_DB_PER_SECOND * seconds))


def test_silence_empties_the_meter() -> None:
    silence = (-math.inf, -math.inf)
    shown = settled((0.0, 0.0), silence, 10.0)
    assert shown == (FLOOR_DB, FLOOR_DB)
    assert level_cells(shown[0], 40) == 0
    assert level_cells(-math.inf, 40) == 0
    assert level_cells(0.0, 40) == 40


@given(st.floats(-60, 6), st.floats(-60, 6))
def test_louder_is_longer(one: float, other: float) -> None:
    assert (level_cells(one, 40) - level_cells(other, 40)) * (one - other) >= 0


@pytest.mark.parametrize("glyphs", GLYPHS)
@given(shown=levels, width=st.integers(1, 60), height=st.integers(1, 3))
def test_every_meter_fits_its_room(
    glyphs: Glyphs, shown: tuple[float, float], width: int, height: int
) -> None:
    rows = level_rows(shown, width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height


def test_the_louder_channel_is_the_longer_row() -> None:
    left, right = text_of(level_rows((-6.0, -24.0), 30, 2, "ascii")).splitlines()
    assert left.startswith("L ##")
    assert left.count("#") > right.count("#")
