"""Sessions under a judge: their figures, what those are by chance, and both over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath

import msgspec
import numpy as np

from engine.affect.path import Path
from engine.errors import MusmedError
from engine.evaluation.judges.base import Judge, Judged
from engine.evaluation.path_following import Course, Figures, Nulls, bootstrap, figures, nulls
from engine.meter.files import Progress
from engine.plan.tags import mean_affect
from engine.sidecar import SessionReport, read_report, report_path

LEAST_WINDOWS = 5


class SessionFigures(msgspec.Struct, frozen=True):
    """``figures`` by the names of ``Figures``; null where one has no meaning."""

    file: str
    windows: int
    figures: dict[str, float | None]


class Row(msgspec.Struct, frozen=True):
    """One figure over all sessions: the mean of the ``n`` that have it with its 95 % interval
    (bootstrap over sessions), and what it is by chance: the middle 95 % of the same mean when each
    session's sound is shuffled in stretches of 30 s, the mean beside the paths of the other
    sessions, and the mean of music that stays where it is on the whole."""

    figure: str
    mean: float
    low: float
    high: float
    n: int
    shuffled_low: float | None
    shuffled_high: float | None
    another_path: float | None
    constant: float | None


class JudgeRecord(msgspec.Struct, frozen=True):
    name: str
    version: str
    domain: str
    licence: str


class Evaluation(msgspec.Struct, frozen=True):
    judge: JudgeRecord
    seed: int
    sessions: tuple[SessionFigures, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def evaluate(
    sounds: Sequence[FilePath],
    judge: Judge,
    seed: int,
    progress: Progress,
) -> Evaluation:
    """Judge rendered sessions, each with its sidecar beside it. ``seed``: of shuffles and
    bootstrap. ``progress``: told the seconds done and those of all of them. Raises
    ``MusmedError``."""
    reports = [read_report(report_path(sound)) for sound in sounds]  # before anything takes long
    remarks: dict[str, None] = {}
    courses = []
    whole, before = sum(map(_length, reports)), 0.0
    for sound, report in zip(sounds, reports, strict=True):
        judged = judge.judge(sound, _onwards(progress, before, whole))
        before += _length(report)
        remarks |= dict.fromkeys(judged.remarks)
        courses.append(course_of(str(sound), report, judged, scaled=judge.scaled))
    rng = np.random.default_rng(seed)
    found = [figures(course) for course in courses]
    chance = [nulls(one, [x for x in courses if x is not one], rng) for one in courses]
    rows = (_row(name, found, chance, rng) for name in Figures._fields)
    return Evaluation(
        judge=JudgeRecord(judge.name, judge.version, judge.domain, judge.licence),
        seed=seed,
        sessions=tuple(
            SessionFigures(course.name, len(course.planned), one._asdict())
            for course, one in zip(courses, found, strict=True)
        ),
        rows=tuple(row for row in rows if row is not None),
        remarks=tuple(remarks),
    )


def course_of(name: str, report: SessionReport, judged: Judged, *, scaled: bool = True) -> Course:
    """What the judge made of each window beside the path's mean over it. Raises ``MusmedError``
    for a session too short to follow anything."""
    path = Path(report.plan.path)
    until = _length(report)
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
    )


def _length(report: SessionReport) -> float:
    """Seconds of the session that the file holds."""
    return report.plan.total_s if report.heard_s is None else report.heard_s


def _onwards(progress: Progress, before: float, whole: float) -> Progress:
    return lambda done, _: progress(min(before + done, whole), whole)


def _row(
    name: str, found: Sequence[Figures], chance: Sequence[Nulls], rng: np.random.Generator
) -> Row | None:
    interval = bootstrap([getattr(one, name) for one in found], rng)
    if interval is None:
        return None
    counted = [c for one, c in zip(found, chance, strict=True) if getattr(one, name) is not None]
    shuffled = _means(name, [null["shuffled"] for null in counted])
    low, high = np.quantile(shuffled, [0.025, 0.975]) if len(shuffled) else (None, None)
    return Row(
        name,
        *interval,
        shuffled_low=None if low is None else float(low),
        shuffled_high=None if high is None else float(high),
        another_path=_mean(name, [one for null in counted for one in null["another path"]]),
        constant=_mean(name, [one for null in counted for one in null["constant"]]),
    )


def _means(name: str, by_session: Sequence[Sequence[Figures]]) -> list[float]:
    """The mean over sessions of each shuffle."""
    means = []
    for shuffle in zip(*by_session, strict=True):
        known = [value for one in shuffle if (value := getattr(one, name)) is not None]
        if known:
            means.append(sum(known) / len(known))
    return means


def _mean(name: str, of: Sequence[Figures]) -> float | None:
    known = [value for one in of if (value := getattr(one, name)) is not None]
    return sum(known) / len(known) if known else None
