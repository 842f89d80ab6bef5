"""The course of a session: its path, levels and seeds after each event, and who plays when.

A pure function of the request and the events; but a plan is made again and again, with one event
more or fewer, and the schedules of an hour take as long as all else together. So what was found
for the sessions planned last is remembered, and only what is new is made.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from engine.affect.path import dwell, ease, plan_path, steer
from engine.plan.clock import STRIDE_SECONDS, clip_count, clip_start
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.levels import eased_levels, held_loudness, session_levels, steered_levels
from engine.plan.request import Request
from engine.plan.schedule import schedule
from engine.plan.spec import Change, SeedStep
from engine.plan.version import Version
from engine.plan.wanted import FaderStep

SPLICE_MARGIN = 2.0
"""An event so shortly before the next clip's start revises that clip, not this one."""
REMEMBERED = 2
"""Sessions whose course is remembered; one is some ten KB."""


class Course(NamedTuple):
    """``versions``: the first and one for each of ``events``; ``schedules``: the changes of players
    of the session after each."""

    request: Request
    events: tuple[Event, ...]
    versions: tuple[Version, ...]
    schedules: tuple[tuple[Change, ...], ...]

    def upto(self, count: int) -> Course:
        """After the first ``count`` events."""
        return Course(
            self.request,
            self.events[:count],
            self.versions[: count + 1],
            self.schedules[: count + 1],
        )

    def after(self, event: Event) -> Course:
        """Raises ``ValueError`` for an event that does not ascend within the session."""
        versions = (*self.versions, _after(self.versions[-1], event, self.request))
        changes = schedule(self.request, versions)
        return Course(self.request, (*self.events, event), versions, (*self.schedules, changes))

    def shares(self, request: Request, events: Sequence[Event]) -> int:
        """How many of ``events`` it begins with; -1 where it is another session's. The very same
        objects: what is merely equal may be written otherwise (0.0 and -0.0)."""
        if self.request is not request:
            return -1
        pairs = zip(self.events, events, strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] is pair[1], pairs))


_recent: tuple[Course, ...] = ()
"""Newest first. Replaced as a whole, so that any thread may plan."""


def course(request: Request, events: Sequence[Event]) -> Course:
    """``request`` is checked and has canonical tags. Raises ``ValueError`` for events that are not
    in ascending order within the session."""
    global _recent  # noqa: PLW0603
    recent = _recent
    known = max(recent, key=lambda one: one.shares(request, events), default=None)
    shared = -1 if known is None else known.shares(request, events)
    if known is None or shared < 0:
        first = _first_version(request)
        found = Course(request, (), (first,), (schedule(request, [first]),))
    else:
        found = known.upto(shared)
    for event in events[len(found.events) :]:
        found = found.after(event)
    if len(found.events) > shared:
        others = [one for one in recent if one.request is not request]
        _recent = (found, *others)[:REMEMBERED]
    return found


def _first_version(request: Request) -> Version:
    path = plan_path(request.start, request.target, request.seconds, request.strategy)
    levels, reference = session_levels(path, request.seconds, _loudness(request))
    return Version(
        at=0.0,
        first=0,
        path=path,
        levels=levels,
        reference=reference,
        seeds=(SeedStep(0.0, request.seed),),
        goal=request.target,
        goal_word=request.target_word,
    )


def _after(old: Version, event: Event, request: Request) -> Version:
    """The course after ``event``."""
    at, total, loudness = event.at, request.seconds, _loudness(request)
    if not (math.isfinite(at) and old.at <= at < total):
        raise ValueError(f"events must ascend within [0, {total}), not {old.at} then {at}")
    place = {"at": at, "first": _first_changed(at, total), "wish": None}
    match event:
        case Steer(target=target, word=word):
            path = steer(old.path, at, target, total)
            levels, reference = steered_levels(old.levels, path, at, total, loudness)
            return msgspec.structs.replace(
                old,
                path=path,
                levels=levels,
                reference=reference,
                goal=target,
                goal_word=word,
                steered=True,
                **place,
            )
        case Ease():
            path = ease(old.path, at, total)
            levels = eased_levels(old.levels, path, at, total, old.reference, loudness=loudness)
            goal = path.at(total)
            return msgspec.structs.replace(
                old, path=path, levels=levels, goal=goal, goal_word=None, steered=False, **place
            )
        case Dwell(seconds=seconds):
            path = dwell(old.path, at, seconds, total)
            levels = eased_levels(old.levels, path, at, total, old.reference, loudness=loudness)
            return msgspec.structs.replace(old, path=path, levels=levels, steered=False, **place)
        case Skip():
            step = SeedStep(at, _skip_seed(request.seed, len(old.seeds)))
            return msgspec.structs.replace(old, seeds=(*old.seeds, step), steered=False, **place)
        case Shape(faders=faders):
            moved = (*old.faders, FaderStep(at, faders))
            return msgspec.structs.replace(old, faders=moved, steered=False, **place)
        case More() | Less():
            return msgspec.structs.replace(old, steered=False, **(place | {"wish": event}))


def _loudness(request: Request) -> float:
    return held_loudness(None if request.features is None else request.features.loudness)


def _first_changed(at: float, total: float) -> int:
    last = clip_count(total) - 1
    k = min(int(at // STRIDE_SECONDS), last)
    return k + 1 if k < last and at > clip_start(k + 1) - SPLICE_MARGIN else k


def _skip_seed(seed: int, number: int) -> int:
    """The 63-bit seed after the session's ``number``-th skip."""
    digest = hashlib.blake2b(f"skip:{seed}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
