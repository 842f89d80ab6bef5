"""The score of a whole session as it is heard: every clip's bars, up to where the
next takes over.

The same bars as in the audio, made by the same ``bars_of`` from the same chain of states, but
without a sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.audio.format import frames_of
from engine.composers.score.composer import bars_of, first_frame
from engine.composers.score.parts.handover import notes_of
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.course import course_of
from engine.composers.score.writing.form import Bar, first_state
from engine.composers.score.writing.state import ScoreState
from engine.plan.clock import OVERLAP_SECONDS
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec


class HeardClip(NamedTuple):
    """A clip as far as it is heard.

    ``start``: session frame of its first frame; ``since``, ``until``: session frames between
    which it is what plays. A ``splice`` takes over in the midst of a bar; other clips at the bar
    line nearest to the middle of the crossfade.
    """

    spec: ClipSpec
    bars: tuple[Bar, ...]
    start: int
    since: int
    until: int
    splice: bool


class SessionScore(NamedTuple):
    """``bars`` follow one another without a gap; ``notes`` in the order of their onsets."""

    clips: tuple[HeardClip, ...]
    bars: tuple[Bar, ...]
    notes: tuple[Note, ...]


def session_score(request: Request, events: Sequence[Event] = ()) -> SessionScore:
    """The score of the session of ``request`` and ``events``. Raises what ``make_plan`` raises."""
    clips = _bounded(_clips(request, events))
    bars: dict[int, Bar] = {}
    notes: list[Note] = []
    for clip, following in zip(clips, [*clips[1:], None], strict=True):
        cut, path = following is not None and following.splice, course_of(clip.spec).path
        for bar in clip.bars:
            if clip.since <= bar.start < clip.until:
                bars[bar.number] = bar
            for note in notes_of(bar, path):
                first = note.onset if clip.splice else bar.start
                last = note.onset if cut else bar.start
                if clip.since <= first and last < clip.until:
                    notes.append(note)
    return SessionScore(tuple(clips), tuple(bars[n] for n in sorted(bars)), tuple(sorted(notes)))


def _clips(request: Request, events: Sequence[Event]) -> list[HeardClip]:
    """Every clip that was ever in force, in the order of taking over."""
    line: list[tuple[HeardClip, ScoreState]] = []
    for number in range(len(events) + 1):
        plan = make_plan(request, events[:number])
        for spec in plan.clips[plan.first_changed if number else 0 :]:
            splice = number > 0 and spec.index == plan.first_changed
            while splice and len(line) > 1 and line[-1][0].start > frames_of(spec.start):
                line.pop()
            state = line[-1][1] if line else first_state(course_of(spec))
            bars, kept = bars_of(spec, state)
            start = first_frame(spec, bars)
            since = start if splice or not line else _bar_near(bars, start)
            clip = HeardClip(spec, tuple(bars), start, since, frames_of(spec.total), splice)
            line.append((clip, kept))
    return [clip for clip, _ in line]


def _bar_near(bars: Sequence[Bar], start: int) -> int:
    """The bar line nearest to the middle of a crossfade that begins at ``start``."""
    middle = start + frames_of(OVERLAP_SECONDS / 2)
    return min((bar.start for bar in bars), key=lambda line: abs(line - middle))


def _bounded(clips: Sequence[HeardClip]) -> list[HeardClip]:
    """Each up to where a later one takes over; those that never play left out."""
    bounded: list[HeardClip] = []
    until = clips[-1].until
    for clip in reversed(clips):
        if clip.since < until:
            bounded.append(clip._replace(until=until))
            until = clip.since
    return bounded[::-1]
