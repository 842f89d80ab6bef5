"""All of an evaluation: sounds, judged by some, in one record.

A sound with a path is asked whether it follows it. Of a clip with a prompt it is asked whether it
is what was prompted. All others are only heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.errors import MusmedError
from engine.evaluation.distant import distances
from engine.evaluation.following import course_of, following, length
from engine.evaluation.judges.base import Judge, Judged
from engine.evaluation.path_following import Course, Vector
from engine.evaluation.prompted import Heard, affect_heard, heard_clip, tagged, text_match
from engine.evaluation.results import (
    Distances,
    Evaluation,
    Following,
    PromptedAffect,
    Reading,
    Tagging,
    TextMatch,
)
from engine.evaluation.subjects import Sound
from engine.meter.files import Progress

if TYPE_CHECKING:
    from engine.evaluation.judges.clap import Clap

WHOLE = (0.0, 4 * 3600.0)


def evaluate(
    sounds: Sequence[Sound],
    judges: Sequence[Judge],
    seed: int,
    progress: Progress,
    *,
    clap: Clap | None = None,
    reference: Sequence[Path] = (),
) -> Evaluation:
    """Judge ``sounds`` by each of ``judges``, and by ``clap`` where it is given, which also says how
    far they are from the sounds of ``reference``. ``seed``: of shuffles and bootstrap; the same
    figures for the same seed. ``progress``: told the seconds done and, where that is known, those
    of all of them. Raises ``MusmedError``."""
    passes = _Passes(sounds, len(judges) + (clap is not None), progress)
    found: list[_ByJudge] = []
    for judge in judges:
        found.append(_judged(judge, sounds, passes, np.random.default_rng(seed)))
    match, far = None, None
    if clap is not None:
        rng = np.random.default_rng(seed)
        match, far = _by_clap(clap, sounds, reference, passes, rng)
    remarks = [remark for one in found for remark in one.remarks]
    return Evaluation(
        seed=seed,
        subjects=tuple(sound.subject() for sound in sounds),
        following=tuple(one.following for one in found if one.following),
        tagging=tuple(one.tagging for one in found if one.tagging),
        affect=tuple(one.affect for one in found if one.affect),
        matches=(match,) if match else (),
        distances=(far,) if far else (),
        readings=tuple(reading for one in found for reading in one.readings),
        remarks=tuple(dict.fromkeys([*remarks, *passes.remarks])),
    )


class _Passes:
    """Progress over all sounds, as often as they are heard."""

    def __init__(self, sounds: Sequence[Sound], times: int, progress: Progress) -> None:
        known = [None if one.report is None else length(one.report) for one in sounds]
        total = sum(seconds or 0.0 for seconds in known)
        self._whole = None if None in known else times * total
        self._progress = progress
        self._before = self._reached = 0.0
        self.remarks: list[str] = []

    def __call__(self, done: float, _total: float | None) -> None:
        self._reached = self._before + done
        whole = self._whole
        self._progress(self._reached if whole is None else min(self._reached, whole), whole)

    def next(self) -> None:
        """A sound is done."""
        self._before = self._reached


class _ByJudge(NamedTuple):
    following: Following | None
    tagging: Tagging | None
    affect: PromptedAffect | None
    readings: tuple[Reading, ...]
    remarks: tuple[str, ...]


def _judged(
    judge: Judge, sounds: Sequence[Sound], passes: _Passes, rng: np.random.Generator
) -> _ByJudge:
    courses: list[Course] = []
    clips: list[Heard] = []
    still: list[Heard] = []
    readings: list[Reading] = []
    remarks: list[str] = []
    for number, sound in enumerate(sounds):
        judged = judge.judge(sound.file, passes)
        passes.next()
        remarks += judged.remarks
        heard = [
            one
            for clip in sound.clips
            if (one := heard_clip(number, clip.mood, (clip.start, clip.end), judged.windows))
        ]
        clips += heard
        if sound.path and sound.report is not None:
            courses.append(course_of(sound.name, sound.report, judged, scaled=judge.scaled))
        elif sound.clips:
            still += heard
        else:
            readings.append(_reading(judge, sound.name, judged))
    return _ByJudge(
        following(judge, courses, rng) if courses and judge.hears_affect else None,
        tagged(judge, clips, rng) if clips and judge.tags else None,
        affect_heard(judge, still, rng) if still and judge.hears_affect else None,
        tuple(readings),
        tuple(remarks),
    )


def _reading(judge: Judge, name: str, judged: Judged) -> Reading:
    axes = []
    for axis in ("valence", "arousal"):
        known = [value for w in judged.windows if (value := getattr(w, axis)) is not None]
        axes.append(float(np.mean(known)) if known else None)
    return Reading(judge.name, name, len(judged.windows), axes[0], axes[1])


def _by_clap(
    clap: Clap,
    sounds: Sequence[Sound],
    reference: Sequence[Path],
    passes: _Passes,
    rng: np.random.Generator,
) -> tuple[TextMatch | None, Distances | None]:
    from engine.evaluation.judges.clap import mean_embedding

    audio: list[Vector] = []
    prompts: list[str] = []
    of: list[int] = []
    windows: list[Vector] = []
    for number, sound in enumerate(sounds):
        spans = [(clip.start, clip.end) for clip in sound.clips] or [WHOLE]
        found, heard = clap.clips(sound.file, spans, passes)
        passes.next()
        if heard.silent:
            raise MusmedError(f"{sound.file} is silent; CLAP needs sound.")
        passes.remarks += heard.remarks
        windows.append(np.concatenate(found))
        for clip, embedded in zip(sound.clips, found, strict=False):  # without clips: of none
            if len(embedded):
                audio.append(mean_embedding(embedded))
                prompts.append(clip.prompt)
                of.append(number)
    match = None
    if audio:
        match = text_match(clap.record, np.array(audio), clap.texts(prompts), of, rng)
    far = None
    if reference:
        theirs = [clap.clips(track, [WHOLE], passes)[0][0] for track in reference]
        far = distances(clap.record, windows, theirs, rng)
    return match, far
