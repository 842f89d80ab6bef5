"""Which figures a session has, by name, and what a judge heard beside the path."""

from __future__ import annotations

import msgspec

from engine.evaluation.path_following import Figures
from engine.evaluation.results import CourseRecord, JudgeRecord
from engine.study.study_file import Evaluate

LOUDNESS = ("loudness", "loudness_range", "true_peak")
COMFORT = ("rise", "momentary_rise", "silence")


class JudgedCourse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one judge heard beside the path. ``scaled``: on the plane's own scale."""

    judge: JudgeRecord
    scaled: bool
    course: CourseRecord


def figure_names(evaluate: Evaluate) -> tuple[str, ...]:
    """The figures of every session, in the order of the table's columns."""
    names: tuple[str, ...] = ()
    for judge in evaluate.judges:
        names += of_judge(judge)
    return names + LOUDNESS * evaluate.loudness + COMFORT * evaluate.comfort


def of_judge(word: str) -> tuple[str, ...]:
    """The figures of one judge: those of ``path_following``, and the means of what it heard."""
    column = word.partition("=")[0].replace("-", "_")
    return tuple(f"{column}_{name}" for name in (*Figures._fields, "valence", "arousal"))
