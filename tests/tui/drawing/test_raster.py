"""Laws of the raster: affect and cell, the canvases, labels, what changed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from musmed_tui.drawing.raster import (
    BLANK,
    SIDES,
    Canvas,
    Cell,
    Glyphs,
    Row,
    Wanted,
    canvas,
    changes,
    dots_around,
    dots_between,
    label_at,
    letterbox,
    place,
    place_all,
    write,
)

GLYPHS: tuple[Glyphs, ...] = ("braille", "quadrant", "ascii")
sizes = st.tuples(st.integers(2, 140), st.integers(1, 50))
unit = st.floats(-1, 1)
affects = st.builds(Affect, unit, unit)
eighths = st.integers(-240, 480).map(lambda n: n / 8)
near = st.tuples(eighths, eighths)


@given(sizes)
def test_plane_is_the_largest_of_its_shape_that_fits(size: tuple[int, int]) -> None:
    width, height = size
    frame = letterbox(width, height)
    assert frame.width == 2 * frame.height
    assert 0 <= frame.left <= width - frame.width - frame.left + 1
    assert 0 <= frame.top <= height - frame.height - frame.top + 1
    assert frame.left + frame.width <= width
    assert frame.top + frame.height <= height
    assert frame.height == height or frame.width + 2 > width


@given(sizes, st.data())
def test_a_cells_affect_lies_in_that_cell(size: tuple[int, int], data: st.DataObject) -> None:
    frame = letterbox(*size)
    x = data.draw(st.integers(frame.left, frame.left + frame.width - 1))
    y = data.draw(st.integers(frame.top, frame.top + frame.height - 1))
    assert frame.cell(frame.affect(x, y)) == (x, y)


@given(sizes, affects)
def test_an_affects_cell_is_in_the_plane_and_at_most_half_a_cell_away(
    size: tuple[int, int], affect: Affect
) -> None:
    frame = letterbox(*size)
    x, y = frame.cell(affect)
    back = frame.affect(x, y)
    assert abs(back.valence - affect.valence) <= 1 / frame.width + 1e-9
    assert abs(back.arousal - affect.arousal) <= 1 / frame.height + 1e-9


def test_pleasant_is_right_and_lively_is_up() -> None:
    frame = letterbox(80, 24)
    assert frame.cell(Affect(1, 1)) == (frame.left + 47, 0)
    assert frame.cell(Affect(-1, -1)) == (frame.left, 23)


@given(sizes, st.integers(-500, 500), st.integers(-500, 500))
def test_anywhere_on_the_screen_is_some_affect(size: tuple[int, int], x: int, y: int) -> None:
    letterbox(*size).affect(x, y)  # raises when a coordinate leaves [-1, 1]


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_each_dot_shows_and_each_pattern_has_a_glyph_of_its_own(glyphs: Glyphs) -> None:
    pen = canvas(glyphs, 1, 1, {})
    dots = list(itertools.product(range(pen.dots_x), range(pen.dots_y)))
    found = set()
    for chosen in itertools.product((False, True), repeat=len(dots)):
        pen = canvas(glyphs, 1, 1, {})
        for (x, y), there in zip(dots, chosen, strict=True):
            if there:
                pen.set(x, y, 1)
        found.add(pen.rows()[0][0].glyph)
    assert len(found) == 2 ** len(dots)
    assert all(len(glyph) == 1 for glyph in found)


def test_braille_dots_are_where_unicode_has_them() -> None:
    for (x, y), glyph in {(0, 0): "⠁", (0, 3): "⡀", (1, 0): "⠈", (1, 2): "⠠", (1, 3): "⢀"}.items():
        pen = canvas("braille", 1, 1, {})
        pen.set(x, y, 1)
        assert pen.rows()[0][0].glyph == glyph


def test_quadrants_are_where_they_are_set() -> None:
    for (x, y), glyph in {(0, 0): "▘", (1, 0): "▝", (0, 1): "▖", (1, 1): "▗"}.items():
        pen = canvas("quadrant", 1, 1, {})
        pen.set(x, y, 1)
        assert pen.rows()[0][0].glyph == glyph


@pytest.mark.parametrize("glyphs", GLYPHS)
@given(start=near, end=near)
def test_a_line_joins_its_ends_without_a_gap(
    glyphs: Glyphs, start: tuple[float, float], end: tuple[float, float]
) -> None:
    dots = list(dots_between(start, end))
    assert dots[0] == tuple(int(v // 1) for v in start)
    assert dots[-1] == tuple(int(v // 1) for v in end)
    assert len(set(dots)) == len(dots)
    for (x0, y0), (x1, y1) in itertools.pairwise(dots):
        assert max(abs(x1 - x0), abs(y1 - y0)) == 1
    pen = canvas(glyphs, 20, 10, {})
    pen.line(start, end, 3)
    assert _shown(pen) == {
        (x // pen.dots_x, y // pen.dots_y)
        for x, y in dots
        if 0 <= x // pen.dots_x < 20 and 0 <= y // pen.dots_y < 10
    }


@given(st.floats(3, 60))
def test_a_circle_is_round_and_closed(radius: float) -> None:
    centre = (100.0, 100.0)
    dots = list(dots_around(centre, (radius, radius)))
    for x, y in dots:
        away = ((x + 0.5 - centre[0]) ** 2 + (y + 0.5 - centre[1]) ** 2) ** 0.5
        assert abs(away - radius) <= 0.71
    for (x0, y0), (x1, y1) in itertools.pairwise([*dots, dots[0]]):
        assert max(abs(x1 - x0), abs(y1 - y0)) <= 1


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_the_circle_on_the_plane_is_as_high_as_it_is_wide(glyphs: Glyphs) -> None:
    for width, height in ((80, 24), (120, 40), (41, 33)):
        frame = letterbox(width, height)
        pen = canvas(glyphs, width, height, {})
        middle = frame.dot(Affect(0, 0), pen.dots_x, pen.dots_y)
        corner = frame.dot(Affect(0.8, 0.8), pen.dots_x, pen.dots_y)
        pen.circle(middle, (corner[0] - middle[0], middle[1] - corner[1]), 1)
        cells = _shown(pen)
        wide = max(x for x, _ in cells) - min(x for x, _ in cells) + 1
        high = max(y for _, y in cells) - min(y for _, y in cells) + 1
        assert abs(wide - 2 * high) <= 2


def test_where_parts_meet_the_higher_role_gives_the_colour_and_the_mark() -> None:
    pen = canvas("ascii", 3, 1, {1: "a", 2: "b"})
    pen.set(0, 0, 2)
    pen.set(0, 0, 1)
    pen.set(1, 0, 1)
    assert pen.rows() == [[Cell("b", 2), Cell("a", 1), BLANK]]


# Labels

words = st.text("abcdefgh", min_size=1, max_size=12)
wanted = st.lists(
    st.builds(
        Wanted,
        text=words,
        at=st.tuples(st.integers(0, 39), st.integers(0, 14)),
        sides=st.permutations(SIDES).map(tuple),
        over=st.booleans(),
    ),
    max_size=25,
)
cells = st.frozensets(st.tuples(st.integers(0, 39), st.integers(0, 14)), max_size=40)


@given(wanted, cells, cells)
def test_labels_never_meet_nor_leave_nor_cover(
    labels: list[Wanted], taken: frozenset[tuple[int, int]], avoided: frozenset[tuple[int, int]]
) -> None:
    placed = place_all(labels, 40, 15, taken, avoided)
    assert len(placed) == len(labels)
    full: set[tuple[int, int]] = set(taken)
    for label, one in zip(placed, labels, strict=True):
        if label is None:
            continue
        its = set(label.cells())
        assert label.text == one.text
        assert label.side in one.sides
        assert all(0 <= x < 40 and 0 <= y < 15 for x, y in its)
        assert not full.intersection(label.cells(around=1))
        assert one.over or not its & avoided
        assert one.at not in its
        full |= its


@given(wanted)
def test_what_comes_later_moves_nothing(labels: list[Wanted]) -> None:
    placed = place_all(labels, 40, 15)
    for i in range(len(labels)):
        assert place_all(labels[:i], 40, 15) == placed[:i]


@given(wanted)
def test_a_label_is_left_out_only_when_no_side_is_free(labels: list[Wanted]) -> None:
    full: set[tuple[int, int]] = set()
    for label, one in zip(place_all(labels, 40, 15), labels, strict=True):
        if label is None:
            assert place(one, 40, 15, full) is None
        else:
            full.update(label.cells())


@pytest.mark.parametrize("side", SIDES)
def test_a_label_stands_at_its_side(side: str) -> None:
    label = label_at("word", (20, 10), side)  # type: ignore[arg-type]
    columns = [x for x, _ in label.cells()]
    assert label.y == 10 + ("below" in side) - ("above" in side)
    if "right" in side:
        assert min(columns) > 20
    if "left" in side:
        assert max(columns) < 20
    if side in ("above", "below"):
        assert min(columns) <= 20 <= max(columns)


# What changed

pictures = st.lists(
    st.lists(st.builds(Cell, st.sampled_from("ab"), st.integers(0, 1)), min_size=4, max_size=4),
    min_size=3,
    max_size=3,
)


@given(pictures, pictures)
def test_the_changes_make_one_picture_of_the_other(before: list[Row], after: list[Row]) -> None:
    made = [list(row) for row in before]
    found = list(changes(before, after))
    for x, y, width in found:
        made[y][x : x + width] = after[y][x : x + width]
        assert before[y][x] != after[y][x]
        assert before[y][x + width - 1] != after[y][x + width - 1]
    assert made == after
    assert len({y for _, y, _ in found}) == len(found)


@given(words, st.integers(-20, 20), st.integers(-3, 6))
def test_writing_stays_inside(text: str, x: int, y: int) -> None:
    rows: list[Row] = [[BLANK] * 8 for _ in range(4)]
    write(rows, text, x, y, 5)
    assert [len(row) for row in rows] == [8] * 4
    inside = [x + i for i in range(len(text)) if 0 <= x + i < 8] if 0 <= y < 4 else []
    assert sum(cell.role == 5 for row in rows for cell in row) == len(inside)


def _shown(pen: Canvas) -> set[tuple[int, int]]:
    return {
        (x, y) for y, row in enumerate(pen.rows()) for x, cell in enumerate(row) if cell != BLANK
    }
