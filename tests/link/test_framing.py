"""Frames survive the way, and whatever is not a frame is one LinkError."""

from __future__ import annotations

import io
import struct
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composers.options import ComposerOptions
from engine.link.framing import (
    BANNER_BYTES,
    BANNER_LINES,
    HEADER_LIMIT,
    PAYLOAD_LIMIT,
    PREAMBLE,
    FrameReader,
    FrameWriter,
    LinkError,
    encode_frame,
)
from engine.link.protocol import Cancel, Open, Ping, Pull, ToEngine, ToFront


class CountingStream(io.BytesIO):
    """How much was asked for at a time."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0, "an unbounded read"
        self.largest = max(self.largest, size)
        return super().read(size)


def _frame(message: msgspec.Struct, payload: bytes = b"") -> bytes:
    return encode_frame(msgspec.msgpack.encode(message), payload)


def _read(data: bytes, kind: object = ToEngine) -> object:
    reader: FrameReader[object] = FrameReader(io.BytesIO(data), kind)
    return reader.read()


messages = st.one_of(
    st.builds(
        Open,
        composer=st.text(max_size=50),
        options=st.builds(ComposerOptions, denoise=st.none() | st.booleans()),
    ),
    st.builds(Ping, number=st.integers(-(2**31), 2**31)),
    st.builds(Pull, parts=st.integers(0, 100)),
    st.builds(
        Cancel,
        index=st.integers(0, 200),
        revision=st.integers(0, 50),
        keep_until=st.integers(0, 2**40),
    ),
)


@given(st.lists(st.tuples(messages, st.binary(max_size=300)), max_size=8))
def test_what_is_written_is_read(frames: list[tuple[msgspec.Struct, bytes]]) -> None:
    stream = io.BytesIO()
    writer = FrameWriter(stream)
    writer.send_preamble()
    for message, payload in frames:
        writer.send(message, payload)
    stream.seek(0)
    reader: FrameReader[object] = FrameReader(stream, ToEngine)
    assert reader.skip_to_preamble(lambda _: pytest.fail("a banner"))
    assert [tuple(frame) for frame in iter(reader.read, None)] == frames


@given(st.binary(max_size=2_000), st.booleans())
def test_garbage_is_a_link_error_and_reads_are_bounded(garbage: bytes, framed: bool) -> None:
    stream = CountingStream(encode_frame(garbage, b"") if framed and garbage else garbage)
    for kind in (ToEngine, ToFront):
        stream.seek(0)
        reader: FrameReader[object] = FrameReader(stream, kind)
        try:
            while reader.read() is not None:
                pass
        except LinkError:
            pass
    assert stream.largest <= max(HEADER_LIMIT, PAYLOAD_LIMIT)


@given(messages, st.binary(max_size=200), st.data())
def test_one_wrong_byte_is_noticed(
    message: msgspec.Struct, payload: bytes, data: st.DataObject
) -> None:
    frame = bytearray(_frame(message, payload))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LinkError):
        _read(bytes(frame))


def _raw(header: bytes, payload: bytes = b"", *, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(payload, zlib.crc32(header)) if crc is None else crc
    lengths = struct.pack(">II", len(header), len(payload))
    return lengths + header + payload + struct.pack(">I", checksum)


DEEP = b"\x91" * 100_000 + b"\xc0"
WHOLE = _frame(Ping(1), b"abc")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (struct.pack(">II", 0, 0), "header of 0 bytes"),
        (struct.pack(">II", HEADER_LIMIT + 1, 0), "header of 262145 bytes"),
        (struct.pack(">II", 2**32 - 1, 2**32 - 1), "header of 4294967295"),
        (struct.pack(">II", 5, PAYLOAD_LIMIT + 1), "payload of 524289 bytes"),
        (_raw(msgspec.msgpack.encode(Ping(1)), crc=7), "wrong checksum"),
        (_raw(msgspec.msgpack.encode({"type": "surprise"})), "unreadable message"),
        (_raw(msgspec.msgpack.encode({"type": "ping"})), "unreadable message"),
        (_raw(msgspec.msgpack.encode({"type": "ping", "number": "1"})), "unreadable message"),
        (_raw(msgspec.msgpack.encode({"type": "ping", "number": 1, "x": 1})), "unreadable"),
        (_raw(b"\xc1"), "unreadable message"),
        (_raw(b"\xa2\xff\xfe"), "unreadable message"),
        (_raw(DEEP), "unreadable message"),
        (_raw(b"cos\nsystem\n(S'true'\ntR."), "unreadable message"),
        *[(WHOLE[:n], "in the middle of a message") for n in range(1, len(WHOLE))],
    ],
)
def test_what_is_no_frame_is_said(data: bytes, says: str) -> None:
    with pytest.raises(LinkError, match=says):
        _read(data)


def test_nothing_over_the_limits_is_sent() -> None:
    writer = FrameWriter(io.BytesIO())
    with pytest.raises(LinkError, match="too large"):
        writer.send(Ping(1), bytes(PAYLOAD_LIMIT + 1))
    with pytest.raises(LinkError, match="too large"):
        writer.send(Open("x" * HEADER_LIMIT))


def _skip(data: bytes) -> tuple[bool, list[str], bytes]:
    shown: list[str] = []
    stream = io.BytesIO(data)
    reader: FrameReader[object] = FrameReader(stream, ToFront)
    found = reader.skip_to_preamble(shown.append)
    return found, shown, stream.read()


def test_banners_are_shown_without_their_control_characters() -> None:
    banner = b"Welcome to \x1b[31mhost\x07\r\nLast login: \xff\n\nprompt$ "
    assert _skip(banner + PREAMBLE + b"rest") == (
        True,
        ["Welcome to \\x1b[31mhost\\x07", "Last login: \N{REPLACEMENT CHARACTER}", "", "prompt$"],
        b"rest",
    )


def test_a_stream_that_ends_in_its_banner_has_no_preamble() -> None:
    assert _skip(b"ssh: no route to host") == (False, ["ssh: no route to host"], b"")
    assert _skip(b"") == (False, [], b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"noise\n" * (BANNER_LINES + 1) + PREAMBLE, "not musmed's language"),
        (b"x" * (BANNER_BYTES + 100), "not musmed's language"),
        (b"musmed-link 6\n", "speaks version 6 .* this one 5.7; install the same version"),
        (b"musmed-link \n", "speaks version  of the link protocol"),
    ],
)
def test_a_stream_that_is_not_the_engine_is_said(data: bytes, says: str) -> None:
    with pytest.raises(LinkError, match=says):
        _skip(data)


def test_as_many_banner_lines_as_allowed_are_skipped() -> None:
    found, shown, _ = _skip(b"noise\n" * BANNER_LINES + PREAMBLE)
    assert found
    assert len(shown) == BANNER_LINES
