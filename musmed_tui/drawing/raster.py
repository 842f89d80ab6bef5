"""Drawing in terminal cells: canvases, the plane's geometry, placing labels. Pure, no Textual.

A picture is rows of ``Cell``: a glyph and a role, a number that says what the cell is part of.
What a role looks like is for whoever shows the picture.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.affect.circumplex import Affect
from engine.printable import is_visible

Glyphs = Literal["braille", "quadrant", "ascii"]
Point = tuple[float, float]
"""A place in dots, x to the right and y downwards; dot (0, 0) covers [0, 1) x [0, 1)."""
Position = tuple[int, int]
"""A cell's column and row."""


class Cell(NamedTuple):
    """One character cell: a glyph of width one, and what it is part of (0: nothing)."""

    glyph: str
    role: int


Row = list[Cell]
BLANK = Cell(" ", 0)


class Stretch(NamedTuple):
    """Cells ``x`` to ``x + width`` of row ``y``."""

    x: int
    y: int
    width: int


# The plane


@dataclass(frozen=True)
class Frame:
    """Where the plane lies: ``width`` is twice ``height``, as a cell is twice as high as wide."""

    left: int
    top: int
    width: int
    height: int

    def cell(self, affect: Affect) -> Position:
        """The cell that holds ``affect``; always inside the frame."""
        x, y = self.dot(affect, 1, 1)
        return math.floor(x), math.floor(y)

    def affect(self, x: int, y: int) -> Affect:
        """The affect at the middle of cell (x, y); outside the frame, that of the edge."""
        column = min(max(x - self.left, 0), self.width - 1)
        row = min(max(y - self.top, 0), self.height - 1)
        return Affect(2 * (column + 0.5) / self.width - 1, 1 - 2 * (row + 0.5) / self.height)

    def dot(self, affect: Affect, dots_x: int, dots_y: int) -> Point:
        """Where ``affect`` lies, in dots, when a cell has ``dots_x`` by ``dots_y`` of them.

        The right and the lower edge belong to the last dot inside.
        """
        x = (affect.valence + 1) / 2 * self.width * dots_x
        y = (1 - affect.arousal) / 2 * self.height * dots_y
        return (
            self.left * dots_x + min(x, self.width * dots_x - 0.5),
            self.top * dots_y + min(y, self.height * dots_y - 0.5),
        )


