"""A kept session's path on the plane as one SVG file: for a wall, a letter, a slide. Pure.

The plane is the screen's own, laid out in cells of ``ACROSS`` by ``DOWN`` units, so that the same
words stand at the same places. Every kind of mark has a shape and a line in the key; nothing is
told by colour alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.evaluation.drawing.markup import tag
from engine.evaluation.drawing.svg import cut, label, line, svg
from musmed_tui.drawing.plane_layout import (
    ANCHOR,
    RADIUS,
    START,
    TARGET,
    Layout,
    PlaneState,
    PlaneWord,
    Sign,
    layout,
)
from musmed_tui.drawing.raster import Label

ACROSS, DOWN = 8, 16
"""Units of the view box to a cell."""
COLUMNS, ROWS = 118, 50
MARGIN = 30.0
PIECES = 24
"""Into how many pieces a straight stretch of the path is cut for its colours."""
MOST_TOLD = 8
"""Deeds that are told below the plane; the marks of later ones have their numbers all the same."""
FONTS = '"DejaVu Sans","Liberation Sans","Noto Sans",Arial,Helvetica,FreeSans,sans-serif'
"""Named one by one: what makes a PNG of it knows no family by its kind alone."""


@dataclass(frozen=True)
class Inks:
    """Colours, each '#rrggbb'."""

    background: str
    text: str
    muted: str
    now: str
    path_start: str
    path_end: str


@dataclass(frozen=True)
class Deed:
    """What was done at ``at`` session seconds, in words."""

    at: float
    said: str


@dataclass(frozen=True)
class HeardPath:
    """A session as it was heard for ``heard`` of ``total`` session seconds; ``measured``: what a
    meter made of its music, in order; ``caption``: what it is called, and what else there is to
    say of it."""

    path: Path
    heard: float
    total: float
    start_word: str
    target_word: str
    words: tuple[PlaneWord, ...]
    measured: tuple[Affect, ...]
    deeds: tuple[Deed, ...]
    caption: tuple[str, ...]


def path_svg(seen: HeardPath, inks: Inks) -> str:
    """The whole file, to be written as UTF-8; the same picture makes the same bytes."""
    points = tuple((point.time, point.affect) for point in seen.path.waypoints)
    state = PlaneState(
        path=points,
        total=seen.total,
        start=points[0][1],
        target=points[-1][1],
        start_word=seen.start_word,
        target_word=seen.target_word,
        words=seen.words,
    )
    plane = layout(state, COLUMNS, ROWS, "braille")
    below = list(_below(seen, inks))
    size = (COLUMNS * ACROSS + 2 * MARGIN, 2 * MARGIN + ROWS * DOWN + _height(seen))
    return svg(
        "path",
        size,
        seen.caption[0],
        " ".join((*seen.caption[1:], *(f"{deed.said}." for deed in seen.deeds))),
        tag("style", _style(inks)),
        tag("rect", width=size[0], height=size[1], fill=inks.background),
        tag("g", *_plane(plane, seen, inks), transform=f"translate({MARGIN:g} {MARGIN:g})"),
        tag("g", *below, transform=f"translate({MARGIN:g} {MARGIN + ROWS * DOWN:g})"),
        alone=True,
    )


def _style(inks: Inks) -> str:
    return (
        f"text{{font:14px {FONTS};fill:{inks.text}}}"
        f"text.faint{{fill:{inks.muted}}}text.end{{font-weight:bold}}text.told{{font-size:17px}}"
        "text.name{font-weight:bold;font-size:30px}text.number{font-weight:bold;font-size:11px}"
        f".halo{{paint-order:stroke;stroke:{inks.background};stroke-width:4px;"
        "stroke-linejoin:round}"
        f".line{{stroke:{inks.muted};stroke-opacity:.35;fill:none}}"
        f".tocome{{stroke-width:4;stroke-dasharray:1 8;stroke-linecap:round}}"
        ".heard{stroke-width:7;stroke-linecap:round}"
        f".measured{{fill:none;stroke:{inks.now};stroke-width:1.5;stroke-linejoin:round}}"
        f".reading{{fill:{inks.background};stroke:{inks.now};stroke-width:1.5}}"
        f".deed{{fill:{inks.background};stroke:{inks.text};stroke-width:2}}"
        f".left{{fill:{inks.now}}}"
    )


# The plane


def _plane(plane: Layout, seen: HeardPath, inks: Inks) -> Iterator[str]:
    yield from _ring(plane)
    for one in plane.axis_words:
        yield _words(one, "faint halo")
    for sign in plane.signs:
        if sign.role not in (START, TARGET):
            x, y = _at(plane, sign.affect)
            yield tag("circle", cx=x, cy=y, r=3.0 if sign.role == ANCHOR else 2.0, fill=inks.muted)
    yield from _path(plane, seen, inks)
    yield from _measured(plane, seen.measured)
    yield from _ends(plane, seen, inks)
    for number, deed in enumerate(seen.deeds, 1):
        yield from _deed(*_at(plane, seen.path.at(deed.at)), number)
    for sign in plane.signs:
        if sign.label is not None:
            end = sign.role in (START, TARGET)  # its ring is larger than a cell
            yield _words(sign.label, f"{_kind(sign)} halo", ACROSS if end else 0)


def _kind(sign: Sign) -> str:
    return {START: "end", TARGET: "end", ANCHOR: "anchor"}.get(sign.role, "faint")


def _at(plane: Layout, affect: Affect) -> tuple[float, float]:
    return plane.frame.dot(affect, ACROSS, DOWN)


def _ring(plane: Layout) -> Iterator[str]:
    x, y = _at(plane, Affect(0.0, 0.0))
    across, down = plane.frame.width * ACROSS / 2, plane.frame.height * DOWN / 2
    yield line(x - across, y, x + across, y, "line")
    yield line(x, y - down, x, y + down, "line")
    yield tag("circle", cx=x, cy=y, r=RADIUS * down, class_="line")


def _words(one: Label, class_: str, away: float = 0.0) -> str:
    """A label of the layout at its cells, on the side of its sign that it was placed at, and so
    much farther ``away`` to that side."""
    left, right = one.x * ACROSS, (one.x + len(one.text)) * ACROSS
    y = one.y * DOWN + 12.0
    if "left" in one.side:
        return label(right - away, y, one.text, "end", class_)
    if "right" in one.side:
        return label(left + away, y, one.text, "start", class_)
    return label((left + right) / 2, y, one.text, "middle", class_)


def _path(plane: Layout, seen: HeardPath, inks: Inks) -> Iterator[str]:
    """What was heard as a thick line in the path's colours, what is still to come in dots."""
    pieces = list(_pieces(seen.path))
    whole = sum(a.distance(b) for _, a, _, b in pieces) or 1.0
    gone = 0.0
    later: list[str] = []
    sooner: list[str] = []
    for since, a, until, b in pieces:
        colour = _between(inks.path_start, inks.path_end, gone / whole)
        gone += a.distance(b)
        kind = "heard" if (since + until) / 2 < seen.heard else "tocome"
        made = _stroke(_at(plane, a), _at(plane, b), kind, colour)
        (sooner if kind == "heard" else later).append(made)
    yield from later
    yield from sooner


