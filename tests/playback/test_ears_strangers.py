"""Ears and a session that says anything at all: a sentence at worst, bounded, and never a hang."""

from __future__ import annotations

import contextlib
import io

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.card import Card

from engine.audio.files import encode_flac24
from engine.audio.format import BLOCK_FRAMES
from engine.errors import MusmedError
from engine.link.codec import OpusEncoder
from engine.link.ears import Beat, Bye, Last, Skip, Sound, Stand, Stop, ToEars, Welcome
from engine.link.framing import PREAMBLE, encode_frame
from engine.playback.ears import Ears

BLOCK = encode_flac24(np.full((BLOCK_FRAMES, 2), 0.1, np.float32))
OPUS = next(OpusEncoder().push(np.full((BLOCK_FRAMES, 2), 0.1, np.float32))).data
frames = st.one_of(
    st.integers(0, 4).map(lambda n: n * BLOCK_FRAMES), st.integers(0, 2**53), st.integers(-9, 2**63)
)
token = st.sampled_from(["0" * 32, "1" * 32, "x", ""])
message = st.one_of(
    st.builds(Welcome, token, frames),
    st.builds(
        Sound,
        frames,
        st.sampled_from([BLOCK_FRAMES, 1, 0, 48_000, 2**40]),
        st.sampled_from(["flac", "opus", "mp3"]),
    ),
    st.builds(Stand, st.booleans(), st.floats()),
    st.builds(Skip, frames),
    st.builds(Last, frames),
    st.just(Stop()),
    st.builds(Beat, frames),
    st.builds(Bye, st.text(max_size=300), st.booleans()),
)
payload = st.sampled_from([b"", BLOCK, BLOCK[:-9], b"fLaC", OPUS, OPUS[:-9], b"\0" * 4])
sent = st.lists(st.tuples(message, payload), max_size=30)
broken = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=3)


def stream(said: list[tuple[ToEars, bytes]], odd: list[tuple[int, int]]) -> bytes:
    """What crosses a line; ``odd``: bytes that came as others."""
    data = bytearray(PREAMBLE)
    for one, more in [(Welcome("0" * 32, 0), b""), *said]:
        data += encode_frame(msgspec.msgpack.encode(one), more)
    for at, byte in odd:
        if len(PREAMBLE) + at < len(data):
            data[len(PREAMBLE) + at] = byte
    return bytes(data)


@settings(deadline=None)
@given(sent, broken)
def test_whatever_a_session_says(
    said: list[tuple[ToEars, bytes]], odd: list[tuple[int, int]]
) -> None:
    ears = Ears(lambda: Card(0.0), lambda _: None, ahead=1.0)
    try:
        with contextlib.suppress(MusmedError):
            ears.hear(io.BytesIO(stream(said, odd)), io.BytesIO(), lambda _: None)
        if ears.hearing is not None:
            assert ears.hearing._ring.filled + ears.hearing._arrivals.held <= 8 * 48_000
            assert len(ears.hearing._marks) <= 66
            assert 0.0 <= ears.hearing.speaker.volume <= 1.0
    finally:
        ears.close()
