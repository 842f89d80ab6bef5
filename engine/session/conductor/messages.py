"""What the conductor is told and what it asks for: plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from engine.audio.format import Frames
from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.link.deliveries import ChunkArrived, ClipEnded, EngineLost, FarAnswers
from engine.link.protocol import ClipFailed, ClipStarted, Failure, Hello, Opened
from engine.plan.events import Event
from engine.plan.spec import ClipKey, ClipSpec
from engine.playback.handover import Handover

# told: by the clock and the joiner (what the engine says: link.protocol and link.deliveries)


@dataclass(frozen=True, slots=True)
class Progress:
    """How playback stands."""

    written: int
    """Session frame of the write cursor."""
    waiting: bool = False
    """The session's clock waits for a late clip."""
    missed_splice: bool = False
    """An armed splice was passed by before its audio came."""
    silence: float = 0.0
    """For how many seconds the listener has been waiting."""
    passed: float = 0.0
    """Seconds since the last one, as far as they count."""
    ahead: float = 0.0
    """Seconds of music that are here past the write cursor, without a gap."""


@dataclass(frozen=True, slots=True)
class SplicePlaced:
    """The joiner took the splice (``accepted``), or its frame had been passed already."""

    key: ClipKey
    accepted: bool


@dataclass(frozen=True, slots=True)
class GoBack:
    """The listener wants the other machine to compose again, from which this one took over."""


Told = (
    Hello
    | Opened
    | ClipStarted
    | ChunkArrived
    | ClipEnded
    | ClipFailed
    | Failure
    | EngineLost
    | FarAnswers
)
"""What the engine says that the conductor acts on, and what is seen of the other machine; the rest
is the runner's."""
Message = Told | Progress | SplicePlaced | Event | GoBack
"""An ``Event`` is what a listener has just done: its ``at`` is the session second at which the
key was pressed, and the conductor aims it (``steering``)."""

# asked for

BEGINS_AFRESH = "This clip is composed without what came before it, which can't be read."
"""Said of a clip whose source's continuation is lost."""


@dataclass(frozen=True, slots=True)
class StartEngine:
    """Start an engine process, ``delay`` seconds from now; ``far``: on the other machine,
    ``kept_only``: if somebody has made the line to it."""

    delay: float = 0.0
    far: bool = False
    kept_only: bool = False


@dataclass(frozen=True, slots=True)
class WatchFar:
    """Look now and then whether the other machine answers again: ``FarAnswers``."""


@dataclass(frozen=True, slots=True)
class OpenComposer:
    """``synthesis``: what is to sound its notes (``Traits.synthesis``); ``precision``: what its
    model is to multiply in, as in ``ComposerOptions``; '' for what the session wishes."""

    name: str
    synthesis: str = ""
    precision: str = ""


@dataclass(frozen=True, slots=True)
class SendCompose:
    """``source``: the clip whose continuation it goes on from, None where there is none."""

    spec: ClipSpec
    source: ClipKey | None


@dataclass(frozen=True, slots=True)
class SendCancel:
    key: ClipKey
    keep_until: int


@dataclass(frozen=True, slots=True, eq=False)
class AppendChunk:
    """Keep this audio, the clip's next: float32 (frames, 2) at 48 kHz, less than was delivered
    where some of it is here already."""

    key: ClipKey
    audio: Frames


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Let nothing of the clip be heard from session frame ``frame`` on: another composer is to go
    on with it there."""

    key: ClipKey
    frame: int


@dataclass(frozen=True, slots=True)
class HandOver:
    """The chunks that follow are another composer's (or sounded in another way), and the first
    begins at ``change.at``. ``held_back``: session frame from which on nothing is to be heard even
    then, as of ``HoldBack``."""

    key: ClipKey
    change: Handover
    held_back: int | None = None


@dataclass(frozen=True, slots=True)
class FinishClip:
    """All of the clip's audio is here (``cut``: as much as will come): file and record it."""

    spec: ClipSpec
    start: int
    frames: int
    cut: bool
    continuation: bytes
    record: ClipRecord
    marks: Marks


@dataclass(frozen=True, slots=True)
class DiscardClip:
    key: ClipKey


@dataclass(frozen=True, slots=True)
class PlaceClip:
    """Give the clip to the joiner; ``arm``: session frame of a splice already known to follow.
    ``renewed``: of a splice, that it begins another piece (``renewal``)."""

    key: ClipKey
    marks: Marks
    splice: bool
    arm: int | None = None
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Arm:
    """A splice is coming at or after session frame ``frame``."""

    frame: int


@dataclass(frozen=True, slots=True)
class Disarm:
    """No splice is coming after all."""


@dataclass(frozen=True, slots=True)
class KeepEvent:
    """The event is part of the session now: store it."""

    event: Event


@dataclass(frozen=True, slots=True)
class KeepEvents:
    """Only the first ``count`` events still are the session's."""

    count: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take these clips from the joiner; none of them is sounding."""

    keys: frozenset[ClipKey]


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence for the listener; it is also kept with the session."""

    text: str
    answer: bool = False
    """To something the listener asked for: nothing is wrong."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Composing can't go on; what is composed is still played."""

    reason: str


ExecutorCommand = (
    ClipStarted
    | AppendChunk
    | HoldBack
    | HandOver
    | FinishClip
    | DiscardClip
    | PlaceClip
    | Arm
    | Disarm
    | KeepEvent
    | KeepEvents
    | Withdraw
)
"""What clip store, playback and library carry out. ``ClipStarted`` as the engine said it: make
room for the clip's audio."""
EngineCommand = StartEngine | WatchFar | OpenComposer | SendCancel
"""What the engine carries out."""
Command = ExecutorCommand | EngineCommand | SendCompose | Say | GiveUp
