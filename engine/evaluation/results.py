"""What an evaluation found, as it is printed, written as JSON (docs/json.md) and drawn on a page.

Every figure stands beside what it is by chance. A *clip* is up to 30 s of one sound with the
prompt and the mood it was composed for; a *session* is a sound with a path.
"""

from __future__ import annotations

import msgspec

from engine.evaluation.likeness import Likeness

LEAST_SOUNDS = 5
"""Of fewer, a bootstrap over sounds is hardly more than the least and the most: no interval."""


class JudgeRecord(msgspec.Struct, frozen=True):
    """Who judged. ``domain``: in a sentence, what that is good for."""

    name: str
    version: str
    domain: str
    licence: str


class Subject(msgspec.Struct, frozen=True):
    """What was evaluated: a sound, its ``seconds`` with a path (null without one), and how many
    clips of it have a prompt. ``composers``: who composed it, as far as that is known."""

    file: str
    seconds: float | None
    clips: int
    composers: tuple[str, ...] = ()


class Estimate(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval (bootstrap over sounds; of fewer than five there is none),
    and the same by chance: the mean and the middle 95 %, null where there is no telling.
    ``nothing``: what it is for whoever says nothing at all, null where that has no meaning."""

    figure: str
    value: float
    low: float | None
    high: float | None
    chance: float | None
    chance_low: float | None
    chance_high: float | None
    nothing: float | None = None


# does it follow its path


class SessionFigures(msgspec.Struct, frozen=True):
    """``figures`` by the names of ``path_following.Figures``; null where one has no meaning."""

    file: str
    windows: int
    figures: dict[str, float | None]


class CourseRecord(msgspec.Struct, frozen=True):
    """What was heard beside the path: for the window whose middle is ``times[i]`` seconds,
    ``planned[i]`` and ``measured[i]``, each (valence, arousal); null where the judge says
    nothing."""

    file: str
    times: tuple[float, ...]
    planned: tuple[tuple[float, float], ...]
    measured: tuple[tuple[float | None, float | None], ...]


class Row(msgspec.Struct, frozen=True):
    """One figure over all sessions: the mean of the ``n`` that have it with its 95 % interval
    (bootstrap over sessions; of fewer than five there is none), and what it is by chance: the
    middle 95 % of the same mean when each session's sound is shuffled in stretches of 30 s (null of
    short sessions), the mean beside the paths of the other sessions, and the mean of music that
    stays where it is on the whole."""

    figure: str
    mean: float
    low: float | None
    high: float | None
    n: int
    shuffled_low: float | None
    shuffled_high: float | None
    another_path: float | None
    constant: float | None


class Following(msgspec.Struct, frozen=True):
    """By one judge. ``scaled``: its judgements are on the plane's own scale."""

    judge: JudgeRecord
    scaled: bool
    sessions: tuple[SessionFigures, ...]
    courses: tuple[CourseRecord, ...]
    rows: tuple[Row, ...]


# is it what was prompted


class MoodRow(msgspec.Struct, frozen=True):
    """How well one mood is told from the others: ``clips`` were prompted with it; ``chance`` of
    its average precision."""

    mood: str
    clips: int
    average_precision: float
    chance: float


class Tagging(msgspec.Struct, frozen=True):
    """Moods told by one judge against the prompted ones: AUPRC and ROC-AUC (macro over ``moods``)
    and the Hamming score, of ``clips`` in ``sounds``."""

    judge: JudgeRecord
    clips: int
    sounds: int
    rows: tuple[Estimate, ...]
    moods: tuple[MoodRow, ...]


class PromptedAffect(msgspec.Struct, frozen=True):
    """By one judge, over ``clips`` of ``sounds`` without a path: does what is heard lie where the
    prompted moods do (Pearson's r by axis)."""

    judge: JudgeRecord
    clips: int
    sounds: int
    rows: tuple[Estimate, ...]


class TextMatch(msgspec.Struct, frozen=True):
    """The CLAP score: the mean cosine of ``clips`` and their prompts; by chance, of clips and the
    prompts of others."""

    judge: JudgeRecord
    clips: int
    sounds: int
    score: Estimate


# what is heard of a sound of which nothing else is known


class Reading(msgspec.Struct, frozen=True):
    """The mean of a judge's ``windows`` of a sound; null of what it says nothing of."""

    judge: str
    file: str
    windows: int
    valence: float | None
    arousal: float | None


# how far is it from other music


class Distances(msgspec.Struct, frozen=True):
    """FAD and KAD of ``windows`` and ``reference_windows`` of 10 s in the embedding ``judge``; by
    chance, with sounds and tracks dealt out anew."""

    judge: JudgeRecord
    windows: int
    reference_windows: int
    rows: tuple[Estimate, ...]


class Evaluation(msgspec.Struct, frozen=True):
    """All of it. ``seed``: of every shuffle and bootstrap."""

    seed: int
    subjects: tuple[Subject, ...]
    following: tuple[Following, ...] = ()
    tagging: tuple[Tagging, ...] = ()
    affect: tuple[PromptedAffect, ...] = ()
    matches: tuple[TextMatch, ...] = ()
    distances: tuple[Distances, ...] = ()
    readings: tuple[Reading, ...] = ()
    likeness: Likeness | None = None
    remarks: tuple[str, ...] = ()
