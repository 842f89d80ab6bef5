"""What a study came to, by condition: figures beside chance, levels, speeds, listeners' answers.

The page and the lines of ``musmed study report`` lay it out; nothing is computed there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from engine.evaluation.following import row_of
from engine.evaluation.path_following import Course, Figures, bootstrap, figures, nulls
from engine.evaluation.results import LEAST_SOUNDS, CourseRecord, JudgeRecord, Row
from engine.plan.request import Request
from engine.study.comparing import Comparison, compared, holm
from engine.study.design import Design, Session
from engine.study.figures import COMFORT, LOUDNESS
from engine.study.folder import Result, StudyFolder
from engine.study.listening.joined import Joined

SHUFFLED = 24_000
"""Shuffled sessions in all, shared by the sessions there are."""
LEAST_SHUFFLES, MOST_SHUFFLES = 40, 500
OTHERS = 5
"""Other paths that a session is laid beside."""
COMPARED = ("valence_r", "arousal_r", "progress_r", "end_error")
"""Figures of which conditions are compared: few, for each one more makes all less certain."""
LEVELS = (*LOUDNESS, *COMFORT)
ASKED_FOR = ("valence_change", "arousal_change", "liking")
"""What listeners are asked for: compared, and told first."""
MOST_REASONS = 50
TINY = 1e-9


class _Done(NamedTuple):
    """A session with its result. ``pair``: what it has in common with one of another condition:
    its path, length and seed."""

    session: Session
    pair: Hashable
    result: Result


class Counts(msgspec.Struct, frozen=True):
    """Sessions: ``planned``, ``done``, ``failed`` and the rest; why they failed, how often each."""

    planned: int
    done: int
    failed: int
    waiting: int
    reasons: tuple[tuple[str, int], ...]


class Level(msgspec.Struct, frozen=True):
    """A mean over ``n`` with its 95 % interval (null of fewer than five)."""

    condition: str
    n: int
    mean: float
    low: float | None
    high: float | None


class Levels(msgspec.Struct, frozen=True):
    """A figure by condition."""

    figure: str
    levels: tuple[Level, ...]


class Followed(msgspec.Struct, frozen=True):
    """How sessions of a ``condition`` follow their paths, beside chance."""

    condition: str
    n: int
    rows: tuple[Row, ...]


class Judged(msgspec.Struct, frozen=True):
    """All conditions by one judge, and them beside each other."""

    judge: JudgeRecord
    conditions: tuple[Followed, ...]
    comparisons: tuple[Comparison, ...]


class Listened(msgspec.Struct, frozen=True):
    """What ``participants`` answered: sliders 0 to 100 by condition, n being participants."""

    participants: int
    answers: int
    levels: tuple[Levels, ...]
    comparisons: tuple[Comparison, ...]


class Summary(msgspec.Struct, frozen=True):
    title: str
    seed: int
    counts: Counts
    conditions: tuple[str, ...]
    judged: tuple[Judged, ...]
    levels: tuple[Levels, ...]
    speeds: tuple[Levels, ...]
    listened: Listened | None = None


def summed_up(
    folder: StudyFolder, design: Design, answers: Sequence[Joined] | None, seed: int = 0
) -> Summary:
    """``answers``: of listeners, beside what they heard; None where nobody was asked. ``seed``: of
    every shuffle and bootstrap. Raises ``MusmedError`` for a folder that can't be read."""
    rng = np.random.default_rng(seed)
    results = {job.digest: folder.result(job.digest) for job in design.jobs}
    jobs = {job.digest: job.request for job in design.jobs}
    made = {one.number for one in design.sessions if results[one.job] is not None}
    done = _different(design, jobs, results)
    conditions = tuple(dict.fromkeys(one.condition for one in design.sessions))
    return Summary(
        title=design.title,
        seed=seed,
        counts=_counts(folder, design, made),
        conditions=conditions,
        judged=_judged(done, rng),
        levels=tuple(
            _levels(name, done, rng) for name in (*LOUDNESS, *COMFORT) if _has(name, done)
        ),
        speeds=_speeds(folder, design, done, rng),
        listened=None if answers is None else _listened(answers, rng),
    )


