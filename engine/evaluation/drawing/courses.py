"""Each session as it was planned and heard: over time, on the plane, and as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.evaluation.drawing.markup import counted, known, number, table, tag, text
from engine.evaluation.drawing.plots import Lines, course, plane
from engine.evaluation.results import CourseRecord, Following

OPEN = 6
"""Sessions that are seen without a click."""
POINTS = 12_000
"""Windows that are drawn and written for one page, so that it stays a few MB."""
MOST, LEAST = 240, 24
"""Windows of one course: more than this can't be seen, with fewer it is no course."""
AXES = (("valence", ("unpleasant", "pleasant")), ("arousal", ("calm", "lively")))


class Drawn(NamedTuple):
    """An axis of a course: ``measured`` as the judge says it, ``shown`` as it is drawn."""

    name: str
    ends: tuple[str, str]
    planned: list[float | None]
    measured: list[float | None]
    shown: list[float | None]


def points_each(courses: int) -> int:
    """Windows for each of so many courses on a page."""
    return max(LEAST, min(MOST, POINTS // max(1, courses)))


def sessions(ident: str, following: Following, most: int) -> str:
    """All sessions of a judge; but for the first few in a fold."""
    made = [
        _session(f"{ident}-{at}", one, scaled=following.scaled, most=most)
        for at, one in enumerate(following.courses)
    ]
    shown = tag("div", *made[:OPEN], class_="sessions")
    if len(made) <= OPEN:
        return shown
    more = tag("div", *made[OPEN:], class_="sessions")
    summary = tag("summary", f"{counted(len(made) - OPEN, 'more session')}")
    return shown + tag("details", summary, more, class_="more")


def _session(ident: str, record: CourseRecord, *, scaled: bool, most: int) -> str:
    step = -(-len(record.times) // most) or 1
    kept = range(0, len(record.times), step)
    times = [record.times[i] for i in kept]
    axes = [_axis(record, kept, axis, scaled=scaled) for axis in (0, 1)]
    heard = [axis for axis in axes if any(value is not None for value in axis.measured)]
    lines = [Lines(axis.name, axis.ends, axis.planned, axis.shown) for axis in heard or axes]
    minutes = [time / 60.0 for time in times]
    drawn = course(f"{ident}-time", f"{record.file}: over time", minutes, lines)
    both = scaled and len(heard) == 2
    if both:
        drawn = tag("div", drawn, _plane(ident, record.file, axes), class_="both")
    parts = [tag("figcaption", text(record.file)), drawn]
    if step > 1:
        parts.append(_note(f"Every {step}th window is drawn and written out."))
    parts += [
        _note(f"{axis.name.capitalize()} is not drawn: the path or what was heard stands still.")
        for axis in heard
        if not scaled and all(value is None for value in axis.shown)
    ]
    parts.append(_values(record.file, times, heard or axes, scaled=scaled))
    return tag("figure", *parts, class_="wide" if both else None)


def _note(said: str) -> str:
    return tag("p", text(said), class_="note")


def _axis(record: CourseRecord, kept: Sequence[int], axis: int, *, scaled: bool) -> Drawn:
    name, ends = AXES[axis]
    planned = [known(record.planned[i][axis]) for i in kept]
    measured = [known(record.measured[i][axis]) for i in kept]
    shown = measured if scaled else standardised(measured, planned)
    return Drawn(name, ends, planned, measured, shown)


def standardised(
    measured: Sequence[float | None], planned: Sequence[float | None]
) -> list[float | None]:
    """``measured`` with the mean and the spread of ``planned``, both where both are known; nothing
    where either stands still."""
    pairs = [
        (heard, path)
        for heard, path in zip(measured, planned, strict=True)
        if heard is not None and path is not None
    ]
    nothing: list[float | None] = [None] * len(measured)
    if not pairs:
        return nothing
    (mean, spread), (to_mean, to_spread) = (_moments([pair[i] for pair in pairs]) for i in (0, 1))
    if spread <= 1e-9 * max(1.0, abs(mean)) or to_spread <= 1e-9:
        return nothing
    return [
        None if value is None else (value - mean) / spread * to_spread + to_mean
        for value in measured
    ]


def _moments(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5


def _plane(ident: str, file: str, axes: Sequence[Drawn]) -> str:
    planned = _points(axes[0].planned, axes[1].planned)
    measured = _points(axes[0].measured, axes[1].measured)
    return plane(f"{ident}-plane", f"{file}: on the plane", planned, measured)


def _points(
    valence: Sequence[float | None], arousal: Sequence[float | None]
) -> list[tuple[float, float]]:
    pairs = zip(valence, arousal, strict=True)
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _values(file: str, times: Sequence[float], axes: Sequence[Drawn], *, scaled: bool) -> str:
    columns = ["time"]
    for axis in axes:
        columns += [f"{axis.name} planned", f"{axis.name} heard"]
    rows = [
        [
            f"{int(time) // 60}:{int(time) % 60:02d}",
            *(number(of[i]) for axis in axes for of in (axis.planned, axis.measured)),
        ]
        for i, time in enumerate(times)
    ]
    own = "" if scaled else ", what was heard on the judge's own scale"
    caption = f"{file}: the middle of each window, minutes and seconds{own}"
    return tag(
        "details", tag("summary", "As numbers"), table(caption, columns, rows), class_="values"
    )
