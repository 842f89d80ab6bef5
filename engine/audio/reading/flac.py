"""FLAC (RFC 9639): lengths that are not told, or wrong, and files that were joined."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.audio.reading.segments import (
    CUT,
    LONGER,
    MOST_SEGMENTS,
    UNFILLED,
    Bytes,
    Layout,
    Segment,
)

_MARK = b"fLaC"
_INFO = b"\0\0\0\x22"
"""The header of STREAMINFO, which is the first block and 34 bytes long; not the last block."""
_SEARCHED = 1 << 18
"""Bytes from the end in which the last frames are looked for."""
_SYNC = re.compile(rb"\xff[\xf8\xf9]")


class _Info(NamedTuple):
    """What STREAMINFO says; ``total`` 0: not told."""

    block: int
    rate: int
    bits: int
    total: int


def layout(source: Bytes) -> Layout | None:
    """A segment for each stream; where the frames say another length than the header, the header is
    made to say theirs."""
    starts = _starts(source)
    segments, remarks = [], []
    for start, end in zip(starts, [*starts[1:], source.size], strict=True):
        info = _info(source.get(start, 42))
        if info is None:
            segments.append(Segment(start, end))
            continue
        found = _last_frame(source, start, end, info)
        if info.total == 0:
            remarks.append(UNFILLED)
        if found is None or found == info.total:
            segments.append(Segment(start, end, frames=found))
            continue
        if info.total and found > info.total:
            remarks.append(LONGER)
        elif info.total:
            remarks.append(CUT)
        head = bytearray(source.get(start, 42))
        head[21:26] = (head[21] >> 4 << 36 | found & (1 << 36) - 1).to_bytes(5, "big")
        segments.append(Segment(start + 42, end, bytes(head), found))
    return Layout(tuple(segments), tuple(dict.fromkeys(remarks)))


def _starts(source: Bytes) -> list[int]:
    starts = [0]
    while len(starts) < MOST_SEGMENTS:
        at = source.find(_MARK, starts[-1] + 4, source.size)
        while at is not None and source.get(at + 5, 3) != _INFO[1:]:
            at = source.find(_MARK, at + 4, source.size)
        if at is None:
            break
        starts.append(at)
    return starts


def _info(head: bytes) -> _Info | None:
    if len(head) < 42 or head[5:8] != _INFO[1:]:
        return None
    packed = int.from_bytes(head[18:26], "big")
    return _Info(
        block=int.from_bytes(head[8:10], "big"),
        rate=packed >> 44,
        bits=(packed >> 36 & 31) + 1,
        total=packed & (1 << 36) - 1,
    )


def _last_frame(source: Bytes, start: int, end: int, info: _Info) -> int | None:
    """The samples up to the end of the last frame that is announced; None where that can't be
    told."""
    first = max(start + 42, end - _SEARCHED)
    window = source.get(first, end - first)
    ends: set[int] = set()
    last: int | None = None
    for found in _SYNC.finditer(window):
        frame = _frame(window[found.start() : found.start() + 16], info)
        if frame is None:
            continue
        if frame.start in ends:  # two that follow one another are no chance
            last = frame.end
        ends.add(frame.end)
    return last


class _Frame(NamedTuple):
    """A frame's header: samples from ``start`` to ``end``."""

    start: int
    end: int


def _frame(head: bytes, info: _Info) -> _Frame | None:
    """The frame whose header begins ``head``; None for bytes that only look like one."""
    if len(head) < 6 or head[3] & 1:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    number, at = _number(head, 4)
    if number is None or size_code == 0 or rate_code == 15 or head[3] >> 4 > 10:
        return None
    size = _block_size(size_code, head, at)
    at += {6: 1, 7: 2}.get(size_code, 0)
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if size is None or at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    start = number if head[1] & 1 else number * info.block
    return _Frame(start, start + size)


def _block_size(code: int, head: bytes, at: int) -> int | None:
    if code in (6, 7):
        size = head[at : at + code - 5]
        return int.from_bytes(size, "big") + 1 if len(size) == code - 5 else None
    if code == 1:
        return 192
    return 576 << code - 2 if code <= 5 else 256 << code - 8


def _number(head: bytes, at: int) -> tuple[int | None, int]:
    """A number coded as UTF-8 codes characters, up to 36 bits, and where it ends."""
    first = head[at]
    if first < 0x80:
        return first, at + 1
    ones = f"{first:08b}0".index("0")
    following = head[at + 1 : at + ones]
    if not 2 <= ones <= 7 or any(byte & 0xC0 != 0x80 for byte in following):
        return None, at
    value = first & 0x7F >> ones
    for byte in following:
        value = value << 6 | byte & 0x3F
    return value, at + ones


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value
