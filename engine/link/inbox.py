"""Puts the engine's chunks together and checks that clips come whole and as asked for."""

from __future__ import annotations

from engine.audio.files import decode_flac
from engine.audio.format import SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery
from engine.link.framing import LinkError
from engine.link.protocol import ClipDone, ClipFailed, ClipStarted, Part
from engine.plan.spec import ClipKey

CHUNK_BYTES = 512 * 1024
"""A second of FLAC-24 stereo; as PCM it would be 288 kB."""
CLIP_FRAMES = 60 * SAMPLE_RATE
"""Twice a clip: no honest engine announces more."""


ClipMessage = ClipStarted | Part | ClipDone | ClipFailed


class Inbox:
    """The clip that is arriving. Of the reader thread, ``expect`` aside."""

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
            return message
        if key != self._key:
            raise _out_of_order(key)
        if isinstance(message, Part):
            return self._part(key, message, payload)
        if self._chunk or (self._left and not message.cut):
            raise _out_of_order(key)
        self._close(key)
        return ClipEnded(key, message.cut, message.record, payload)

    def _begin(self, key: ClipKey, message: ClipStarted) -> ClipStarted:
        if self._key is not None or key not in self._expected:
            raise _out_of_order(key)
        if message.start < 0 or not 0 < message.frames <= CLIP_FRAMES:
            raise LinkError(f"The engine announced a clip of {message.frames} frames.")
        self._key, self._left = key, message.frames
        return message

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
    try:
        audio = decode_flac(data, frames)
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
