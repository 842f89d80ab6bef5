"""What judges make of the clips of one step, beside what each was asked for. No torch here; some
judges need it.

The judge named first chooses the best step. A figure by the judge that chose is flattered by the
choice: of many steps the luckiest one is taken. The others only report, so that one of them tells
what was gained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from engine.errors import MusmedError
from engine.evaluation.judges.base import Embedder, Judge, mean_embedding, record_of
from engine.evaluation.judges.registry import check_judge, is_clap, open_clap, open_judge
from engine.evaluation.prompted import Heard, affect_told, heard_clip, tagged, text_match
from engine.evaluation.results import Estimate, JudgeRecord
from engine.meter.files import Progress as HearingProgress
from engine.training.prompts import Prompt
from engine.training.said import Progress, Say, Stopped, StoppedError
from engine.training.watched import LOSS, Figure

LEAST_PLACES = 2
"""Different ones that clips were asked for, without which there is no r."""
OF_POINTS = " of points"
"""Behind the names of figures of clips that were not asked for in words."""
STOPPED = "Stopped while clips were judged; what was composed is kept."


class Clip(NamedTuple):
    """A sound of ``seconds`` and what it was asked to be."""

    prompt: Prompt
    sound: Path
    seconds: float

    @property
    def span(self) -> tuple[float, float]:
        return (0.0, self.seconds)


class Judged(NamedTuple):
    """As in ``Watched``; ``clips``: heard by the judge that chooses."""

    figures: tuple[Figure, ...]
    judges: tuple[JudgeRecord, ...]
    score: float | None
    by: str
    clips: int
    remarks: tuple[str, ...]


def check_judges(words: Sequence[str]) -> tuple[JudgeRecord, ...]:
    """Who they are. Raises ``MusmedError`` where none is named, one can't be opened here, or two
    are CLAPs. Each is opened for that and let go."""
    if not words:
        raise MusmedError("Nobody judges; name a judge, 'meter' for one that is always here.")
    for word in words:
        if not is_clap(word):
            check_judge(word)
    if sum(map(is_clap, words)) > 1:
        raise MusmedError("One CLAP at a time: figures of different ones can't be compared.")
    return tuple(_record(_opened(word)) for word in words)


def judge_clips(
    clips: Sequence[Clip], words: Sequence[str], seed: int, say: Say, stopped: Stopped
) -> Judged:
    """By each judge of ``words``, one after the other, so that no two are in memory. ``seed``: of
    shuffles and bootstrap. Raises ``MusmedError``, ``StoppedError``."""
    total = len(clips) * len(words)
    views = []
    for number, word in enumerate(words):
        before = number * len(clips)

        def done(heard: int, before: int = before) -> None:
            say(Progress("judging", before + heard, total))

        asking = _Asking(clips, done, stopped)
        rng = np.random.default_rng(seed)
        judge = _opened(word)
        if isinstance(judge, _Clap):
            views.append(_by_clap(judge.embedder, asking, rng))
        else:
            views.append(_by_judge(judge, asking, rng))
        del judge
    views = _told_apart(views)
    first = views[0]
    chosen = {one.name: one.value for one in first.figures if one.name in first.choosing}
    named = _together(tuple(chosen) or first.choosing)
    return Judged(
        figures=tuple(figure for view in views for figure in view.figures),
        judges=tuple(view.record for view in views),
        score=sum(chosen.values()) / len(chosen) if chosen else None,
        by=f"{first.record.name}'s {named}" if named else LOSS,
        clips=first.clips,
        remarks=tuple(dict.fromkeys(remark for view in views for remark in view.remarks)),
    )


def _together(names: Sequence[str]) -> str:
    suffix = OF_POINTS if any(name.endswith(OF_POINTS) for name in names) else ""
    return " and ".join(name.removesuffix(suffix) for name in names) + suffix


class _Clap(NamedTuple):
    embedder: Embedder


def _opened(word: str) -> Judge | _Clap:
    return _Clap(open_clap(word)) if is_clap(word) else open_judge(word)


def _record(judge: Judge | _Clap) -> JudgeRecord:
    return judge.embedder.record if isinstance(judge, _Clap) else record_of(judge)


class _View(NamedTuple):
    """What one made of it. ``choosing``: the names of the figures whose mean would be the score,
    whether or not they could be told this time; none where the judge can't choose at all."""

    record: JudgeRecord
    figures: tuple[Figure, ...]
    choosing: tuple[str, ...]
    clips: int
    remarks: tuple[str, ...]


Result = TypeVar("Result")


