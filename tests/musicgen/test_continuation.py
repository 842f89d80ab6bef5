"""The line of codes: cut, gone on with, packed into a state and read again."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composers.musicgen.continuation import STATE_LIMIT, CodeLine
from engine.errors import MusmedError

RNG = np.random.default_rng(5)


def line(first: int, books: int, frames: int, vocabulary: int) -> CodeLine:
    return CodeLine(first, RNG.integers(0, vocabulary, (books, frames)))


@given(
    st.integers(-500, 180_000),
    st.integers(1, 8),
    st.integers(0, 60),
    st.sampled_from([2, 3, 64, 1000, 1024, 2048]),
    st.integers(0, 200),
)
def test_a_state_gives_back_the_line(
    first: int, books: int, frames: int, vocabulary: int, clip: int
) -> None:
    made = line(first, books, frames, vocabulary)
    again, index = CodeLine.unpack(made.pack(clip, vocabulary), books, vocabulary)
    assert (again.first, again.end, index) == (first, first + frames, clip)
    assert np.array_equal(again.codes, made.codes)


@pytest.mark.parametrize(("books", "bytes_"), [(4, 12_000), (8, 24_000)])
def test_a_clip_s_state_is_small(books: int, bytes_: int) -> None:
    """30 s, 7.5 s before them and 2 s after them, at 11 bits a code."""
    assert len(line(0, books, 1975, 2048).pack(0, 2048)) < bytes_ < STATE_LIMIT


@given(st.integers(-20, 60), st.integers(-20, 80))
def test_cutting_takes_what_there_is(first: int, end: int) -> None:
    made = line(10, 2, 30, 64)
    cut = made.cut(first, end)
    wanted = [frame for frame in range(first, end) if 10 <= frame < 40]
    assert cut.codes.shape == (2, len(wanted))
    if wanted:
        assert cut.first == wanted[0]
        assert np.array_equal(cut.codes, made.codes[:, [frame - 10 for frame in wanted]])
    assert np.array_equal(made.last(5), made.codes[:, -5:])


def test_appending_moves_the_end() -> None:
    made = CodeLine.empty(7, 4)
    made.append(np.ones((4, 3), np.int64))
    made.append(np.zeros((4, 2), np.int64))
    assert (made.first, made.end) == (7, 12)
    assert made.codes[0].tolist() == [1, 1, 1, 0, 0]


def test_what_is_no_state_is_refused_in_words() -> None:
    good = line(0, 4, 20, 64).pack(3, 64)
    fields = msgspec.msgpack.decode(good)
    longer = msgspec.msgpack.encode([*fields[:4], 5000, *fields[5:]])
    damaged = [b"", b"\xc1", good[:-1], good + b"x", longer, b"\x00" * (STATE_LIMIT + 1)]
    damaged.append(msgspec.msgpack.encode([99, *fields[1:]]))
    damaged.append(msgspec.msgpack.encode([*fields[:3], 10**9, *fields[4:]]))
    for data in damaged:
        with pytest.raises(MusmedError, match="damaged or of another model"):
            CodeLine.unpack(data, 4, 64)
    for books, vocabulary in ((8, 64), (4, 16)):
        with pytest.raises(MusmedError, match="another model"):
            CodeLine.unpack(good, books, vocabulary)
