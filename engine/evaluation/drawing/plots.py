"""A course over time and on the plane, planned and heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.evaluation.drawing.axis import Axis, axis
from engine.evaluation.drawing.markup import number, tag, text
from engine.evaluation.drawing.svg import WIDTH, label, line, rect, svg


class Lines(NamedTuple):
    """One axis of the plane over time: a value for each of the ``minutes``, None where there is
    none. ``ends``: what the axis leads from and to."""

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
        parts.append(line(x, floor, x, floor + 4.0, "edge"))
        parts.append(label(x, floor + 18.0, across.label(tick), "middle"))
    parts.append(label((_LEFT + right) / 2.0, height - 4.0, "minutes", "middle"))
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
        parts.append(line(_LEFT, y, right, y, "edge" if not tick else "grid"))
        if tick in (up.ticks[0], up.ticks[-1]) or not tick:
            parts.append(label(_LEFT - 6.0, y + 4.0, up.label(tick), "end"))
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
    parts.append(label(_LEFT + 4.0, top + 11.0, lines.ends[1], class_="faint"))
    parts.append(label(_LEFT + 4.0, bottom - 4.0, lines.ends[0], class_="faint"))
    parts.append(_polylines(points(lines.planned), "planned"))
    parts.append(_polylines(points(lines.measured), "measured"))
    parts.append(_dots(points(lines.measured), 2.4 if len(minutes) <= 60 else 1.5))
    return "".join(parts)


def _runs(points: Iterable[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """What lies between the gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
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
        rect(start, start, end - start, end - start, "frame"),
        line(start, middle, end, middle, "edge"),
        line(middle, start, middle, end, "edge"),
        label(middle, start - 9.0, "lively", "middle", "faint"),
        label(middle, end + 17.0, "calm", "middle", "faint"),
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
    return ring + rect(u - 4.5, v - 4.5, 9.0, 9.0, f"{class_} end")
