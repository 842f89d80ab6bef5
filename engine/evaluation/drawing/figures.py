"""Figures beside chance: as a dot on an interval with chance as a band, and as bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.evaluation.drawing.axis import axis
from engine.evaluation.drawing.markup import known, number, tag
from engine.evaluation.drawing.svg import LETTER, WIDTH, cut, label, line, rect, svg


class Mark(NamedTuple):
    """``sign``: 'cross', 'bar' or 'diamond'."""

    sign: str
    value: float | None


class Dot(NamedTuple):
    """A figure: ``low`` and ``high`` its interval, ``band`` the middle 95 % of chance; ``filled``:
    it is beyond chance. ``said``: its number in words."""

    name: str
    said: str
    value: float
    low: float | None
    high: float | None
    band: tuple[float, float] | None
    filled: bool
    marks: tuple[Mark, ...] = ()

    def reach(self) -> list[float]:
        held = (self.value, self.low, self.high, *(self.band or ()), *(m.value for m in self.marks))
        return [value for value in held if known(value) is not None and value is not None]


class Group(NamedTuple):
    """Figures on one axis, which reaches from ``low`` to ``high`` at least."""

    rows: Sequence[Dot]
    low: float
    high: float
    unit: str = ""


_ROW, _AXIS = 42.0, 38.0


def dots(ident: str, title: str, groups: Sequence[Group]) -> str:
    """Each figure as a dot on its interval, the band of chance behind it."""
    height = 4.0 + sum(len(group.rows) * _ROW + _AXIS for group in groups)
    top, parts = 4.0, []
    for group in groups:
        parts.append(_group(group, top))
        top += len(group.rows) * _ROW + _AXIS
    said = "; ".join(f"{row.name} {row.said}" for group in groups for row in group.rows)
    return svg(ident, (WIDTH, height), title, said, *parts)


def _group(group: Group, top: float) -> str:
    across = axis((v for row in group.rows for v in row.reach()), group.low, group.high, 5)
    start, end = 14.0, WIDTH - 14.0
    floor = top + len(group.rows) * _ROW + 2.0

    def x(value: float) -> float:
        return across.at(value, start, end)

    parts = []
    for tick in across.ticks:
        parts.append(line(x(tick), top, x(tick), floor + 4.0, "grid" if tick else "edge"))
        parts.append(label(x(tick), floor + 16.0, across.label(tick), "middle"))
    if group.unit:
        parts.append(label((start + end) / 2.0, floor + 29.0, group.unit, "middle", "faint"))
    for at, row in enumerate(group.rows):
        parts.append(_dot(row, top + at * _ROW, x, start, end))
    return "".join(parts)


def _dot(row: Dot, top: float, x: Callable[[float], float], start: float, end: float) -> str:
    y = top + 28.0
    room = end - start - len(row.said) * LETTER - 12.0
    parts = [
        label(start, top + 13.0, cut(row.name, room), class_="name halo"),
        label(end, top + 13.0, row.said, "end", "halo"),
    ]
    if row.band is not None and known(row.band[0]) is not None and known(row.band[1]) is not None:
        left, right = x(row.band[0]), x(row.band[1])
        parts.append(rect(left, y - 9.0, max(1.0, right - left), 18.0, "chance"))
        parts.append(line(left, y - 9.0, left, y + 9.0, "chance-edge"))
        parts.append(line(right, y - 9.0, right, y + 9.0, "chance-edge"))
    marks = ((mark.sign, known(mark.value)) for mark in row.marks)
    parts += [sign(kind, x(value), y) for kind, value in marks if value is not None]
    low, high = known(row.low), known(row.high)
    if low is not None and high is not None:
        parts.append(line(x(low), y, x(high), y, "interval"))
        parts += [line(x(v), y - 4.0, x(v), y + 4.0, "interval") for v in (low, high)]
    if (value := known(row.value)) is not None:
        kind = "dot filled" if row.filled else "dot"
        parts.append(tag("circle", cx=x(value), cy=y, r=5, class_=kind))
    return "".join(parts)


def sign(kind: str, x: float, y: float) -> str:
    if kind == "cross":
        path = f"M{x - 4.5:.1f} {y - 4.5:.1f}l9 9m0 -9l-9 9"
    elif kind == "bar":
        path = f"M{x:.1f} {y - 8:.1f}v16"
    else:
        path = f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"
    return tag("path", d=path, class_=f"mark {kind}")


class Bar(NamedTuple):
    name: str
    n: int
    value: float
    chance: float


_BAR = 19.0


def bars(ident: str, title: str, rows: Sequence[Bar]) -> str:
    """A bar for each mood, from 0 on, with a tick where chance is."""
    values = [v for row in rows for v in (row.value, row.chance) if known(v) is not None]
    across = axis(values, 0.0, 0.1, 5)
    start, end, top = 126.0, WIDTH - 96.0, 6.0
    floor = top + len(rows) * _BAR
    parts = []
    for tick in across.ticks:
        x = across.at(tick, start, end)
        parts.append(line(x, top, x, floor + 4.0, "grid" if tick else "edge"))
        parts.append(label(x, floor + 16.0, across.label(tick), "middle"))
    for at, row in enumerate(rows):
        y = top + at * _BAR
        value, chance = known(row.value), known(row.chance)
        zero = across.at(0.0, start, end)
        parts.append(label(start - 6.0, y + 13.0, cut(row.name, start - 12.0), "end"))
        if value is not None:
            x = across.at(value, start, end)
            parts.append(rect(min(zero, x), y + 3.0, abs(x - zero), 13.0, "bar-of"))
        if chance is not None:
            x = across.at(chance, start, end)
            parts.append(line(x, y + 1.0, x, y + 18.0, "tick-halo"))
            parts.append(line(x, y + 1.0, x, y + 18.0, "tick"))
        parts.append(label(end + 6.0, y + 13.0, f"{number(row.value, 3)}, n {row.n}"))
    parts.append(label((start + end) / 2.0, floor + 31.0, "average precision", "middle", "faint"))
    said = "; ".join(f"{row.name} {number(row.value, 3)}" for row in rows)
    return svg(ident, (WIDTH, floor + 36.0), title, said, *parts)
