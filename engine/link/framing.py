"""Frames on a byte stream: what front and engine write to each other's pipes.

A stream begins with the preamble line (``versions``); what comes before it (a login banner, a
message of the day) is skipped and handed back. Then frames, all integers big endian:

    header length  uint32   1 to 256 KiB
    payload length uint32   0 to 512 KiB
    header         msgpack of one tagged ``msgspec`` struct
    payload        raw bytes
    CRC-32         uint32   over header and payload

Whatever is wrong with a stream is one ``LinkError``; nothing is ever unpickled, and nothing is
read beyond the sizes above.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from typing import BinaryIO, Generic, NamedTuple, TypeVar

import msgspec

from engine.errors import MusmedError
from engine.link.protocol import WHOLE_PART_BYTES
from engine.link.versions import GREETING, OWN, Version, as_spoken, is_known, preamble, version_in
from engine.printable import one_line, printable

PREAMBLE = preamble()
BANNER_LINES = 200
BANNER_BYTES = 64 * 1024
HEADER_LIMIT = 256 * 1024
PAYLOAD_LIMIT = WHOLE_PART_BYTES
"""A continuation has 64 KiB at most."""

_LENGTHS = struct.Struct(">II")
_CHECKSUM = struct.Struct(">I")

Message = TypeVar("Message")


class LinkError(MusmedError):
    """The other side sent something that is no frame; the connection can't go on."""


class Frame(NamedTuple, Generic[Message]):
    """One message and the bytes that came with it."""

    message: Message
    payload: bytes


class FrameReader(Generic[Message]):
    """Reads frames whose headers are ``message_type`` (a tagged union) from a blocking stream.

    ``stream.read(n)`` must return ``n`` bytes, or fewer at the end of the stream only (as an
    ``io.BufferedReader`` does). Not for use by several threads at once.
    """

    def __init__(self, stream: BinaryIO, message_type: object) -> None:
        self._stream = stream
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(message_type)
        self.version = Version(OWN.major, 0)
        """The other side's, once its preamble has been read."""

    def skip_to_preamble(self, show: Callable[[str], None]) -> bool:
        """Read up to and including the preamble; each line before it goes to ``show``.

        False when the stream ends before any preamble. Raises ``LinkError`` after 200 lines or
        64 KiB that are none, and for a preamble of another major version.
        """
        left = BANNER_BYTES
        for _ in range(BANNER_LINES + 1):
            line = self._stream.readline(left + 1)
            left -= len(line)
            before, greeting, version = line.rpartition(GREETING)
            if greeting and version.endswith(b"\n"):
                if before:
                    show(printable(before))
                self.version = _checked_version(version)
                return True
            if left < 0:
                break
            if line:
                show(printable(line))
            if not line.endswith(b"\n"):
                return False
        raise LinkError(
            "The other side talks, but not musmed's language; "
            "check that the command it runs is musmed engine."
        )

    def read(self) -> Frame[Message] | None:
        """The next frame, or None at the end of the stream. Raises ``LinkError``."""
        lengths = self._stream.read(_LENGTHS.size)
        if not lengths:
            return None
        header_length, payload_length = _LENGTHS.unpack(_whole(lengths, _LENGTHS.size))
        if not 1 <= header_length <= HEADER_LIMIT:
            raise LinkError(_broken(f"a header of {header_length} bytes"))
        if payload_length > PAYLOAD_LIMIT:
            raise LinkError(_broken(f"a payload of {payload_length} bytes"))
        header = self._take(header_length)
        payload = self._take(payload_length)
        (checksum,) = _CHECKSUM.unpack(self._take(_CHECKSUM.size))
        if checksum != zlib.crc32(payload, zlib.crc32(header)):
            raise LinkError(_broken("a wrong checksum"))
        return Frame(self._decode(header), payload)

    def _take(self, count: int) -> bytes:
        return _whole(self._stream.read(count), count) if count else b""

    def _decode(self, header: bytes) -> Message:
        try:
            return self._decoder.decode(header)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            reason = one_line(str(error))  # it may quote the message
            raise LinkError(_broken(f"an unreadable message ({reason})")) from error


class FrameWriter:
    """Writes the preamble and frames; any thread may send. ``minor``: the other side's, as far as
    it is known; nothing is said that came later."""

    def __init__(self, stream: BinaryIO) -> None:
        self.minor = 0
        self._stream = stream
        self._lock = threading.Lock()
        self._encoder = msgspec.msgpack.Encoder()

    def send_preamble(self) -> None:
        """Raises ``OSError`` or ``ValueError`` when the stream is closed."""
        self._write(PREAMBLE)

    def send(self, message: msgspec.Struct, payload: bytes = b"") -> None:
        """Write one frame and flush it; none where the other side does not know such messages.
        Raises ``LinkError`` for one that is over the limits, ``OSError`` or ``ValueError`` when the
        stream is closed."""
        if is_known(message, self.minor):
            spoken = as_spoken(message, self.minor)
            self._write(encode_frame(self._encoder.encode(spoken), payload))

    def _write(self, data: bytes) -> None:
        with self._lock:
            self._stream.write(data)
            self._stream.flush()


def encode_frame(header: bytes, payload: bytes) -> bytes:
    """The bytes of one frame. Raises ``LinkError`` for one that is over the limits."""
    if not 1 <= len(header) <= HEADER_LIMIT or len(payload) > PAYLOAD_LIMIT:
        raise LinkError(
            f"A message of {len(header)} and {len(payload)} bytes is too large for the link."
        )
    checksum = zlib.crc32(payload, zlib.crc32(header))
    lengths = _LENGTHS.pack(len(header), len(payload))
    return b"".join((lengths, header, payload, _CHECKSUM.pack(checksum)))


def _whole(data: bytes, count: int) -> bytes:
    if len(data) != count:
        raise LinkError("The connection ended in the middle of a message.")
    return data


def _checked_version(said: bytes) -> Version:
    version = version_in(said)
    if version is None or version.major != OWN.major:
        raise LinkError(
            f"The other side speaks version {printable(said)[:20]} of the link protocol, this one "
            f"{OWN}; install the same version of musmed on both sides."
        )
    return version


def _broken(what: str) -> str:
    return f"The connection carried {what}; it is closed, start again to make a new one."
