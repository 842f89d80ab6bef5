"""Puts the engine's chunks together and checks that clips come whole and as asked for.

What follows from nothing that went before ends the connection (``LinkError``). What follows, but
is not what was asked for (``clip_check``), is a clip that failed: ``ClipFailed``, and the rest of
it is passed over.
"""

from __future__ import annotations

from typing import assert_never

from engine.audio.format import SAMPLE_RATE, Frames
from engine.clip_record import LOSSLESS, Coding
from engine.errors import MusmedError
from engine.link.clip_check import Asked, ClipRefusedError, check_chunk, check_end, check_start
from engine.link.codec import Decoder, decoder_of
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery
from engine.link.framing import LinkError
from engine.link.protocol import ClipDone, ClipFailed, ClipStarted, Part
from engine.plan.spec import ClipKey, ClipSpec

CHUNK_BYTES = 512 * 1024
"""A second of stereo: as plain samples 384 kB, as FLAC less."""

ClipMessage = ClipStarted | Part | ClipDone | ClipFailed


class Inbox:
    """The clip that is arriving. Of the reader thread; ``expect`` and ``cancelled`` from any."""

    def __init__(self) -> None:
        self._expected: dict[ClipKey, Asked] = {}
        self._key: ClipKey | None = None
        self._refused = False
        """The clip has failed already; what is still said of it is passed over."""
        self._start = self._end = 0
        self._left = 0
        self._chunk: list[bytes] = []
        self._chunk_frames = 0
        self._decoder = decoder_of(LOSSLESS)

    def expect(
        self, spec: ClipSpec, composer: str = "", version: int = 0, codec: Coding = LOSSLESS
    ) -> None:
        """A clip was asked for, of ``composer`` where that is known, in chunks of ``codec``."""
        self._expected[spec.key] = Asked(spec, composer, version, codec)

    def cancelled(self, key: ClipKey, keep_until: int) -> None:
        """It is wanted only up to session frame ``keep_until``, or less."""
        asked = self._expected.get(key)
        if asked is not None:
            before = asked.keep_until
            asked.keep_until = keep_until if before is None else min(before, keep_until)

    def take(self, message: ClipMessage, payload: bytes) -> Delivery | None:
        """The delivery that ``message`` completes. Raises ``LinkError`` when it fits nothing
        that went before."""
        key = ClipKey(message.index, message.revision)
        asked = self._expected.get(key)
        if asked is None or not self._follows(key, message):
            raise _out_of_order(key)
        try:
            return self._taken(asked, message, payload)
        except ClipRefusedError as error:
            self._refused = self._key is not None
            return ClipFailed(key.index, key.revision, str(error))

    def _follows(self, key: ClipKey, message: ClipMessage) -> bool:
        if self._key is None:
            return isinstance(message, ClipStarted | ClipFailed)
        return self._key == key and not isinstance(message, ClipStarted)

    def _taken(self, asked: Asked, message: ClipMessage, payload: bytes) -> Delivery | None:
        match message:
            case ClipStarted():
                return self._begin(asked, message)
            case Part():
                return self._part(asked, message, payload)
            case ClipDone():
                return self._done(asked, message, payload)
            case ClipFailed():
                return None if self._close(asked.spec.key) else message
            case _:
                assert_never(message)

    def _begin(self, asked: Asked, message: ClipStarted) -> ClipStarted:
        self._key, self._refused = asked.spec.key, False
        self._decoder = decoder_of(asked.codec)
        self._start, self._left = message.start, message.frames
        self._end = message.start
        check_start(asked, message)
        return message

    def _part(self, asked: Asked, message: Part, payload: bytes) -> ChunkArrived | None:
        if self._refused:
            return None
        key = asked.spec.key
        first = not self._chunk
        self._chunk.append(payload)
        if first:
            self._chunk_frames = message.frames
        limit = min(SAMPLE_RATE, self._left)
        if (
            not payload
            or not 0 < message.frames <= limit
            or message.frames != self._chunk_frames
            or sum(map(len, self._chunk)) > CHUNK_BYTES
        ):
            raise _out_of_order(key)
        if not message.last:
            return None
        data = b"".join(self._chunk)
        self._chunk.clear()
        self._left -= message.frames
        self._end += message.frames
        audio = _decoded(self._decoder, data, message.frames)
        check_chunk(asked, audio)
        return ChunkArrived(key, audio)

    def _done(self, asked: Asked, message: ClipDone, payload: bytes) -> ClipEnded | None:
        key = asked.spec.key
        if not self._refused and (self._chunk or (self._left and not message.cut)):
            raise _out_of_order(key)
        if self._close(key):
            return None
        check_end(asked, message, payload, self._start, self._end)
        return ClipEnded(key, message.cut, message.record, payload)

    def _close(self, key: ClipKey) -> bool:
        """Nothing more will come of the clip; whether it was refused before."""
        refused = self._refused
        self._key, self._refused, self._left = None, False, 0
        self._chunk.clear()
        self._expected.pop(key, None)
        return refused


def _decoded(decoder: Decoder, data: bytes, frames: int) -> Frames:
    try:
        audio = decoder.decode(data, frames)
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