def _different(
    design: Design, jobs: Mapping[str, Request], results: Mapping[str, Result | None]
) -> list[_Done]:
    """What is done, each music once in its condition: of a hundred listeners with the same words
    there is one session to be heard, and that a hundred times would make anything certain."""
    found: dict[tuple[str, str], _Done] = {}
    for one in design.sessions:
        result, request = results[one.job], jobs[one.job]
        if result is not None:
            ends = (request.start, request.target, request.start_word, request.target_word)
            pair = (ends, request.minutes, request.seed)
            found.setdefault((one.condition, one.job), _Done(one, pair, result))
    return list(found.values())


def _counts(folder: StudyFolder, design: Design, done: set[int]) -> Counts:
    failed = [
        one for one in design.sessions if one.number not in done and folder.has_failed(one.job)
    ]
    said = Counter(folder.failures(one.job).failures[-1].reason for one in failed)
    planned = len(design.sessions)
    waiting = planned - len(done) - len(failed)
    reasons = tuple(said.most_common(MOST_REASONS))
    return Counts(planned, len(done), len(failed), waiting, reasons)


# paths


def _judged(done: Sequence[_Done], rng: np.random.Generator) -> tuple[Judged, ...]:
    judges: dict[tuple[str, str], JudgeRecord] = {}
    for one in done:
        for judged in one.result.courses:
            judges.setdefault((judged.judge.name, judged.judge.version), judged.judge)
    return tuple(_by_judge(judge, done, rng) for judge in judges.values())


