"""The line of codes: one sequence of code frames over the session's time, clips are windows on it.

Code frame f sounds from f / frame rate seconds of session time on. A clip's state is the stretch
of the line around it, so that its audio can be decoded again and the line gone on with, from its
end (the next clip) or from any frame of it (a revision).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError

VERSION = 1
MOST_BOOKS, MOST_BITS, MOST_FRAMES = 16, 16, 8_000
STATE_LIMIT = 40 * 1024
"""With finishing's 24 KiB this is what a continuation may hold."""

Codes = NDArray[np.int64]
"""(codebooks, frames)."""


class _State(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """``bits`` for each code, codebook by codebook, the lowest first, packed into ``data``."""

    version: int
    clip: int
    first: int
    books: Annotated[int, msgspec.Meta(ge=1, le=MOST_BOOKS)]
    frames: Annotated[int, msgspec.Meta(ge=0, le=MOST_FRAMES)]
    bits: Annotated[int, msgspec.Meta(ge=1, le=MOST_BITS)]
    data: bytes


class CodeLine:
    """Code frames ``first`` to ``end`` of the session's line, growing at its end."""

    def __init__(self, first: int, codes: Codes) -> None:
        self.first = first
        self._pieces = [codes]

    @classmethod
    def empty(cls, first: int, books: int) -> CodeLine:
        return cls(first, np.zeros((books, 0), np.int64))

    @property
    def codes(self) -> Codes:
        """All of it, (codebooks, end - first)."""
        if len(self._pieces) > 1:
            self._pieces = [np.concatenate(self._pieces, axis=1)]
        return self._pieces[0]

    @property
    def end(self) -> int:
        return self.first + sum(len(piece[0]) for piece in self._pieces)

    def append(self, codes: Codes) -> None:
        self._pieces.append(codes)

    def cut(self, first: int, end: int) -> CodeLine:
        """What it has of the frames ``first`` to ``end``."""
        low = min(max(first, self.first), self.end)
        high = max(low, min(end, self.end))
        return CodeLine(low, self.codes[:, low - self.first : high - self.first].copy())

    def last(self, frames: int) -> Codes:
        """Its last ``frames`` frames, fewer where it has fewer."""
        return self.codes[:, max(0, self.codes.shape[1] - frames) :]

    def pack(self, clip: int, vocabulary: int) -> bytes:
        """msgpack; ``clip``: index of the clip it was composed for."""
        bits = max(1, (vocabulary - 1).bit_length())
        codes = self.codes
        planes = (codes.ravel()[:, None] >> np.arange(bits)) & 1
        data = np.packbits(planes.astype(np.uint8)).tobytes()
        state = _State(VERSION, clip, self.first, codes.shape[0], codes.shape[1], bits, data)
        return msgspec.msgpack.encode(state)

    @classmethod
    def unpack(cls, data: bytes, books: int, vocabulary: int) -> tuple[CodeLine, int]:
        """The line, and the index of the clip it was composed for. Raises ``MusmedError`` for
        bytes that are none, or not of a model with these codes."""
        broken = MusmedError("The stored codes are damaged or of another model.")
        if len(data) > STATE_LIMIT:
            raise broken
        try:
            state = msgspec.msgpack.decode(data, type=_State)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise broken from error
        count = state.books * state.frames
        if (state.version, state.books) != (VERSION, books):
            raise broken
        if len(state.data) != -(-count * state.bits // 8):
            raise broken
        bits = np.unpackbits(np.frombuffer(state.data, np.uint8), count=count * state.bits)
        codes = bits.reshape(count, state.bits).astype(np.int64) @ (1 << np.arange(state.bits))
        if count and codes.max() >= vocabulary:
            raise broken
        return cls(state.first, codes.reshape(state.books, state.frames)), state.clip
