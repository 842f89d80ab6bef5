"""The page's plots as inline SVG: what is drawn lies in the view box, and nothing by colour alone.

Sizes are in units of the view box, in which 12 is the size of small text; a plot is as wide as what
it stands in (``drawing/style.py`` has the classes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.evaluation.drawing.axis import Axis, axis
from engine.evaluation.drawing.markup import known, number, tag, text

WIDTH = 460.0
LETTER = 8.2
"""How wide a letter of a label is reckoned."""


def svg(
    ident: str, size: tuple[float, float], title: str, said: str, *content: str, class_: str = ""
) -> str:
    """``title`` and ``said`` are read instead of the picture; ``ident`` is the page's only one."""
    return tag(
        "svg",
        tag("title", text(title), id=f"{ident}-t"),
        tag("desc", text(said), id=f"{ident}-d"),
        *content,
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        role="img",
        aria_labelledby=f"{ident}-t {ident}-d",
        class_=class_ or None,
    )


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _rect(x: float, y: float, width: float, height: float, class_: str) -> str:
    return tag("rect", x=x, y=y, width=max(0.0, width), height=height, class_=class_)


def _label(x: float, y: float, said: str, anchor: str = "start", class_: str | None = None) -> str:
    return tag("text", text(said), x=x, y=y, text_anchor=anchor, class_=class_)


def _cut(said: str, width: float) -> str:
    """As much of it as there is room for."""
    most = int(width / LETTER)
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


# courses


class Lines(NamedTuple):
    """One axis of the plane over time: a value for each of the ``minutes``, None where there is
    none. ``said``: below its name, how it is drawn."""

    name: str
    ends: tuple[str, str]
    planned: Sequence[float | None]
    measured: Sequence[float | None]


_PANEL, _GAP, _LEFT, _BELOW = 104.0, 24.0, 58.0, 38.0


def course(ident: str, title: str, minutes: Sequence[float], panels: Sequence[Lines]) -> str:
    """Planned and measured over time, an axis of the plane below the other."""
    across = axis(minutes, 0.0, 0.0 if minutes else 1.0, 6)
    height = 8.0 + len(panels) * (_PANEL + _GAP) - _GAP + _BELOW
    parts = []
    for at, lines in enumerate(panels):
        top = 8.0 + at * (_PANEL + _GAP)
        parts.append(_panel(lines, minutes, across, top))
    floor = height - _BELOW
    right = WIDTH - 8.0
    for tick in across.ticks:
        x = across.at(tick, _LEFT, right)
        parts.append(_line(x, floor, x, floor + 4.0, "edge"))
        parts.append(_label(x, floor + 18.0, across.label(tick), "middle"))
    parts.append(_label((_LEFT + right) / 2.0, height - 4.0, "minutes", "middle"))
    names = " and ".join(lines.name for lines in panels)
    said = f"{names} over {number(max(minutes, default=0.0), 1)} minutes: the path dashed, what was"
    return svg(ident, (WIDTH, height), title, f"{said} heard as a line with points.", *parts)


def _panel(lines: Lines, minutes: Sequence[float], across: Axis, top: float) -> str:
    values = [v for v in (*lines.planned, *lines.measured) if v is not None]
    up = axis(values, -1.0, 1.0, 6)
    right, bottom = WIDTH - 8.0, top + _PANEL

    def points(of: Sequence[float | None]) -> list[list[tuple[float, float]]]:
        return _runs(
            None if value is None else (across.at(minute, _LEFT, right), up.at(value, bottom, top))
            for minute, value in zip(minutes, of, strict=True)
        )

    parts = []
    for tick in up.ticks:
        y = up.at(tick, bottom, top)
        parts.append(_line(_LEFT, y, right, y, "edge" if not tick else "grid"))
        if tick in (up.ticks[0], up.ticks[-1]) or not tick:
            parts.append(_label(_LEFT - 6.0, y + 4.0, up.label(tick), "end"))
    middle = (top + bottom) / 2.0
    turned = f"rotate(-90 14 {middle:g})"
    parts.append(
        tag(
            "text",
            text(lines.name),
            x=14,
            y=middle,
            text_anchor="middle",
            transform=turned,
            class_="name",
        )
    )
    parts.append(_label(_LEFT + 4.0, top + 11.0, lines.ends[1], class_="faint"))
    parts.append(_label(_LEFT + 4.0, bottom - 4.0, lines.ends[0], class_="faint"))
    parts.append(_polylines(points(lines.planned), "planned"))
    parts.append(_polylines(points(lines.measured), "measured"))
    parts.append(_dots(points(lines.measured), 2.4 if len(minutes) <= 60 else 1.5))
    return "".join(parts)