def _pieces(path: Path) -> Iterator[tuple[float, Affect, float, Affect]]:
    for a, b in itertools.pairwise(path.waypoints):
        if a.affect == b.affect:
            continue
        for part in range(PIECES):
            since, until = (a.time + (b.time - a.time) * k / PIECES for k in (part, part + 1))
            yield since, path.at(since), until, path.at(until)


def _stroke(a: tuple[float, float], b: tuple[float, float], kind: str, colour: str) -> str:
    return tag("line", x1=a[0], y1=a[1], x2=b[0], y2=b[1], class_=kind, stroke=colour)


def _between(one: str, other: str, share: float) -> str:
    """The colour ``share`` of the way from ``one`` to ``other``."""
    parts = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _measured(plane: Layout, measured: Sequence[Affect]) -> Iterator[str]:
    places = [_at(plane, affect) for affect in measured]
    if len(places) > 1:
        said = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield tag("polyline", points=said, class_="measured")
    for x, y in places:
        yield tag("circle", cx=x, cy=y, r=3.5, class_="reading")


def _ends(plane: Layout, seen: HeardPath, inks: Inks) -> Iterator[str]:
    """A ring where it began, two rings where it leads, a filled dot where it was left."""
    begin, end = seen.path.waypoints[0].affect, seen.path.waypoints[-1].affect
    x, y = _at(plane, begin)
    start = f"{inks.path_start};stroke-width:3"
    yield tag("circle", cx=x, cy=y, r=9.0, style=f"fill:{inks.background};stroke:{start}")
    x, y = _at(plane, end)
    rim = f"fill:{inks.background};stroke:{inks.path_end};stroke-width:3"
    yield tag("circle", cx=x, cy=y, r=11.0, style=rim)
    yield tag("circle", cx=x, cy=y, r=4.5, fill=inks.path_end)
    if seen.heard < seen.total:
        x, y = _at(plane, seen.path.at(seen.heard))
        yield tag("circle", cx=x, cy=y, r=8.0, class_="left")


