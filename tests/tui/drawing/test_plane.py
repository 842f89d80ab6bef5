"""The plane: what is named, what stays where it is, and how it looks as text.

The pictures are in ``pictures/``. To renew one, delete it and run this: it is written, and the
test fails once so that someone looks at it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawn import text_of

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.offered import ANCHORS
from engine.affect.path import plan_path, steer
from musmed_tui.drawing.plane_layout import (
    ANCHOR,
    AXIS,
    BREATH,
    CIRCLE,
    MOOD,
    NAME,
    NEAR,
    NEAR_APART,
    NOW,
    PLANNED,
    QUARTER,
    STEPS,
    TRAIL,
    TRAVELLED,
    Layout,
    PlaneState,
    cursor_word,
    layout,
    layout_key,
    named_words,
    plane_words,
    pointed,
)
from musmed_tui.drawing.plane_picture import moving, now_label, picture, signs
from musmed_tui.drawing.raster import Cell, Glyphs, Row, changes, letterbox

PICTURES = Path(__file__).parent / "pictures"
GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")
TOTAL = 900.0

unit = st.floats(-1, 1)
affects = st.builds(Affect, unit, unit)
sizes = st.tuples(st.integers(2, 130), st.integers(1, 45))


def session(start: Affect, target: Affect, at: float | None, **more: object) -> PlaneState:
    path = plan_path(start, target, TOTAL, "iso")
    return replace(
        PlaneState(
            path=tuple((point.time, point.affect) for point in path.waypoints),
            travelled_until=at,
            total=TOTAL,
            now=None if at is None else path.at(at),
            start=start,
            target=target,
            words=plane_words(),
        ),
        **more,  # type: ignore[arg-type]
    )


TENSE_TO_CALM = session(
    feeling("tense").affect,
    feeling("calm").affect,
    400.0,
    start_word="tense",
    target_word="calm",
)


def drawn(state: PlaneState, width: int, height: int, glyphs: Glyphs = "braille") -> list[Row]:
    plane = layout(state, width, height, glyphs)
    parts = moving(state, plane)
    return picture(plane, parts, state.total, now_label(plane, parts, None))


def label_cells(plane: Layout) -> list[tuple[int, int]]:
    labels = [*plane.axis_words, *(sign.label for sign in plane.signs if sign.label)]
    return [cell for label in labels for cell in label.cells()]


states = st.builds(
    session,
    affects,
    affects,
    st.none() | st.floats(0, TOTAL),
    every_mood=st.booleans(),
    cursor=st.none() | affects,
    preview=st.lists(affects, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(states, sizes, st.sampled_from(GLYPHS))
def test_every_plane_fits_its_room(
    state: PlaneState, size: tuple[int, int], glyphs: Glyphs
) -> None:
    width, height = size
    rows = drawn(state, width, height, glyphs)
    assert [len(row) for row in rows] == [width] * height
    assert all(len(cell.glyph) == 1 for row in rows for cell in row)
    if glyphs == "ascii":
        assert all(cell.glyph.isascii() for row in rows for cell in row)
    plane = layout(state, width, height, glyphs)
    assert max(Counter(label_cells(plane)).values(), default=1) == 1
    for sign in plane.signs:
        assert sign.at not in label_cells(plane)


@settings(max_examples=40, deadline=None)
@given(states, sizes)
def test_labels_stay_while_dot_and_cursor_move(state: PlaneState, size: tuple[int, int]) -> None:
    moved = replace(
        state,
        now=Affect(0.1, 0.2),
        travelled_until=77.0,
        cursor=Affect(-0.3, 0.4),
        preview=(Affect(0, 0), Affect(1, 1)),
    )
    assert layout(state, *size, "braille") == layout(moved, *size, "braille")
    assert layout_key(state) == layout_key(moved)


@settings(max_examples=30, deadline=None)
@given(affects, affects, st.sampled_from([(80, 24), (120, 40)]))
def test_a_moving_dot_changes_few_cells(
    start: Affect, target: Affect, size: tuple[int, int]
) -> None:
    side = None
    before: list[Row] | None = None
    plane = layout(session(start, target, 0.0), *size, "braille")
    for tenth in range(0, 9000, 300):
        state = session(start, target, tenth / 10)
        parts = moving(state, plane)
        label = now_label(plane, parts, side)
        side = label.side if label else None
        rows = picture(plane, parts, TOTAL, label)
        if before is not None:
            assert len(list(changes(before, rows))) <= 16
        before = rows


def test_the_word_now_stays_at_its_side_while_there_is_room() -> None:
    plane = layout(TENSE_TO_CALM, 120, 40, "braille")
    sides = []
    side = None
    for second in range(180, 720, 2):
        label = now_label(plane, moving(_at(second), plane), side)
        assert label is not None
        side = label.side
        sides.append(side)
    assert sum(a != b for a, b in itertools.pairwise(sides)) <= 4


def _at(second: float) -> PlaneState:
    return session(feeling("tense").affect, feeling("calm").affect, second, start_word="tense")


@settings(max_examples=60, deadline=None)
@given(st.floats(0, TOTAL), st.sampled_from([(60, 18), (80, 24), (120, 40)]))
def test_now_has_its_sign_and_its_word(second: float, size: tuple[int, int]) -> None:
    rows = drawn(_at(second), *size)
    assert signs("braille")[47] in text_of(rows)
    assert "now" in text_of(rows)


def test_quiet_names_the_anchors_and_a_few_moods_along_the_path() -> None:
    words = named_words(TENSE_TO_CALM)
    assert {word.word for word in words if word.kind == "anchor"} == set(ANCHORS)
    moods = [word for word in words if word.kind == "mood"]
    assert [word.word for word in moods] == ["dramatic", "emotional", "meditative"]
    path = plan_path(feeling("tense").affect, feeling("calm").affect, TOTAL, "iso")
    for word in moods:
        assert min(word.affect.distance(path.at(t)) for t in range(900)) <= NEAR + 0.01
    for one, other in itertools.pairwise(moods):
        assert one.affect.distance(other.affect) >= NEAR_APART


def test_every_mood_has_a_sign_when_asked_for() -> None:
    quiet = layout(TENSE_TO_CALM, 120, 40, "braille")
    full = layout(replace(TENSE_TO_CALM, every_mood=True), 120, 40, "braille")
    moods = {word.word for word in plane_words() if word.kind == "mood"}
    feelings = [sign.word for sign in full.signs if sign.role != NAME]
    assert moods <= {sign.word for sign in full.signs}
    assert not {sign.word for sign in full.signs if sign.role == NAME} & set(feelings)
    assert len(quiet.signs) < len(full.signs) - 12


@pytest.mark.parametrize("word", ["tense", "calm"])
def test_start_and_target_stand_once_with_their_own_sign(word: str) -> None:
    for size in ((80, 24), (120, 40)):
        text = text_of(drawn(TENSE_TO_CALM, *size))
        assert len(re.findall(rf"\b{word}\b", text)) == 1
        assert "○" in text
        assert "◎" in text


def test_the_cursor_has_its_word_and_only_a_near_one() -> None:
    glad = replace(TENSE_TO_CALM, cursor=feeling("glad").affect)
    assert "+ glad" in text_of(drawn(glad, 120, 40))
    lost = replace(TENSE_TO_CALM, cursor=Affect(-1.0, 1.0))
    assert cursor_word(lost) is None
    assert "+" in text_of(drawn(lost, 120, 40))


def test_under_the_cursor_stands_one_word() -> None:
    here = Affect(0.19, 0.07)
    state = PlaneState(start=here, cursor=here, words=plane_words())
    for size in ((40, 20), (80, 24), (120, 40)):
        text = text_of(drawn(state, *size))
        assert "neutral" in text
        assert "start" not in text


@pytest.mark.parametrize("size", [(36, 8), (20, 14), (38, 20), (80, 35)], ids=str)
@pytest.mark.parametrize("glyphs", GLYPHS)
def test_no_word_stands_twice_on_a_plane_with_every_mood(
    size: tuple[int, int], glyphs: Glyphs
) -> None:
    """Some words are a feeling and a mood, at different places."""
    both = {w.word for w in plane_words() if w.kind == "mood"} & {
        w.word for w in plane_words() if w.kind != "mood"
    }
    assert {"calm", "happy"} <= both
    for start, target in itertools.permutations(("tense", "calm", "happy", "sad"), 2):
        for cursor in (None, *(feeling(word).affect for word in sorted(both))):
            state = session(
                feeling(start).affect,
                feeling(target).affect,
                100.0,
                every_mood=True,
                start_word=start,
                target_word=target,
                cursor=cursor,
            )
            text = text_of(drawn(state, *size, glyphs))
            for word in both:
                assert len(re.findall(rf"\b{word}\b", text)) <= 1, f"{word}\n{text}"


def test_nothing_is_drawn_off_the_plane() -> None:
    corners = session(Affect(1, 1), Affect(1, -1), 500.0)
    for glyphs in GLYPHS:
        rows = drawn(replace(corners, words=(), start=None, target=None), 60, 34, glyphs)
        frame = letterbox(60, 34)
        for y in (0, 1, 32, 33):
            assert not text_of([rows[y]]).strip() or frame.top <= y < frame.top + frame.height


def test_a_word_half_covered_by_the_cursor_is_not_shown() -> None:
    plane = layout(TENSE_TO_CALM, 80, 24, "braille")
    sad = next(sign for sign in plane.signs if sign.word == "sad")
    assert sad.label is not None
    here = plane.frame.affect(sad.label.x + 1, sad.label.y)
    text = text_of(drawn(replace(TENSE_TO_CALM, cursor=here), 80, 24))
    assert "s+d" not in text


@settings(max_examples=40, deadline=None)
@given(states, st.tuples(st.integers(38, 90), st.integers(12, 45)), st.sampled_from(GLYPHS))
def test_no_word_touches_a_line(state: PlaneState, size: tuple[int, int], glyphs: Glyphs) -> None:
    """The circle, the axes and the path have a gap there; a word that would lie on the path is
    left out unless it is an end of it."""
    plane = layout(state, *size, glyphs)
    parts = moving(state, plane)
    now = now_label(plane, parts, None)
    rows = picture(plane, parts, state.total, now)
    for sign in plane.signs:
        for x, y in sign.label.cells(around=1) if sign.label else ():
            if 0 <= x < plane.width:
                assert rows[y][x].role % QUARTER not in (AXIS, CIRCLE), sign.word
                if sign.role in (ANCHOR, NAME):
                    assert (x, y) not in plane.lines, sign.word
    lines = {AXIS, CIRCLE, *range(PLANNED, MOOD), *range(TRAIL, BREATH)}
    for label in (*plane.axis_words, *([now] if now else [])):
        for x, y in label.cells(around=1):
            if 0 <= x < plane.width:
                assert rows[y][x].role % QUARTER not in lines, label.text


def test_feelings_and_moods_have_signs_of_their_own() -> None:
    for glyphs in GLYPHS:
        own = signs(glyphs)
        assert len(set(own.values())) == len(own)
        rows = drawn(replace(TENSE_TO_CALM, every_mood=True), 88, 40, glyphs)
        plane = layout(replace(TENSE_TO_CALM, every_mood=True), 88, 40, glyphs)
        for sign in plane.signs:
            wanted = own[MOOD if sign.role == NAME else sign.role]
            assert rows[sign.at[1]][sign.at[0]].glyph in (wanted, own[NOW]), sign.word


def test_the_path_is_two_dots_thick_and_three_where_it_was_travelled() -> None:
    across = session(Affect(-0.9, 0.3), Affect(0.9, 0.3), None)
    for until, thick in ((None, 2), (TOTAL, 3)):
        state = replace(across, travelled_until=until, words=(), start=None, target=None)
        dots: Counter[int] = Counter()
        for x, _, cell in _path_cells(drawn(state, 80, 40)):
            dots[x] += (ord(cell.glyph) - 0x2800).bit_count()
        assert {dots[x] for x in range(14, 38)} == {2 * thick}


def _path_cells(rows: list[Row]) -> Iterator[tuple[int, int, Cell]]:
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if PLANNED <= cell.role % QUARTER < MOOD or TRAIL <= cell.role % QUARTER < BREATH:
                yield x, y, cell


def test_the_path_is_brighter_behind_the_dot() -> None:
    rows = drawn(TENSE_TO_CALM, 80, 40)
    roles = [cell.role % QUARTER for _, _, cell in _path_cells(rows)]
    thirds = {(role - TRAIL) // STEPS for role in roles if role >= TRAIL}
    assert thirds == {0, 1, 2}
    assert sum(role >= TRAIL for role in roles) <= 24
    assert any(TRAVELLED <= role < MOOD for role in roles)


def test_a_breath_and_a_glow_change_only_the_dots_cells() -> None:
    still = drawn(replace(TENSE_TO_CALM, breath=5), 80, 24)
    for changed in ({"breath": 0}, {"breath": 5, "glow": 2}):
        [stretch] = changes(still, drawn(replace(TENSE_TO_CALM, **changed), 80, 24))
        assert stretch.width <= 3


def test_quarters_are_told_by_what_is_behind_them() -> None:
    rows = drawn(PlaneState(), 80, 40)
    for at, quarter in ((-0.4, 0.4), 1), ((0.4, 0.4), 2), ((0.4, -0.4), 3), ((-0.4, -0.4), 4):
        x, y = letterbox(80, 40).cell(Affect(*at))
        assert rows[y][x].role == quarter * QUARTER
    assert not any(
        cell.role >= QUARTER for row in drawn(PlaneState(), 80, 40, "ascii") for cell in row
    )


def test_travelled_and_planned_differ_without_colour() -> None:
    for glyphs in GLYPHS:
        none = text_of(drawn(replace(TENSE_TO_CALM, travelled_until=None), 80, 24, glyphs))
        some = text_of(drawn(TENSE_TO_CALM, 80, 24, glyphs))
        full = text_of(drawn(replace(TENSE_TO_CALM, travelled_until=900.0), 80, 24, glyphs))
        assert len({none, some, full}) == 3


@settings(max_examples=30, deadline=None)
@given(affects, affects)
def test_a_click_on_a_word_is_that_words_place(start: Affect, target: Affect) -> None:
    plane = layout(session(start, target, None), 100, 30, "braille")
    for sign in plane.signs:
        assert pointed(plane, *sign.at) == sign.affect
        for cell in sign.label.cells() if sign.label else ():
            assert pointed(plane, *cell) == sign.affect


def test_a_click_elsewhere_is_that_place() -> None:
    plane = layout(PlaneState(), 80, 24, "braille")
    for x, y in ((40, 12), (20, 3), (50, 20)):
        assert plane.frame.cell(pointed(plane, x, y)) == (x, y)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("view", ["quiet", "moods", "steering"])
def test_pictures(size: tuple[int, int], glyphs: Glyphs, view: str) -> None:
    state = TENSE_TO_CALM
    if view == "moods":
        state = replace(state, every_mood=True)
    if view == "steering":
        glad = feeling("glad").affect
        path = plan_path(feeling("tense").affect, feeling("calm").affect, TOTAL, "iso")
        ahead = steer(path, 400.0, glad, TOTAL).segment(400.0, TOTAL)
        state = replace(state, cursor=glad, preview=tuple(p.affect for p in ahead.waypoints))
    text = text_of(drawn(state, *size, glyphs)) + "\n"
    file = PICTURES / f"plane-{view}-{glyphs}-{size[0]}x{size[1]}.txt"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        pytest.fail(f"{file.name} was not there and is written now; look at it")
    assert text == file.read_text(encoding="utf-8")


@settings(max_examples=30, deadline=None)
@given(states, sizes)
def test_quiet_has_no_dot_without_a_name(state: PlaneState, size: tuple[int, int]) -> None:
    plane = layout(replace(state, every_mood=False), *size, "braille")
    assert all(sign.label for sign in plane.signs if sign.role == NAME)
