"""The timeline as rows of cells."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import text_of

from engine.clip_levels import packed
from engine.session.deeds import Done
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.timeline_picture import (
    LUFS,
    ClipSpan,
    TimelineState,
    as_heard,
    level_of,
    loudness_by_second,
    playhead,
    second_at,
    share,
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
    _, middle, bottom = text_of(timeline_rows(session(62.0), 100, 3, "braille")).splitlines()
    assert middle[51] == "●"
    assert bottom.startswith("0:00")
    assert bottom.endswith("2:00")
    for word in ("played", "playing", "crossfade", "ready", "composing", "planned"):
        assert word in bottom


def test_every_five_minutes_are_named_where_they_stand() -> None:
    bottom = text_of(timeline_rows(session(62.0, 900.0), 120, 3, "braille")).splitlines()[2]
    assert bottom.index("5:00") in range(36, 42)
    assert bottom.index("10:00") in range(76, 82)
    for word in ("played", "playing", "crossfade", "ready", "composing", "planned"):
        assert word in bottom
    long = text_of(timeline_rows(session(62.0, 3600.0), 100, 3, "braille")).splitlines()[2]
    assert "15:00" in long
    assert "5:00 " not in long.replace("15:00", "").replace("45:00", "")


LOUD = replace(
    session(60.0, 120.0, 5),
    clips=tuple(
        replace(clip, loudness=-28.0 + 2.0 * number if clip.phase == "ready" else None)
        for number, clip in enumerate(session(60.0, 120.0, 4).clips)
    ),
)


def test_loudness_between_the_clips_that_were_measured() -> None:
    seconds = loudness_by_second(LOUD)
    assert len(seconds) == 120
    assert seconds[5] == -28.0
    assert seconds[25] == pytest.approx(-28.0 + 2.0 * 10.5 / 22.5)
    assert seconds[95] == -22.0
    assert seconds[119] is None
    assert set(loudness_by_second(session(0.0))) == {None}


def test_loudness_second_by_second_where_it_was_measured() -> None:
    """Of the later clip where two sound; the clips' own figures where there is no more."""
    first, second, *rest = LOUD.clips
    fine = replace(first, levels=packed([-26.0] * 25 + [-20.0] * 5))
    later = replace(second, levels=packed([-24.0] * 4))
    seconds = loudness_by_second(replace(LOUD, clips=(fine, later, *rest)))
    assert seconds[:22] == [-26.0] * 22
    assert seconds[22:26] == [-24.0] * 4
    assert seconds[26:30] == [-20.0] * 4
    assert seconds[30:] == loudness_by_second(LOUD)[30:]


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_a_loud_second_is_seen_among_quiet_ones(glyphs: Glyphs) -> None:
    first, *rest = LOUD.clips
    state = replace(LOUD, clips=(replace(first, levels=packed([-29.0] * 10 + [-17.0])), *rest))
    bars = text_of(timeline_rows(state, 120, 3, glyphs)).splitlines()[0]
    low, high = ("_", "#") if glyphs == "ascii" else ("▁", "█")
    assert bars[:11] == low * 10 + high
    narrow = text_of(timeline_rows(state, 40, 3, glyphs)).splitlines()[0]
    assert narrow[3] not in (low, high), "a cell of three seconds is as loud as they together"


def test_louder_is_a_higher_bar_and_what_is_planned_a_baseline() -> None:
    top = text_of(timeline_rows(LOUD, 120, 3, "braille")).splitlines()[0]
    assert top[5] < top[40] < top[90]
    assert set(top[105:]) == {"▁"}
    assert [level_of(lufs, 8) for lufs in (None, -90.0, LUFS[0], LUFS[1], 0.0)] == [0, 0, 0, 7, 7]


def test_what_was_asked_for_and_sections_are_marked_at_their_time() -> None:
    marked = replace(LOUD, done=(Done(30.0, "ease", "eased"),), sections=(90.0,))
    top, middle, _ = text_of(timeline_rows(marked, 120, 3, "braille")).splitlines()
    assert top[30] == "▾"
    assert middle[90] == "┴"
    (row,) = text_of(timeline_rows(marked, 60, 1, "ascii")).splitlines()
    assert "v" in row
    crowded = replace(marked, sections=tuple(float(n) for n in range(100)))
    assert "┴" not in text_of(timeline_rows(crowded, 120, 3, "braille"))


@given(st.integers(20, 160), st.sampled_from([1, 3]), st.integers(0, 200))
def test_a_cell_is_the_time_it_shows(width: int, height: int, x: int) -> None:
    state = session(62.0, 900.0, 20)
    second = second_at(state, x, width, height)
    if second is not None:
        there = timeline_rows(replace(state, position=second + 0.01), width, height, "braille")
        assert there[height // 2][x].glyph == "●"
    elif height == 3:
        assert x >= width


def test_in_a_narrow_window_the_legend_takes_the_place_of_the_minutes() -> None:
    bottom = text_of(timeline_rows(session(62.0, 900.0), 50, 3, "braille")).splitlines()[2]
    assert [word for word in ("ready", "composing", "planned") if word in bottom] == [
        "ready",
        "composing",
        "planned",
    ]
    assert "10:00" not in bottom


def test_the_words_differ_in_their_glyphs() -> None:
    for glyphs in GLYPHS:
        bottom = text_of(timeline_rows(session(62.0), 120, 3, glyphs)).splitlines()[2]
        pairs = dict(zip(bottom.split()[2:-1:2], bottom.split()[1:-1:2], strict=True))
        assert len(pairs) == 6
        assert len(set(pairs.values()) - {pairs["playing"]}) == 4 + (
            pairs["played"] != pairs["playing"]
        )


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("height", [1, 3])
def test_a_session_that_is_thought_of_is_its_length_in_the_paths_colours(
    height: int, glyphs: Glyphs
) -> None:
    rows = timeline_rows(TimelineState(total=900.0), 80, height, glyphs)
    text = text_of(rows)
    assert "0:00" in text
    assert "15:00" in text
    assert not any(word in text for word in ("ready", "planned", "composing"))
    dot = "." if glyphs == "ascii" else "·"
    strip = [cell for cell in rows[height // 2] if cell.glyph == dot]
    assert [share(cell.role) for cell in (strip[0], strip[-1])] == [0.0, 1.0]
    nothing = timeline_rows(TimelineState(), 80, height, glyphs)
    assert not text_of(nothing).strip()


def test_when_it_is_over_it_is_as_far_as_it_was_heard() -> None:
    state = as_heard(session(40.0))
    found = stages(state, 120)
    assert found[:40] == ("played",) * 40
    assert set(found[40:]) == {"planned"}
    text = text_of(timeline_rows(state, 120, 3, "braille"))
    assert "played" in text
    assert "composing" not in text