def _deed(x: float, y: float, number: int) -> Iterator[str]:
    corners = ((0, -12), (12, 0), (0, 12), (-12, 0))
    said = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    yield tag("polygon", points=said, class_="deed")
    yield label(x, y + 4, str(number), "middle", "number")


# Below it


def _height(seen: HeardPath) -> float:
    told = len(_told(seen))
    return 60.0 + 26.0 * len(seen.caption[1:]) + 44.0 + 26.0 * told


def _told(seen: HeardPath) -> list[str]:
    said = [f"{number}. {deed.said}" for number, deed in enumerate(seen.deeds, 1)]
    more = len(said) - MOST_TOLD
    return [*said[:MOST_TOLD], f"and {more} more"] if more > 0 else said


def _below(seen: HeardPath, inks: Inks) -> Iterator[str]:
    width = COLUMNS * ACROSS
    y = 48.0
    yield label(0, y, cut(seen.caption[0], width / 2.1), class_="name")
    for one in seen.caption[1:]:
        y += 26.0
        yield label(0, y, cut(one, width), class_="told faint")
    y += 38.0
    yield from _key(seen, inks, y)
    for one in _told(seen):
        y += 26.0
        yield label(0, y, cut(one, width), class_="told")


def _key(seen: HeardPath, inks: Inks, y: float) -> Iterator[str]:
    """Each kind of mark that is there with its name, beside one another."""
    x = 4.0
    middle = _between(inks.path_start, inks.path_end, 0.5)
    kinds = [("heard", "heard", seen.heard > 0.0), ("tocome", "still to come", _comes(seen))]
    for kind, said, there in kinds:
        if there:
            yield _stroke((x, y - 5), (x + 32, y - 5), kind, middle)
            yield label(x + 46, y, said, class_="faint")
            x += 46 + ACROSS * len(said) + 30
    if seen.measured:
        yield line(x, y - 5, x + 32, y - 5, "measured")
        yield tag("circle", cx=x + 16, cy=y - 5, r=3.5, class_="reading")
        yield label(x + 46, y, "what the music sounded like", class_="faint")
        x += 46 + ACROSS * 27 + 30
    if seen.heard < seen.total:
        yield tag("circle", cx=x + 8, cy=y - 5, r=8.0, class_="left")
        yield label(x + 26, y, "where it was left", class_="faint")


def _comes(seen: HeardPath) -> bool:
    moves = (piece[2] for piece in _pieces(seen.path))
    return max(moves, default=0.0) > seen.heard + 1e-6 and not math.isclose(seen.heard, seen.total)