def letterbox(width: int, height: int) -> Frame:
    """The largest plane, centred, in a room of ``width`` by ``height`` cells (at least 2 x 1)."""
    rows = max(1, min(height, width // 2))
    return Frame((width - 2 * rows) // 2, (height - rows) // 2, 2 * rows, rows)


# Canvases


class Canvas(ABC):
    """Dots, several to a cell. Where parts meet, the cell takes the highest role's."""

    dots_x: int
    dots_y: int

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._dots = [[0] * width for _ in range(height)]
        self._roles = [[0] * width for _ in range(height)]

    def set(self, x: int, y: int, role: int) -> None:
        """Set dot (x, y); one outside the canvas is left out."""
        column, row = x // self.dots_x, y // self.dots_y
        if 0 <= column < self.width and 0 <= row < self.height:
            self._dots[row][column] |= 1 << (x % self.dots_x + y % self.dots_y * self.dots_x)
            self._roles[row][column] = max(self._roles[row][column], role)

    def line(self, start: Point, end: Point, role: int, every: int = 1) -> None:
        """A line; ``every`` = 2 sets every second dot."""
        for x, y in itertools.islice(dots_between(start, end), 0, None, every):
            self.set(x, y, role)

    def circle(self, centre: Point, radius: Point, role: int, every: int = 1) -> None:
        """An ellipse with the two half axes ``radius``, in dots."""
        dots = dots_around(centre, radius)
        for x, y in itertools.islice(dots, 0, None, every):
            self.set(x, y, role)

    def rows(self) -> list[Row]:
        """The picture so far."""
        return [
            [self._cell(dots, role) for dots, role in zip(*row, strict=True)]
            for row in zip(self._dots, self._roles, strict=True)
        ]

    def _cell(self, dots: int, role: int) -> Cell:
        return Cell(self.glyph(dots, role), role) if dots else BLANK

    @abstractmethod
    def glyph(self, dots: int, role: int) -> str:
        """The glyph for a cell whose bit ``x + y * dots_x`` says whether dot (x, y) is set."""


class BrailleCanvas(Canvas):
    """2 x 4 dots to a cell (Unicode 2800-28FF)."""

    dots_x, dots_y = 2, 4
    # Unicode numbers the dots 1-3 and 7 down the left side, 4-6 and 8 down the right.
    _BITS = (0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80)

    def glyph(self, dots: int, role: int) -> str:
        return chr(0x2800 + sum(bit for i, bit in enumerate(self._BITS) if dots >> i & 1))


class QuadrantCanvas(Canvas):
    """2 x 2 dots to a cell, for fonts without braille."""

    dots_x, dots_y = 2, 2
    _GLYPHS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"

    def glyph(self, dots: int, role: int) -> str:
        return self._GLYPHS[dots]


class AsciiCanvas(Canvas):
    """One dot to a cell; ``marks`` gives the character for a role, '.' for one it does not name."""

    dots_x, dots_y = 1, 1

    def __init__(self, width: int, height: int, marks: Mapping[int, str]) -> None:
        super().__init__(width, height)
        self._marks = marks

    def glyph(self, dots: int, role: int) -> str:
        return self._marks.get(role, ".")


def canvas(glyphs: Glyphs, width: int, height: int, marks: Mapping[int, str]) -> Canvas:
    """An empty canvas of ``width`` by ``height`` cells; ``marks`` are for 'ascii' only."""
    if glyphs == "braille":
        return BrailleCanvas(width, height)
    if glyphs == "quadrant":
        return QuadrantCanvas(width, height)
    return AsciiCanvas(width, height, marks)


def dots_between(start: Point, end: Point) -> Iterator[Position]:
    """The dots of a straight line, both ends included, each once and in order."""
    (x0, y0), (x1, y1) = start, end
    steps = max(1, math.ceil(max(abs(x1 - x0), abs(y1 - y0))))
    before = None
    for i in range(steps + 1):
        dot = (math.floor(x0 + (x1 - x0) * i / steps), math.floor(y0 + (y1 - y0) * i / steps))
        if dot != before:
            yield dot
        before = dot


def dots_around(centre: Point, radius: Point) -> Iterator[Position]:
    """The dots of an ellipse, each once, clockwise from the right."""
    steps = max(8, math.ceil(2 * math.pi * max(radius)))
    before = first = None
    for i in range(steps):
        angle = 2 * math.pi * i / steps
        dot = (
            math.floor(centre[0] + radius[0] * math.cos(angle)),
            math.floor(centre[1] + radius[1] * math.sin(angle)),
        )
        if dot not in (before, first):
            yield dot
        before, first = dot, first or dot


# Labels

Side = Literal[
    "right", "left", "above", "below", "above right", "below right", "above left", "below left"
]
SIDES: tuple[Side, ...] = (
    "right",
    "left",
    "above",
    "below",
    "above right",
    "below right",
    "above left",
    "below left",
)


@dataclass(frozen=True)
class Wanted:
    """A label to place: ``text`` (characters of width one) beside the cell ``at``.

    ``sides`` in order of preference. ``over``: it may touch what is avoided.
    """

    text: str
    at: Position
    sides: tuple[Side, ...] = SIDES
    over: bool = False


@dataclass(frozen=True)
class Label:
    """A label in its place: ``text`` from cell (x, y) to the right."""

    text: str
    x: int
    y: int
    side: Side

    def cells(self, around: int = 0) -> Iterator[Position]:
        """Its cells, and ``around`` more at both ends."""
        for x in range(self.x - around, self.x + len(self.text) + around):
            yield x, self.y


def label_at(text: str, at: Position, side: Side) -> Label:
    """``text`` at this side of ``at``, one cell away from it in its own row."""
    x, y = at
    row = y + ("below" in side) - ("above" in side)
    if side in ("above", "below"):
        return Label(text, x - len(text) // 2, row, side)
    gap = 1 if row != y else 2
    left = x + gap if "right" in side else x - gap - len(text) + 1
    return Label(text, left, row, side)


def place(
    wanted: Wanted,
    width: int,
    height: int,
    taken: Collection[Position],
    avoided: Collection[Position] = frozenset(),
    *,
    disliked: Collection[Position] = frozenset(),
) -> Label | None:
    """The first side where the label lies inside and covers nothing taken; None if there is none.

    ``avoided`` cells are touched only by a label that may, and only when no other side is left;
    ``disliked`` ones by any, but rather not.
    """
    fitting = []
    for side in wanted.sides:
        label = label_at(wanted.text, wanted.at, side)
        inside = 0 <= label.y < height and 0 <= label.x <= width - len(label.text)
        if inside and not any(cell in taken for cell in label.cells(around=1)):
            fitting.append(label)
    if not wanted.over:
        fitting = [label for label in fitting if not _touches(label, avoided)]
    return min(
        fitting,
        key=lambda label: (_touches(label, avoided), _touches(label, disliked)),
        default=None,
    )


def _touches(label: Label, cells: Collection[Position]) -> bool:
    return any(cell in cells for cell in label.cells(around=1))


def place_all(
    wanted: Sequence[Wanted],
    width: int,
    height: int,
    taken: Iterable[Position] = (),
    avoided: Collection[Position] = frozenset(),
    *,
    disliked: Collection[Position] = frozenset(),
) -> tuple[Label | None, ...]:
    """Place labels in the order given, each where those before it leave room."""
    full = set(taken)
    placed = []
    for one in wanted:
        label = place(one, width, height, full, avoided, disliked=disliked)
        if label is not None:
            full.update(label.cells())
        placed.append(label)
    return tuple(placed)


# Rows


def write(rows: list[Row], text: str, x: int, y: int, role: int) -> None:
    """Put ``text`` into the picture, each character in a cell; what lies outside it is left out.
    '?' stands for one that has another width, or moves the terminal's cursor: an engine elsewhere
    may have said it."""
    if 0 <= y < len(rows):
        for i, character in enumerate(text):
            if 0 <= x + i < len(rows[y]):
                rows[y][x + i] = Cell(character if _fills_a_cell(character) else "?", role)


def _fills_a_cell(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    wide = unicodedata.east_asian_width(character) in {"W", "F"}
    return is_visible(character) and not wide and not unicodedata.combining(character)


def changes(before: Sequence[Row], after: Sequence[Row]) -> Iterator[Stretch]:
    """The stretches in which two pictures of one size differ, at most one per row.

    One, because a terminal is sent a row from the widget's left edge on in any case.
    """
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            differing = [
                x for x, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]
            ]
            yield Stretch(differing[0], y, differing[-1] - differing[0] + 1)
