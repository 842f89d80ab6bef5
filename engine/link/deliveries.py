"""What the client hands to the session: the engine's messages, whole and decoded."""

from __future__ import annotations

from dataclasses import dataclass

from engine.audio.format import Frames
from engine.composers.base import Marks
from engine.link.protocol import ClipRecord, Hello
from engine.plan.spec import ClipKey


@dataclass(frozen=True, slots=True)
class EngineUp:
    """The engine answers."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class ComposerLoading:
    """The composer's model is being loaded; ``share`` of it is done, 0 to 1."""

    composer: str
    share: float


@dataclass(frozen=True, slots=True)
class ComposerOpened:
    """The composer is ready; as in ``Opened``."""

    composer: str
    version: int
    synthesis: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ClipBegan:
    """A clip's chunks follow: ``frames`` frames from session frame ``start``."""

    key: ClipKey
    start: int
    frames: int
    marks: Marks


@dataclass(frozen=True, slots=True, eq=False)
class ChunkArrived:
    """A chunk of a clip, in order; audio is float32 (frames, 2) at 48 kHz with 24-bit values."""

    key: ClipKey
    audio: Frames


@dataclass(frozen=True, slots=True)
class ClipEnded:
    """The clip is whole, or was cut as asked."""

    key: ClipKey
    cut: bool
    record: ClipRecord
    continuation: bytes


@dataclass(frozen=True, slots=True)
class ClipRefused:
    """The clip could not be composed; a sentence."""

    key: ClipKey
    reason: str


@dataclass(frozen=True, slots=True)
class EngineRefused:
    """The engine can't do what it was asked; a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine or the line to it is gone. The last delivery, exactly once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ponged:
    """Answer to a ping."""

    number: int


@dataclass(frozen=True, slots=True)
class Banner:
    """What came before the preamble: a login banner, to be shown."""

    text: str


Delivery = (
    EngineUp
    | ComposerLoading
    | ComposerOpened
    | ClipBegan
    | ChunkArrived
    | ClipEnded
    | ClipRefused
    | EngineRefused
    | EngineLost
    | Ponged
    | Banner
)