class _Asking:
    """Clips heard one after the other. ``failed``, ``odd``: why those could not be judged, and what
    was remarked on others, a sentence each."""

    def __init__(
        self, clips: Sequence[Clip], done: Callable[[int], None], stopped: Stopped
    ) -> None:
        self.clips = clips
        self._done, self._stopped = done, stopped
        self.failed: list[str] = []
        self.odd: list[str] = []

    def heard(self, hear: Callable[[Clip, HearingProgress], Result]) -> dict[int, Result]:
        """What ``hear`` made of each clip, by its number; nothing of any where less than half of
        them could be heard: a figure of the rest would say too little."""
        found: dict[int, Result] = {}
        for number, clip in enumerate(self.clips):
            self._done(number)
            self.look()
            try:
                found[number] = hear(clip, self.look)
            except StoppedError:
                raise
            except MusmedError as error:
                self.failed.append(_named(str(error), clip))
        self._done(len(self.clips))
        return found if 2 * len(found) >= len(self.clips) else {}

    def remark(self, clip: Clip, said: Sequence[str]) -> None:
        if said:
            self.odd.append(_named(said[0], clip))

    def remarks(self, judge: str) -> tuple[str, ...]:
        """How many clips there is something to say of, and of the first of them what."""
        of = f"of {len(self.clips)} clips"
        kinds = (("could not judge", self.failed), ("has remarks on", self.odd))
        return tuple(f"{judge} {does} {len(said)} {of}: {said[0]}" for does, said in kinds if said)

    def look(self, _done: float = 0.0, _total: float | None = None) -> None:
        if self._stopped():
            raise StoppedError(STOPPED)


def _named(remark: str, clip: Clip) -> str:
    """Without the folder."""
    return remark.replace(str(clip.sound), clip.sound.name)


def _by_judge(judge: Judge, asking: _Asking, rng: np.random.Generator) -> _View:
    judged = asking.heard(lambda clip, look: judge.judge(clip.sound, look))
    for number, said in judged.items():
        asking.remark(asking.clips[number], said.remarks)
    told = [
        one
        for number, clip in enumerate(asking.clips)
        if number in judged
        and (one := heard_clip(number, clip.prompt.mood or "", clip.span, judged[number].windows))
    ]
    asked = [clip.prompt for clip in asking.clips]
    found = [
        _moods(judge, asked, told, rng, asking.look),
        _affect(judge, asked, told, rng, points=False),
        _affect(judge, asked, told, rng, points=True),
    ]
    choosing = next((one.choosing for one in found if one.choosing), ())
    figures = tuple(figure for one in found for figure in one.figures)
    for clip in (asking.clips[number] for number in judged.keys() - {one.sound for one in told}):
        asking.failed.append(f"{clip.sound.name} is too short for it ({clip.seconds:g} s).")
    return _View(record_of(judge), figures, choosing, len(told), asking.remarks(judge.name))


class _Told(NamedTuple):
    choosing: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()


def _moods(
    judge: Judge,
    asked: Sequence[Prompt],
    told: Sequence[Heard],
    rng: np.random.Generator,
    look: Callable[[], None],
) -> _Told:
    if len({prompt.mood for prompt in asked if prompt.mood in judge.tags}) < 2:
        return _Told()
    found = tagged(judge, told, rng, look)
    return _Told(("AUPRC",), tuple(_figure(judge.name, row) for row in found.rows) if found else ())


def _affect(
    judge: Judge,
    asked: Sequence[Prompt],
    told: Sequence[Heard],
    rng: np.random.Generator,
    *,
    points: bool,
) -> _Told:
    """Of the clips that were asked for in words, or as ``points``."""
    places = {prompt.affect for prompt in asked if prompt.is_point == points} - {None}
    if not judge.hears_affect or len(places) < LEAST_PLACES:
        return _Told()
    suffix = OF_POINTS if points else ""
    placed = [(one, asked[one.sound].affect) for one in told if asked[one.sound].is_point == points]
    found = affect_told(judge, placed, rng)
    return _Told(
        tuple(f"{axis} r{suffix}" for axis in ("valence", "arousal")),
        tuple(_figure(judge.name, row, suffix) for row in found.rows) if found else (),
    )


def _by_clap(clap: Embedder, asking: _Asking, rng: np.random.Generator) -> _View:
    """The CLAP score of the clips that were asked for in words."""
    worded = [clip for clip in asking.clips if not clip.prompt.is_point]
    asking.clips = worded
    heard = asking.heard(lambda clip, look: clap.clips(clip.sound, [clip.span], look))
    for number, (_, sound) in heard.items():
        asking.remark(worded[number], sound.remarks)
    known = {number: windows for number, ((windows,), _) in heard.items() if len(windows)}
    figures: tuple[Figure, ...] = ()
    if known:
        audio = np.array([mean_embedding(windows) for windows in known.values()])
        text = clap.texts([worded[number].prompt.text for number in known])
        match = text_match(clap.record, audio, text, list(known), rng)
        figures = (_figure(clap.record.name, match.score),) if match else ()
    choosing = ("CLAP score",) if worded else ()
    return _View(clap.record, figures, choosing, len(known), asking.remarks(clap.record.name))


def _figure(judge: str, row: Estimate, suffix: str = "") -> Figure:
    return Figure(
        judge=judge,
        name=row.figure + suffix,
        value=row.value,
        chance=row.chance,
        low=row.low,
        high=row.high,
        chance_low=row.chance_low,
        chance_high=row.chance_high,
        nothing=row.nothing,
    )


def _told_apart(views: Sequence[_View]) -> list[_View]:
    """Judges of one name with their version behind it."""
    names = [view.record.name for view in views]
    made = []
    for view in views:
        name = view.record.name
        if names.count(name) > 1:
            name = f"{name} {view.record.version}"
        record = msgspec.structs.replace(view.record, name=name)
        figures = tuple(msgspec.structs.replace(one, judge=name) for one in view.figures)
        made.append(view._replace(record=record, figures=figures))
    return made
