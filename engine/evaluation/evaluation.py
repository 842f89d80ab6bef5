"""All of an evaluation: sounds, judged by some, in one record.

A sound with a path is asked whether it follows it. Of a clip with a prompt it is asked whether it
is what was prompted. All others are only heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from engine.errors import MusmedError
from engine.evaluation.distant import distances
from engine.evaluation.following import course_of, following, length
from engine.evaluation.judges.base import Embedder, Embeddings, Judge, Judged, mean_embedding
from engine.evaluation.likeness import (
    LEAST_SECONDS,
    Likeness,
    Nearest,
    PieceLikeness,
    cut,
    likeness,
    seconds_in,
)
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
from engine.evaluation.stretches import Embedded
from engine.evaluation.subjects import Sound
from engine.meter.files import LONGEST_MEASURED, Progress
from engine.meter.files import Heard as HeardFile

WHOLE = [(at, at + 60.0) for at in np.arange(0.0, LONGEST_MEASURED, 60.0)]
"""A sound in parts: its windows are the same, and it need not be held whole."""
TENS = [(at, at + 10.0) for at in np.arange(0.0, LONGEST_MEASURED, 10.0)]


def evaluate(
    sounds: Sequence[Sound],
    judges: Sequence[Judge],
    seed: int,
    progress: Progress,
    *,
    clap: Embedder | None = None,
    reference: Sequence[Path] = (),
) -> Evaluation:
    """Judge ``sounds`` by each of ``judges``, and by ``clap`` where it is given, which also says
    how far they are from the sounds of ``reference``; how alike they are to these is said without
    it too. ``seed``: of shuffles and bootstrap; the same figures for the same seed. ``progress``:
    told the seconds done and, where that is known, those of all of them. Of several sounds one that
    can't be judged is a remark. Raises ``MusmedError``."""
    passes = _Passes(sounds, len(judges) + (clap is not None), progress)
    found: list[_ByJudge] = []
    failed: list[MusmedError] = []
    embedded, alike = _ByClap(None, None, ()), None
    for judge in judges:
        try:
            found.append(_judged(judge, sounds, passes, np.random.default_rng(seed)))
        except MusmedError as error:
            failed.append(error)
    try:
        if clap is not None:
            embedded = _by_clap(clap, sounds, reference, passes, np.random.default_rng(seed))
        alike = _likeness(sounds, reference, clap, progress) if reference else None
    except MusmedError as error:
        failed.append(error)
    if failed and not (found or alike or embedded.match or embedded.far):
        raise failed[0]
    remarks = [
        f"{sound.name} has no sidecar beside it, so neither a path nor a prompt; it is only heard."
        for sound in sounds
        if sound.report is None
    ]
    remarks += [remark for one in found for remark in one.remarks]
    remarks += [*embedded.remarks, *passes.remarks, *(alike.remarks if alike else ())]
    remarks += [f"Left out: {error}" for error in failed]
    remarks = [_with_names(one, [s.file for s in sounds] + list(reference)) for one in remarks]
    return Evaluation(
        seed=seed,
        subjects=tuple(sound.subject() for sound in sounds),
        following=tuple(one.following for one in found if one.following),
        tagging=tuple(one.tagging for one in found if one.tagging),
        affect=tuple(one.affect for one in found if one.affect),
        matches=(embedded.match,) if embedded.match else (),
        distances=(embedded.far,) if embedded.far else (),
        readings=tuple(reading for one in found for reading in one.readings),
        likeness=alike,
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _with_names(remark: str, files: Sequence[Path]) -> str:
    """Without the folders: where somebody's files lie is nobody's business."""
    for file in files:
        remark = remark.replace(str(file), file.name)
    return remark


def _likeness(
    sounds: Sequence[Sound], reference: Sequence[Path], clap: Embedder | None, progress: Progress
) -> Likeness:
    files = [(sound.file, seconds_in(sound.file)) for sound in sounds]
    pieces = [piece for file, long in files if long >= LEAST_SECONDS for piece in cut(file, long)]
    if not pieces:
        raise MusmedError(
            f"No sound has the {LEAST_SECONDS:.0f} s that likeness to a reference needs."
        )

    def embed(track: Path, progress: Progress) -> Embedded:
        assert clap is not None
        found = clap.clips(track, TENS, progress)[0]
        known = [number for number, windows in enumerate(found) if len(windows)]
        times = np.array([TENS[number] for number in known])
        return Embedded(times, np.array([found[number][0] for number in known]))

    found = likeness(pieces, reference, embed if clap is not None else None, progress)
    return msgspec.structs.replace(found, pieces=tuple(map(_named, found.pieces)))


def _named(piece: PieceLikeness) -> PieceLikeness:
    """With names instead of places."""
    return msgspec.structs.replace(
        piece,
        file=Path(piece.file).name,
        chroma=_of_track(piece.chroma),
        embedding=_of_track(piece.embedding),
    )


def _of_track(hit: Nearest | None) -> Nearest | None:
    return None if hit is None else msgspec.structs.replace(hit, track=Path(hit.track).name)


Result = TypeVar("Result")


class _Passes:
    """Progress over all sounds, as often as they are heard. ``remarks``: of those that could not
    be judged."""

    def __init__(self, sounds: Sequence[Sound], times: int, progress: Progress) -> None:
        known = [None if one.report is None else length(one.report) for one in sounds]
        total = sum(seconds or 0.0 for seconds in known)
        self._whole = None if None in known else times * total
        self._sounds = sounds
        self._progress = progress
        self._before = self._reached = 0.0
        self.remarks: list[str] = []

    def __call__(self, done: float, _total: float | None) -> None:
        self._reached = self._before + done
        whole = self._whole
        self._progress(self._reached if whole is None else min(self._reached, whole), whole)

    def each(self, hear: Callable[[Sound], Result]) -> Iterator[tuple[int, Sound, Result]]:
        """Every sound with its number and what ``hear`` made of it. Raises ``MusmedError`` where
        none could be heard."""
        failed: list[MusmedError] = []
        for number, sound in enumerate(self._sounds):
            try:
                made = hear(sound)
            except MusmedError as error:
                failed.append(error)
                if len(failed) == len(self._sounds):
                    raise
                self.remarks.append(f"Left out: {error}")
                continue
            finally:
                self._before = self._reached
            yield number, sound, made


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
    short: list[MusmedError] = []
    for number, sound, judged in passes.each(lambda one: judge.judge(one.file, passes)):
        remarks += judged.remarks
        heard = [
            one
            for clip in sound.clips
            if (one := heard_clip(number, clip.mood, (clip.start, clip.end), judged.windows))
        ]
        clips += heard
        if sound.path and sound.report is not None:
            try:
                courses.append(course_of(sound.name, sound.report, judged, scaled=judge.scaled))
            except MusmedError as error:
                short.append(error)
        elif sound.clips:
            still += heard
        if not sound.path:
            readings.append(_reading(judge, sound.name, judged))
    affect = affect_heard(judge, still, rng) if still and judge.hears_affect else None
    bare = {sound.name for sound in sounds if not sound.clips}
    if short and len(short) == len(sounds):
        raise short[0]
    remarks += [f"Left out: {error}" for error in short]
    tagging = None
    try:
        tagging = tagged(judge, clips, rng) if clips and judge.tags else None
    except MusmedError as error:  # what it needs is not installed; the path does not need that
        remarks.append(f"Left out: {error}")
    return _ByJudge(
        following(judge, courses, rng) if courses and judge.hears_affect else None,
        tagging,
        affect,
        tuple(one for one in readings if affect is None or one.file in bare),
        tuple(remarks),
    )


def _reading(judge: Judge, name: str, judged: Judged) -> Reading:
    axes = []
    for axis in ("valence", "arousal"):
        known = [value for w in judged.windows if (value := getattr(w, axis)) is not None]
        axes.append(float(np.mean(known)) if known else None)
    named = judge.name if judge.scaled else f"{judge.name} (own scale)"
    return Reading(named, name, len(judged.windows), axes[0], axes[1])


class _ByClap(NamedTuple):
    match: TextMatch | None
    far: Distances | None
    remarks: tuple[str, ...]


def _by_clap(
    clap: Embedder,
    sounds: Sequence[Sound],
    reference: Sequence[Path],
    passes: _Passes,
    rng: np.random.Generator,
) -> _ByClap:
    embedded: list[tuple[int, str, Vector]] = []
    windows: list[Vector] = []
    remarks: list[str] = []
    for number, sound, (found, heard) in passes.each(lambda one: _embedded(clap, one, passes)):
        remarks += heard.remarks
        windows.append(np.concatenate(found))
        clips = zip(sound.clips, found, strict=False)  # without clips there are only windows
        embedded += [(number, c.prompt, mean_embedding(w)) for c, w in clips if len(w)]
    match = None
    if embedded:
        of, prompts, audio = zip(*embedded, strict=True)
        match = text_match(clap.record, np.array(audio), clap.texts(prompts), of, rng)
    far = None
    if reference:
        theirs = []
        for track in reference:
            try:
                theirs.append(np.concatenate(clap.clips(track, WHOLE, passes)[0]))
            except MusmedError as error:
                remarks.append(f"Left out: {error}")
        far = distances(clap.record, windows, theirs, rng)
    return _ByClap(match, far, tuple(remarks))


def _embedded(clap: Embedder, sound: Sound, passes: _Passes) -> tuple[list[Embeddings], HeardFile]:
    spans = [(clip.start, clip.end) for clip in sound.clips] or WHOLE
    found, heard = clap.clips(sound.file, spans, passes)
    if heard.silent:
        raise MusmedError(f"{sound.file} is silent; CLAP needs sound.")
    return found, heard
