"""What the engine's messages become in the front: chunks decoded, clips checked."""

from __future__ import annotations

from dataclasses import dataclass

from engine.audio.format import SAMPLE_RATE, Frames
from engine.composers.base import Marks
from engine.errors import MusmedError
from engine.link.framing import LinkError
from engine.link.protocol import (
    ClipDone,
    ClipFailed,
    ClipRecord,
    ClipStarted,
    Hello,
    Part,
)
from engine.plan.spec import ClipKey

CHUNK_BYTES = 512 * 1024
"""A second of FLAC-24 stereo; as PCM it would be 288 kB."""
CLIP_FRAMES = 60 * SAMPLE_RATE
"""Twice a clip: no honest engine announces more."""


@dataclass(frozen=True)
class EngineUp:
    """The engine answers."""

    hello: Hello


@dataclass(frozen=True)
class ComposerOpened:
    composer: str
    version: int


@dataclass(frozen=True)
class ClipBegan:
    """``start``: session frame of the clip's first frame; ``frames``: how many it will have."""

    key: ClipKey
    start: int
    frames: int
    marks: Marks


@dataclass(frozen=True, eq=False)
class ChunkArrived:
    """The clip's next frames, in order, without gaps."""

    key: ClipKey
    audio: Frames


@dataclass(frozen=True)
class ClipEnded:
    """The clip is here. ``cut``: it was cancelled and has fewer frames than announced."""

    key: ClipKey
    cut: bool
    record: ClipRecord
    continuation: bytes


@dataclass(frozen=True)
class ClipRefused:
    """The clip could not be composed."""

    key: ClipKey
    reason: str


@dataclass(frozen=True)
class EngineRefused:
    """The engine can't do what was asked."""

    reason: str


@dataclass(frozen=True)
class EngineLost:
    """The engine is gone; the last delivery."""

    reason: str


@dataclass(frozen=True)
class Ponged:
    number: int


@dataclass(frozen=True)
class Banner:
    """A line that came before the engine's first word: a login banner, an error of ssh."""

    text: str


Delivery = (
    EngineUp
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

ClipMessage = ClipStarted | Part | ClipDone | ClipFailed


class Inbox:
    """Puts chunks together and checks that clips come whole, in order and as asked for."""

    def __init__(self) -> None:
        self._expected: set[ClipKey] = set()
        self._key: ClipKey | None = None
        self._left = 0
        self._chunk = bytearray()
        self._chunk_frames = 0

    def expect(self, key: ClipKey) -> None:
        """A clip was asked for. From any thread."""
        self._expected.add(key)

    def take(self, message: ClipMessage, payload: bytes) -> Delivery | None:
        """The delivery that ``message`` completes. Raises ``LinkError`` when it fits nothing
        that went before."""
        key = ClipKey(message.index, message.revision)
        if isinstance(message, ClipStarted):
            return self._begin(key, message)
        if isinstance(message, ClipFailed):
            self._close(key)
            return ClipRefused(key, message.reason)
        if key != self._key:
            raise _out_of_order(key)
        if isinstance(message, Part):
            return self._part(key, message, payload)
        if self._chunk or (self._left and not message.cut):
            raise _out_of_order(key)
        self._close(key)
        return ClipEnded(key, message.cut, message.record, payload)

    def _begin(self, key: ClipKey, message: ClipStarted) -> ClipBegan:
        if self._key is not None or key not in self._expected:
            raise _out_of_order(key)
        if message.start < 0 or not 0 < message.frames <= CLIP_FRAMES:
            raise LinkError(f"The engine announced a clip of {message.frames} frames.")
        self._key, self._left = key, message.frames
        return ClipBegan(key, message.start, message.frames, message.marks)

    def _part(self, key: ClipKey, message: Part, payload: bytes) -> ChunkArrived | None:
        first = not self._chunk
        self._chunk += payload
        if first:
            self._chunk_frames = message.frames
        limit = min(SAMPLE_RATE, self._left)
        if (
            not payload
            or not 0 < message.frames <= limit
            or message.frames != self._chunk_frames
            or len(self._chunk) > CHUNK_BYTES
        ):
            raise _out_of_order(key)
        if not message.last:
            return None
        data = bytes(self._chunk)
        self._chunk.clear()
        self._left -= message.frames
        return ChunkArrived(key, _decoded(data, message.frames))

    def _close(self, key: ClipKey) -> None:
        if self._key not in (None, key) or key not in self._expected:
            raise _out_of_order(key)
        self._key, self._left = None, 0
        self._chunk.clear()
        self._expected.discard(key)


def _decoded(data: bytes, frames: int) -> Frames:
    from engine.audio.files import decode_flac

    try:
        audio: Frames = decode_flac(data, frames)
    except MusmedError as error:
        raise LinkError(f"The engine sent audio that can't be read: {error}") from error
    if audio.shape != (frames, 2):
        raise LinkError("The engine sent a chunk of another length than it said.")
    return audio


def _out_of_order(key: ClipKey) -> LinkError:
    return LinkError(
        f"The engine sent something about clip {key.index + 1} that does not follow from what "
        "it sent before; the connection is closed."
    )
