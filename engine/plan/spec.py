"""``ClipSpec``: everything that determines a clip."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from engine.affect.moods import MoodTable
from engine.affect.path import Path
from engine.plan.described import Description
from engine.plan.gentle import Gentle
from engine.plan.wanted import FaderStep, Features

HISTORY_SECONDS = 60.0
"""How much of the path before a clip's start its spec carries. The embedded composer replays
its score from a state stored well before the window; the past it replays must be there."""
FUTURE_SECONDS = 2.0
"""How much of the path after a clip's end its spec carries, as far as the session goes. Finishing
hears a second ahead: what it hears past the end has to be what the next clip begins with."""


class ClipKey(NamedTuple):
    """Names one composed version of a clip."""

    index: int  # type: ignore[assignment]  # a clip's index, not tuple.index
    revision: int


class Tags(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The paper's prompt tags: mood, emotion (the feeling word), instrument, genre."""

    mood: str
    emotion: str
    instrument: str
    genre: str


class Players(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who plays, in MTG-Jamendo's tags."""

    instrument: str
    genre: str


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A change of players as it is planned, in session seconds: not before ``not_before``, and by
    ``not_after`` where the music's form has a place for it. ``until``: an event took it back at
    that second, where it had not been made by then."""

    not_before: float
    not_after: float
    players: Players
    until: float | None = None


class SeedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From ``time`` session seconds on, the session's seed is ``seed``."""

    time: float
    seed: int


class LevelPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A breakpoint of the loudness target: ``lufs`` (short-term) at ``time`` session seconds."""

    time: float
    lufs: float


class ClipSpec(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Everything that determines a clip.

    ``path``, ``levels``, ``seeds`` and ``changes`` are breakpoints in session time over [max(0,
    start - HISTORY_SECONDS), min(end + FUTURE_SECONDS, total)], the past as it was really played.
    """

    index: int
    revision: int
    start: float
    """Session seconds wanted. A revision starts at its event's ``at``; the composer answers with
    the first beat from there on."""
    end: float
    """Session seconds."""
    total: float
    """The session's length in seconds, for an ending that is one."""
    path: Path
    levels: tuple[LevelPoint, ...]
    seeds: tuple[SeedStep, ...]
    tags: Tags
    """Its instrument and genre are those of the newest change at its start."""
    prompt: str
    mood_table: MoodTable | None = None
    """The request's, for composers that mix moods; not written where there is none."""
    changes: tuple[Change, ...] = ()
    """Who plays, for composers that change players where the music's form has a place for it. None
    in specs of earlier versions: the tags' players throughout."""
    gentle: Gentle | None = None
    """The request's caps; not written where there are none."""
    features: Features | None = None
    description: Description | None = None
    """Both the request's; not written where there are none."""
    faders: tuple[FaderStep, ...] = ()
    """How the faders stand in the same stretch of the session; none where they were never moved."""

    @property
    def key(self) -> ClipKey:
        return ClipKey(self.index, self.revision)

    @property
    def asks(self) -> bool:
        """Whether something is asked of the music itself."""
        return bool(self.features or self.description or self.faders)

    @property
    def duration(self) -> float:
        """Seconds of audio owed."""
        return self.end - self.start

    @property
    def seed(self) -> int:
        """A 63-bit seed of this clip alone, for composers that sample clip by clip."""
        session_seed = max(
            (s for s in self.seeds if s.time <= self.start), key=lambda s: s.time
        ).seed
        text = f"{session_seed}:{self.index}:{self.revision}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ordered specs of a session, a pure function of (request, events)."""

    path: Path
    """The whole session's, as travelled and as planned."""
    levels: tuple[LevelPoint, ...]
    clips: tuple[ClipSpec, ...]
    """For each index the spec of its newest revision."""
    total: float
    speed: float
    """The path's largest speed in affect units per 30 s."""
    changes: tuple[Change, ...] = ()
    """All changes of players, the players of the beginning first."""
    notes: tuple[str, ...] = ()
    """Plain sentences the listener should read (such as a speed over 0.1 per 30 s)."""
    faders: tuple[FaderStep, ...] = ()
    """How the faders stand over the whole session: each step until the next; before the first they
    follow the affect."""
    first_changed: int = 0
    """Index of the first clip that the last event revised (0 without events): that clip is a
    splice, the ones after it are ordinary clips."""
