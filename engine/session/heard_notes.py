"""The notes that are heard of a session, from what is kept of its clips: the same as its score
(``engine.composers.score.session_score``), without composing it again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord
from engine.composers.clip_notes import BEFORE, PlayedNote
from engine.plan.clock import OVERLAP_SECONDS, clip_start

log = logging.getLogger(__name__)
SPLICE_SECONDS = 1e-3
"""A clip that begins so much later than its index says is a splice."""


class ScoredClip(NamedTuple):
    """A clip's revision: its ``number`` in the plan, ``start`` in session seconds, of its first
    frame."""

    number: int
    start: float
    record: ClipRecord


class HeardNote(NamedTuple):
    """Session seconds; ``pitch`` MIDI; ``part`` and ``instrument``: who plays."""

    onset: float
    length: float
    pitch: int
    part: str
    instrument: str


class HeardScore(NamedTuple):
    """``notes`` in the order of their onsets, ``bars`` in that of their starts."""

    notes: tuple[HeardNote, ...] = ()
    bars: tuple[BarRecord, ...] = ()


class _Reign(NamedTuple):
    """From ``since`` to ``until`` (session seconds) the clip is what plays."""

    clip: ScoredClip
    since: float
    until: float
    splice: bool


def heard_score(clips: Iterable[ScoredClip]) -> HeardScore:
    """``clips``: whole ones, with their older revisions, in the order in which they were composed
    for the same index. A clip without notes leaves a hole."""
    reigns = _reigns(list(clips))
    notes: list[HeardNote] = []
    bars: dict[float, BarRecord] = {}
    for number, reign in enumerate(reigns):
        cut = number + 1 < len(reigns) and reigns[number + 1].splice
        for bar in reign.clip.record.bars:
            if reign.since <= bar.start < reign.until:
                bars[bar.start] = bar
        notes += _notes_of(reign, cut=cut)
    return HeardScore(tuple(sorted(notes)), tuple(bars[start] for start in sorted(bars)))


def _reigns(clips: list[ScoredClip]) -> list[_Reign]:
    """Which clip plays when: a splice from its first frame on, another from the bar line nearest to
    the middle of its crossfade."""
    begun: list[_Reign] = []
    for clip in sorted(clips, key=lambda one: (one.number, one.start)):
        splice = clip.start - clip_start(clip.number) > SPLICE_SECONDS
        since = clip.start if splice or not begun else _bar_near(clip)
        while begun and begun[-1].since >= since:
            begun.pop()
        begun.append(_Reign(clip, since, float("inf"), splice))
    ends = [*(one.since for one in begun[1:]), float("inf")][: len(begun)]
    return [one._replace(until=until) for one, until in zip(begun, ends, strict=True)]


def _bar_near(clip: ScoredClip) -> float:
    middle = clip.start + OVERLAP_SECONDS / 2
    lines = [bar.start for bar in clip.record.bars]
    return min(lines, key=lambda line: abs(line - middle)) if lines else middle


def _notes_of(reign: _Reign, *, cut: bool) -> list[HeardNote]:
    """As in the session's score: a note goes with its bar, but at a splice by its own onset."""
    clip = reign.clip
    lines = [bar.start for bar in clip.record.bars]
    made = []
    for note in _unpacked(clip):
        onset = clip.start + note.onset
        bar = lines[note.bar] if note.bar < len(lines) else clip.start - 1.0
        first, last = onset if reign.splice else bar, onset if cut else bar
        if note.bar == BEFORE and not reign.splice and reign.since > clip.start:
            continue
        if reign.since <= first and last < reign.until:
            voice = note.voice
            made.append(HeardNote(onset, note.length, note.pitch, voice.part, voice.instrument))
    return made


def _unpacked(clip: ScoredClip) -> tuple[PlayedNote, ...]:
    notes = clip.record.notes
    if notes is None:
        return ()
    try:
        return notes.unpacked()
    except ValueError as error:
        log.warning("the notes of clip %d can't be read: %s", clip.number, error)
        return ()
