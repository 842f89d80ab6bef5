"""What the client hands to the session: the engine's own messages, and what it makes of them.

A message that is whole as it comes is delivered as it is (``protocol``). Audio and continuations
come as payloads, in pieces, and are delivered put together and decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.clip_record import ClipRecord
from engine.link.protocol import ClipFailed, ClipStarted, Failure, Hello, Loading, Opened, Pong
from engine.plan.spec import ClipKey

if TYPE_CHECKING:  # an engine is started before anything is heard of it
    from engine.audio.format import Frames


@dataclass(frozen=True, slots=True, eq=False)
class ChunkArrived:
    """A chunk of a clip, in order; audio is float32 (frames, 2) at 48 kHz with 24-bit values."""

    key: ClipKey
    audio: Frames


@dataclass(frozen=True, slots=True)
class ClipEnded:
    """The clip is whole, or was cut as asked: ``ClipDone`` with its continuation, packed."""

    key: ClipKey
    cut: bool
    record: ClipRecord
    continuation: bytes


LineFault = Literal["", "down", "login"]
"""What is the matter with the line to another machine; 'login': one can't be made without a
question (a password, a code)."""


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine or the line to it is gone. The last delivery, exactly once. ``line``: '' where the
    engine is here, or ended itself."""

    reason: str
    line: LineFault = ""


@dataclass(frozen=True, slots=True)
class FarAnswers:
    """The other machine, from which this one has taken over, answers again. ``asks``: no line can
    be made without a question yet. Of no engine."""

    asks: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What came before the preamble: a login banner, to be shown."""

    text: str


Delivery = (
    Hello
    | Loading
    | Opened
    | ClipStarted
    | ChunkArrived
    | ClipEnded
    | ClipFailed
    | Failure
    | Pong
    | EngineLost
    | FarAnswers
    | Banner
)