def _runs(points: object) -> list[list[tuple[float, float]]]:
    """What lies between the gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:  # type: ignore[attr-defined]
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _polylines(runs: Sequence[Sequence[tuple[float, float]]], class_: str) -> str:
    return "".join(
        tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in run), class_=class_)
        for run in runs
        if len(run) > 1
    )


def _dots(runs: Sequence[Sequence[tuple[float, float]]], radius: float) -> str:
    """One path of round ends: there may be thousands on a page."""
    drawn = "".join(f"M{x:.1f} {y:.1f}h0" for run in runs for x, y in run)
    if not drawn:
        return ""
    return tag("path", d=drawn, class_="measured-point", stroke_width=2.0 * radius)


SIDE = 300.0


def plane(
    ident: str,
    title: str,
    planned: Sequence[tuple[float, float]],
    measured: Sequence[tuple[float, float]],
) -> str:
    """The path and what was heard of it on the plane of valence and arousal."""
    farthest = axis([abs(v) for point in (*planned, *measured) for v in point], 0.0, 1.0, 2).high
    across = Axis(-farthest, farthest, (-farthest, 0.0, farthest), 1)
    start, end = 26.0, SIDE - 26.0

    def placed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(across.at(x, start, end), across.at(y, end, start)) for x, y in points]

    middle = SIDE / 2.0
    parts = [
        _rect(start, start, end - start, end - start, "frame"),
        _line(start, middle, end, middle, "edge"),
        _line(middle, start, middle, end, "edge"),
        _label(middle, start - 9.0, "lively", "middle", "faint"),
        _label(middle, end + 17.0, "calm", "middle", "faint"),
        *(
            tag(
                "text",
                said,
                x=x,
                y=middle,
                text_anchor="middle",
                class_="faint",
                transform=f"rotate(-90 {x:g} {middle:g})",
            )
            for said, x in (("unpleasant", start - 9.0), ("pleasant", end + 17.0))
        ),
        _polylines([placed(planned)], "planned"),
        _polylines([placed(measured)], "measured"),
        _dots([placed(measured)], 1.8),
        _ends(placed(planned), "planned-end"),
        _ends(placed(measured), "measured-end"),
    ]
    said = "The path dashed, what was heard as a line with points; a ring at the start, a square"
    return svg(ident, (SIDE, SIDE), title, f"{said} at the end of each.", *parts, class_="plane")


def _ends(points: Sequence[tuple[float, float]], class_: str) -> str:
    if not points:
        return ""
    (x, y), (u, v) = points[0], points[-1]
    ring = tag("circle", cx=x, cy=y, r=5.5, class_=f"{class_} start")
    return ring + _rect(u - 4.5, v - 4.5, 9.0, 9.0, f"{class_} end")


# figures beside chance


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
        parts.append(_line(x(tick), top, x(tick), floor + 4.0, "grid" if tick else "edge"))
        parts.append(_label(x(tick), floor + 16.0, across.label(tick), "middle"))
    if group.unit:
        parts.append(_label((start + end) / 2.0, floor + 29.0, group.unit, "middle", "faint"))
    for at, row in enumerate(group.rows):
        parts.append(_dot(row, top + at * _ROW, x, start, end))
    return "".join(parts)


def _dot(row: Dot, top: float, x: Callable[[float], float], start: float, end: float) -> str:
    y = top + 28.0
    room = end - start - len(row.said) * LETTER - 12.0
    parts = [
        _label(start, top + 13.0, _cut(row.name, room), class_="name halo"),
        _label(end, top + 13.0, row.said, "end", "halo"),
    ]
    if row.band is not None and known(row.band[0]) is not None and known(row.band[1]) is not None:
        left, right = x(row.band[0]), x(row.band[1])
        parts.append(_rect(left, y - 9.0, max(1.0, right - left), 18.0, "chance"))
        parts.append(_line(left, y - 9.0, left, y + 9.0, "chance-edge"))
        parts.append(_line(right, y - 9.0, right, y + 9.0, "chance-edge"))
    marks = ((mark.sign, known(mark.value)) for mark in row.marks)
    parts += [sign(kind, x(value), y) for kind, value in marks if value is not None]
    low, high = known(row.low), known(row.high)
    if low is not None and high is not None:
        parts.append(_line(x(low), y, x(high), y, "interval"))
        parts += [_line(x(v), y - 4.0, x(v), y + 4.0, "interval") for v in (low, high)]
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


# moods


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
        parts.append(_line(x, top, x, floor + 4.0, "grid" if tick else "edge"))
        parts.append(_label(x, floor + 16.0, across.label(tick), "middle"))
    for at, row in enumerate(rows):
        y = top + at * _BAR
        value, chance = known(row.value), known(row.chance)
        zero = across.at(0.0, start, end)
        parts.append(_label(start - 6.0, y + 13.0, _cut(row.name, start - 12.0), "end"))
        if value is not None:
            x = across.at(value, start, end)
            parts.append(_rect(min(zero, x), y + 3.0, abs(x - zero), 13.0, "bar-of"))
        if chance is not None:
            x = across.at(chance, start, end)
            parts.append(_line(x, y + 1.0, x, y + 18.0, "tick-halo"))
            parts.append(_line(x, y + 1.0, x, y + 18.0, "tick"))
        parts.append(_label(end + 6.0, y + 13.0, f"{number(row.value, 3)}, n {row.n}"))
    parts.append(_label((start + end) / 2.0, floor + 31.0, "average precision", "middle", "faint"))
    said = "; ".join(f"{row.name} {number(row.value, 3)}" for row in rows)
    return svg(ident, (WIDTH, floor + 36.0), title, said, *parts)
