"""WAV and its kin: lengths that were never filled in, that promise more than there is, or less.

WAV: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991). A
program that writes to a pipe can't fill in the lengths, and leaves 0 or the largest number.
"""

from __future__ import annotations

import struct

from engine.audio.reading.segments import (
    CUT,
    LONGER,
    MOST_SEGMENTS,
    UNFILLED,
    Bytes,
    Layout,
    Segment,
)

_UNSAID = 0x7FFF_0000
"""Lengths from here on are those of programs that could not know them."""
_MOST_CHUNKS = 200
_LITTLE = 4_096
"""Bytes behind the end that are no sound worth a word."""
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICS", b"<?xml")
_CHUNKS = (
    *(b"RIFF", b"\0RIFF", b"LIST", b"id3 ", b"bext", b"iXML", b"_PMX", b"cue ", b"smpl", b"JUNK"),
)
"""What programs write behind the sound without telling the header."""


def layout(source: Bytes) -> Layout | None:
    """A segment for each RIFF of the file. None where libsndfile shall see for itself."""
    segments: list[Segment] = []
    remarks: list[str] = []
    at = 0
    while at < source.size and len(segments) < MOST_SEGMENTS:
        found = _one(source, at, remarks)
        if found is None:
            break
        segments.append(found)
        at = found.end
        if source.get(at, 4) != b"RIFF" and source.get(at + 1, 4) == b"RIFF":
            at += 1  # padding
        if source.get(at, 4) != b"RIFF" or source.get(at + 8, 4) != b"WAVE":
            break
    if not segments:
        return None
    return Layout(tuple(segments), tuple(dict.fromkeys(remarks)))


def _one(source: Bytes, start: int, remarks: list[str]) -> Segment | None:
    """The WAV that begins at ``start``."""
    _, size, form = struct.unpack("<4sI4s", source.get(start, 12).ljust(12, b"\0"))
    data = _data(source, start)
    if form != b"WAVE" or data is None:
        return None
    told_end, (at, length) = start + 8 + size, data
    end, why = _end(source, at, length, told_end)
    if why:
        remarks.append(why)
    following = source.get(end, 4) == b"RIFF"
    if not why and start == 0 and not following:
        return Segment(0, source.size)
    stop = min(source.size, max(end, told_end) if not why and told_end - end < 1 << 20 else end)
    held = end - at
    head = bytearray(source.get(start, at - start))
    head[4:8] = struct.pack("<I", min(len(head) - 8 + stop - at, 0xFFFF_FFFF))
    head[-4:] = struct.pack("<I", min(held, 0xFFFF_FFFF))
    return Segment(at, stop, bytes(head))


def _end(source: Bytes, at: int, length: int, told_end: int) -> tuple[int, str]:
    """Where the samples from ``at`` on end, and what is odd about what is told of it."""
    end = at + length
    if end > source.size:
        return source.size, UNFILLED if length >= _UNSAID else CUT
    if _chunks_fill(source, end + length % 2, told_end) or _no_sound(source, end):
        return end, ""
    # No chunks follow: the length is of an earlier time, or was never filled in.
    return source.size, LONGER if length else UNFILLED


def _data(source: Bytes, start: int) -> tuple[int, int] | None:
    """Place and length of the samples; None without them."""
    at = start + 12
    for _ in range(_MOST_CHUNKS):
        head = source.get(at, 8)
        if len(head) < 8 or at - start > 1 << 19:
            return None
        name, length = struct.unpack("<4sI", head)
        if name == b"data":
            return at + 8, length
        at += 8 + length + length % 2
    return None


def _chunks_fill(source: Bytes, at: int, told_end: int) -> bool:
    """Whether chunks, or nothing, lie between the samples' end and the RIFF's."""
    if not at - 1 <= told_end <= source.size + 1:
        return False
    for _ in range(_MOST_CHUNKS):
        if at + 1 >= told_end:
            return _no_sound(source, min(at, told_end))
        head = source.get(at, 8)
        if len(head) < 8 or not all(32 <= byte < 127 for byte in head[:4]):
            return False
        length = struct.unpack("<I", head[4:])[0]
        at += 8 + length + length % 2
    return False


def _no_sound(source: Bytes, at: int) -> bool:
    """Whether what follows at ``at`` is little, another file, a tag, or zeros."""
    rest = source.get(at, 1 << 16)
    known = any(rest.startswith(tag) for tag in (*_CHUNKS, *_TAGS))
    return source.size - at <= _LITTLE or known or not rest.strip(b"\0")


def promised(source: Bytes) -> Layout:
    """One segment; whether its container promises more bytes than there are (RF64, W64, AIFF,
    AU)."""
    head = source.get(0, 64).ljust(64, b"\0")
    end = 0
    match head[:4]:
        case b"RF64" | b"BW64":
            end = 8 + int.from_bytes(head[20:28], "little") if head[12:16] == b"ds64" else 0
        case b"riff":
            end = int.from_bytes(head[16:24], "little")
        case b"FORM":
            end = 8 + int.from_bytes(head[4:8], "big")
        case b".snd":
            length = int.from_bytes(head[8:12], "big")
            end = 0 if length == 0xFFFF_FFFF else int.from_bytes(head[4:8], "big") + length
    unsaid = end in (0, 8) or end >= 1 << 62
    cut = not unsaid and end > source.size + 1
    return Layout((Segment(0, source.size),), (CUT,) if cut else ())
