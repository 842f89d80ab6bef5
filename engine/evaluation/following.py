"""Sessions under a judge: their figures, what those are by chance, and both over all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.affect.path import Path
from engine.errors import MusmedError
from engine.evaluation.judges.base import Judge, Judged, record_of
from engine.evaluation.path_following import Course, Figures, Nulls, bootstrap, figures, nulls
from engine.evaluation.results import (
    LEAST_SOUNDS,
    CourseRecord,
    Following,
    Row,
    SessionFigures,
)
from engine.plan.tags import mean_affect
from engine.sidecar import SessionReport

LEAST_WINDOWS = 5


def following(judge: Judge, courses: Sequence[Course], rng: np.random.Generator) -> Following:
    """The figures of at least one session by one judge."""
    found = [figures(course) for course in courses]
    chance = [nulls(one, [x for x in courses if x is not one], rng) for one in courses]
    rows = (row_of(name, found, chance, rng) for name in Figures._fields)
    return Following(
        judge=record_of(judge),
        scaled=judge.scaled,
        sessions=tuple(
            SessionFigures(course.name, len(course.planned), one._asdict())
            for course, one in zip(courses, found, strict=True)
        ),
        courses=tuple(map(_record, courses)),
        rows=tuple(row for row in rows if row is not None),
    )


def course_of(name: str, report: SessionReport, judged: Judged, *, scaled: bool = True) -> Course:
    """What the judge made of each window beside the path's mean over it. Raises ``MusmedError``
    for a session too short to follow anything."""
    path = Path(report.plan.path)
    until = length(report)
    windows = [window for window in judged.windows if window.end <= until + 0.5]
    if len(windows) < LEAST_WINDOWS:
        raise MusmedError(
            f"{name} is too short to say whether it follows its path; render two minutes or more."
        )
    planned = [mean_affect(path, window.start, min(window.end, until)) for window in windows]
    step = (windows[-1].end - windows[0].end) / (len(windows) - 1)
    return Course(
        name,
        step,
        planned=np.array([(affect.valence, affect.arousal) for affect in planned]),
        measured=np.array([(w.valence, w.arousal) for w in windows], np.float64),  # None: NaN
        scaled=scaled,
        first=(windows[0].start + windows[0].end) / 2.0,
    )


def length(report: SessionReport) -> float:
    """Seconds of the session that the file holds."""
    return report.plan.total_s if report.heard_s is None else report.heard_s


def _record(course: Course) -> CourseRecord:
    return CourseRecord(
        course.name,
        tuple(course.first + course.step * number for number in range(len(course.planned))),
        tuple((float(valence), float(arousal)) for valence, arousal in course.planned),
        tuple((_known(valence), _known(arousal)) for valence, arousal in course.measured),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def row_of(
    name: str, found: Sequence[Figures], chance: Sequence[Nulls], rng: np.random.Generator
) -> Row | None:
    """The figure called ``name`` over sessions, beside the ``chance`` of each; None where no
    session has it."""
    interval = bootstrap([getattr(one, name) for one in found], rng)
    if interval is None:
        return None
    counted = [c for one, c in zip(found, chance, strict=True) if getattr(one, name) is not None]
    shuffled = _means(name, [null["shuffled"] for null in counted])
    low, high = np.quantile(shuffled, [0.025, 0.975]) if len(shuffled) else (None, None)
    many = interval.n >= LEAST_SOUNDS
    return Row(
        name,
        interval.mean,
        interval.low if many else None,
        interval.high if many else None,
        interval.n,
        shuffled_low=None if low is None else float(low),
        shuffled_high=None if high is None else float(high),
        another_path=_mean(name, [one for null in counted for one in null["another path"]]),
        constant=_mean(name, [one for null in counted for one in null["constant"]]),
    )


def _means(name: str, by_session: Sequence[Sequence[Figures]]) -> list[float]:
    """The mean over sessions of each shuffle; none where one of them was too short for that: the
    others' would be set against the mean of all."""
    if not all(by_session):
        return []
    means = []
    for shuffle in zip(*by_session, strict=True):
        known = [value for one in shuffle if (value := getattr(one, name)) is not None]
        if known:
            means.append(sum(known) / len(known))
    return means


def _mean(name: str, of: Sequence[Figures]) -> float | None:
    known = [value for one in of if (value := getattr(one, name)) is not None]
    return sum(known) / len(known) if known else None