def _by_judge(judge: JudgeRecord, done: Sequence[_Done], rng: np.random.Generator) -> Judged:
    courses = [
        (one, _course(judged.course, scaled=judged.scaled))
        for one in done
        for judged in one.result.courses
        if (judged.judge.name, judged.judge.version) == (judge.name, judge.version)
    ]
    shuffles = min(MOST_SHUFFLES, max(LEAST_SHUFFLES, SHUFFLED // max(1, len(courses))))
    paths = {one.session.path: course for one, course in courses}
    followed, found = [], {}
    for condition in dict.fromkeys(one.session.condition for one, _ in courses):
        mine = [(one, course) for one, course in courses if one.session.condition == condition]
        own = [figures(course) for _, course in mine]
        chance = [
            nulls(course, _others(one.session.path, paths, rng), rng, shuffles)
            for one, course in mine
        ]
        rows = (row_of(name, own, chance, rng) for name in Figures._fields)
        tidy = tuple(_tidy(row) for row in rows if row is not None)
        followed.append(Followed(condition, len(mine), tidy))
        found[condition] = [(one.pair, figure) for (one, _), figure in zip(mine, own, strict=True)]
    comparisons: list[Comparison] = []
    for name in COMPARED:
        values = {
            condition: {
                pair: value for pair, one in mine if (value := getattr(one, name)) is not None
            }
            for condition, mine in found.items()
        }
        comparisons += compared(name, values, rng)
    return Judged(judge, tuple(followed), holm(comparisons))


def _tidy(row: Row) -> Row:
    """What stands still agrees with nothing: 0, and not what is left of it by rounding."""
    still = row.constant is not None and abs(row.constant) < TINY
    return msgspec.structs.replace(row, constant=0.0) if still else row


def _others(path: str, paths: Mapping[str, Course], rng: np.random.Generator) -> list[Course]:
    """Some that go elsewhere."""
    names = [name for name in paths if name != path]
    some = rng.permutation(len(names))[:OTHERS]
    return [paths[names[at]] for at in some]


def _course(record: CourseRecord, *, scaled: bool) -> Course:
    times = record.times
    step = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    return Course(
        "",
        step,
        planned=np.array(record.planned, np.float64),
        measured=np.array(record.measured, np.float64),  # None: NaN
        scaled=scaled,
        first=times[0] if times else 0.0,
    )


# levels and speeds


def _has(name: str, done: Sequence[_Done]) -> bool:
    return any(one.result.figures.get(name) is not None for one in done)


def _levels(name: str, done: Sequence[_Done], rng: np.random.Generator) -> Levels:
    values: dict[str, list[float | None]] = {}
    for one in done:
        values.setdefault(one.session.condition, []).append(one.result.figures.get(name))
    return Levels(name, _leveled(values, rng))


def _leveled(
    values: Mapping[str, Sequence[float | None]], rng: np.random.Generator
) -> tuple[Level, ...]:
    found = []
    for condition, mine in values.items():
        one = bootstrap(mine, rng)
        if one is not None:
            many = one.n >= LEAST_SOUNDS
            low, high = (one.low, one.high) if many else (None, None)
            found.append(Level(condition, one.n, one.mean, low, high))
    return tuple(found)


def _speeds(
    folder: StudyFolder, design: Design, done: Sequence[_Done], rng: np.random.Generator
) -> tuple[Levels, ...]:
    """Seconds of music composed in a second, by composer and device."""
    composers = {job.digest: job.request.published().composer for job in design.jobs}
    values: dict[str, list[float | None]] = {}
    for digest, result in {one.session.job: one.result for one in done}.items():
        spent = folder.spent(digest)
        if spent is not None and spent.composing > 0.0:
            name = f"{composers[digest]} on {spent.device}"
            values.setdefault(name, []).append(result.seconds / spent.composing)
    found = _leveled(values, rng)
    return (Levels("speed", found),) if found else ()


# listeners


def _listened(rows: Sequence[Joined], rng: np.random.Generator) -> Listened:
    """Each participant counts once for each condition: of several sessions the mean."""
    levels, comparisons = [], []
    told = _said(rows)
    first_of: dict[str, int] = {}
    for row in rows:
        number = int(row.session) if row.session.isdigit() else 0
        first_of[row.condition] = min(number, first_of.get(row.condition, number))
    order = sorted(first_of, key=lambda condition: (first_of[condition], condition))
    first = [name for name in ASKED_FOR if name in told]
    for name in (*first, *(name for name in told if name not in first)):
        values = {
            condition: told[name][condition] for condition in order if condition in told[name]
        }
        by_condition: dict[str, dict[Hashable, float]] = {
            condition: {who: float(np.mean(said)) for who, said in mine.items()}
            for condition, mine in values.items()
        }
        means = {condition: list(mine.values()) for condition, mine in by_condition.items()}
        levels.append(Levels(name, _leveled(means, rng)))
        if name in ASKED_FOR:
            comparisons += compared(name, by_condition, rng)
    people = {row.answer.participant for row in rows}
    return Listened(len(people), len(rows), tuple(levels), holm(comparisons))


Said = dict[str, dict[str, dict[str, list[float]]]]
"""By figure, condition and participant."""


def _said(rows: Sequence[Joined]) -> Said:
    found: Said = {}

    def put(name: str, row: Joined, value: float | None) -> None:
        if value is not None:
            mine = found.setdefault(name, {}).setdefault(row.condition, {})
            mine.setdefault(row.answer.participant, []).append(value)

    before = {
        (row.answer.participant, row.answer.place): row.answer.rating
        for row in rows
        if row.answer.what == "before"
    }
    for row in rows:
        rating, what = row.answer.rating, row.answer.what
        first = before.get((row.answer.participant, row.answer.place))
        for axis in ("valence", "arousal"):
            value, began = getattr(rating, axis), getattr(first, axis, None)
            if what == "moment":
                put(f"{axis}_at_{row.answer.asked_at:g}", row, value)
            else:
                put(f"{axis}_{what}", row, value)
            if what == "after" and value is not None and began is not None:
                put(f"{axis}_change", row, value - began)
        if what == "after":
            put("liking", row, row.answer.liking)
    return found
