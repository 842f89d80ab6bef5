"""A session as stretches of one mood and the same players, and what was asked for in them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.affect.phrases import towards
from engine.listener.likings import Liking
from engine.plan.clock import STRIDE_SECONDS
from engine.plan.events import Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.expected import felt_at
from engine.plan.spec import ClipSpec, Plan, Tags
from engine.plan.wanted import FaderStep, faders_before, moved_in_words
from engine.plan.words import spelled
from engine.printable import one_line
from engine.record_in_short import ShownRecord
from engine.session.deeds import Done
from engine.session.status import played_tags


class Stretch(NamedTuple):
    """From ``start`` session seconds on this is played, until the next one begins."""

    start: float
    mood: str
    instrument: str
    genre: str


def stretches(
    clips: Iterable[ClipSpec], records: Mapping[int, ShownRecord] | None = None
) -> Iterator[Stretch]:
    """What ``clips`` play, which follow one another: a stretch for each run that shares mood and
    players. ``records`` (by a clip's index) say who really plays from which bar on."""
    before: tuple[str, ...] | None = None
    for clip in clips:
        for start, tags in _played(clip, records.get(clip.index) if records else None):
            found = Stretch(start, one_line(tags.mood), _seen(tags.instrument), _seen(tags.genre))
            if found[1:] != before:
                before = found[1:]
                yield found


def _played(clip: ClipSpec, record: ShownRecord | None) -> Iterator[tuple[float, Tags]]:
    """Who plays a clip from when on: from its start, then at each bar up to the next clip's."""
    yield clip.start, played_tags(clip.tags, record, clip.start)
    if record is None:
        return
    end = (clip.index + 1) * STRIDE_SECONDS
    for bar in record.bars:
        if bar.instrument and clip.start < bar.start < end:
            yield bar.start, played_tags(clip.tags, record, bar.start)


def sections(clips: Iterable[ClipSpec], records: Mapping[int, ShownRecord]) -> Iterator[float]:
    """Where another section of the music begins, in session seconds, as far as it is known."""
    before = 0
    for clip in clips:
        end = (clip.index + 1) * STRIDE_SECONDS
        for bar in records[clip.index].bars if clip.index in records else ():
            if clip.start <= bar.start < end and bar.section != before:
                if before:
                    yield bar.start
                before = bar.section


def done(events: Sequence[Event], plan: Plan, likings: Sequence[Liking] = ()) -> tuple[Done, ...]:
    """What was asked for, and liked, in the order of session time; ``plan``: with ``events``."""
    shaped = [FaderStep(one.at, one.faders) for one in events if isinstance(one, Shape)]
    asked = [_done(event, shaped, plan) for event in events]
    liked = [
        Done(one.at, "like", "liked") if one.liked else Done(one.at, "dislike", "not liked")
        for one in likings
    ]
    return tuple(sorted(asked + liked, key=lambda one: one.at))


def _done(event: Event, shaped: Sequence[FaderStep], plan: Plan) -> Done:
    if isinstance(event, Steer):
        return Done(event.at, "steer", f"steered to {one_line(towards(event.target, event.word))}")
    if isinstance(event, Ease):
        return Done(event.at, "ease", "eased")
    if isinstance(event, Skip):
        return Done(event.at, "anew", "composed anew")
    if isinstance(event, More):
        return Done(event.at, "more", f"more of {_seen(event.players.instrument)}")
    if isinstance(event, Less):
        return Done(event.at, "less", f"less of {_seen(event.players.instrument)}")
    if isinstance(event, Shape):
        before = faders_before(shaped, event.at)
        said = moved_in_words(before, event.faders, felt_at(plan, event.at))
        return Done(event.at, "shape", said[0].lower() + said[1:])
    return Done(event.at, "stay", "stayed a while")


def _seen(tag: str) -> str:
    return one_line(spelled(tag))
