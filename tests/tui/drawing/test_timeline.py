"""The timeline and the level meter as rows of cells."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.timeline_picture import (
    FALL_DB_PER_SECOND,
    FLOOR_DB,
    ClipSpan,
    TimelineState,
    level_cells,
    level_rows,
    playhead,
    settled,
    stages,
    timeline_rows,
)

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")


def session(position: float, total: float = 120.0, ready: int = 3) -> TimelineState:
    count = math.ceil((total - 7.5) / 22.5)
    return TimelineState(
        tuple(
            ClipSpan(
                22.5 * i,
                min(total, 22.5 * i + 30),
                "ready" if i < ready else "composing" if i == ready else "planned",
            )
            for i in range(count)
        ),
        position,
        total,
    )


def test_each_stage_where_it_is() -> None:
    found = stages(session(30.0), 120)  # a cell a second
    assert set(found[:30]) == {"played"}
    assert set(found[30:45]) == {"playing"}
    assert set(found[45:52]) == {"crossfade"}
    assert set(found[53:67]) == {"ready"}
    assert set(found[75:97]) == {"composing"}
    assert set(found[98:]) == {"planned"}


def test_what_is_not_composed_has_no_crossfade() -> None:
    found = stages(session(0.0, ready=0), 120)
    assert set(found[:22]) == {"playing"}
    assert set(found[22:30]) == {"composing"}
    assert set(found[30:]) == {"planned"}


def test_before_anything_is_composed_nothing_plays() -> None:
    assert set(stages(session(0.0, ready=-1), 120)) == {"planned"}


def test_in_a_narrow_strip_only_the_next_crossfade_is_marked() -> None:
    found = stages(session(400.0, total=900.0, ready=40), 80)
    assert found.count("crossfade") <= 2


@given(st.integers(1, 200), st.floats(0, 3600), st.integers(0, 60))
def test_played_up_to_the_playhead_and_never_after(cells: int, position: float, ready: int) -> None:
    state = session(min(position, 900.0), 900.0, ready)
    head = playhead(state, cells)
    found = stages(state, cells)
    assert 0 <= head < cells
    assert all(stage == "played" for stage in found[:head])
    assert all(stage != "played" for stage in found[head + 1 :])


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("height", [1, 2, 3, 4])
@given(width=st.integers(1, 140), position=st.floats(0, 900))
def test_every_timeline_fits_its_room(
    glyphs: Glyphs, height: int, width: int, position: float
) -> None:
    rows = timeline_rows(session(position, 900.0, 20), width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height
    if glyphs == "ascii":
        assert text_of(rows).isascii()


def test_one_row_has_both_times() -> None:
    (row,) = text_of(timeline_rows(session(62.0), 60, 1, "braille")).splitlines()
    assert row.startswith("1:02 ━━")
    assert row.endswith(" 2:00")
    assert "●" in row


def test_three_rows_have_the_ends_the_playhead_and_words_for_the_glyphs() -> None:
    top, middle, bottom = text_of(timeline_rows(session(62.0), 100, 3, "braille")).splitlines()
    assert top.strip() == "1:02"
    assert middle[51] == "●"
    assert bottom.startswith("0:00")
    assert bottom.endswith("2:00")
    for word in ("played", "playing", "crossfade", "ready", "composing", "planned"):
        assert word in bottom


def test_the_words_differ_in_their_glyphs() -> None:
    for glyphs in GLYPHS:
        bottom = text_of(timeline_rows(session(62.0), 120, 3, glyphs)).splitlines()[2]
        pairs = dict(zip(bottom.split()[2:-1:2], bottom.split()[1:-1:2], strict=True))
        assert len(pairs) == 6
        assert len(set(pairs.values()) - {pairs["playing"]}) == 4 + (
            pairs["played"] != pairs["playing"]
        )


# Levels

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
