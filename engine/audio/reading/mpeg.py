"""MPEG audio (ISO/IEC 11172-3 and 13818-3): frames are counted, since what the header in front
says of their number is that of another time where files were joined, cut off or edited.

A file without such a header is taken by its first frame's bit rate, which is wrong where that
varies. So every stretch whose count is not what is said gets a header ('Xing') that tells it.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from engine.audio.reading.segments import CUT, LONGER, MOST_SEGMENTS, Bytes, Layout, Segment

_KBIT = {
    # (MPEG 1, layer) -> kbit/s by index
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Hz, by the version's two bits (1, 2 and 2.5)."""
_RESYNC = 1_000
"""Bytes of something else that a decoder skips (mpg123 gives up after 1024)."""
_SEARCHED, _LOOK = 1 << 20, 1 << 16
"""Bytes that are searched for a next frame, and at a time."""
_MOST_OTHER = 1 << 22
"""Bytes of something else in a file, at most; what lies behind is left."""
_SYNC = re.compile(rb"\xff[\xe0-\xff]")
LONGEST_FRAMES = 24 * 3600 * 48_000 // 1_152
"""What more there is, is not counted."""


class Header(NamedTuple):
    """A frame's header. ``length`` in bytes, ``samples`` of each channel."""

    version: int
    layer: int
    kbit: int
    rate: int
    mono: bool
    length: int
    samples: int

    @property
    def form(self) -> tuple[int, int, int, bool]:
        """What stays within a stretch that decodes as one."""
        return self.version, self.layer, self.rate, self.mono

    @property
    def told_at(self) -> int:
        """Where in the first frame a Xing header lies: behind the side information."""
        if self.version == 3:
            return 4 + (17 if self.mono else 32)
        return 4 + (9 if self.mono else 17)


def header(data: bytes) -> Header | None:
    """The frame header in four bytes; None for what is none."""
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    rate_index, index = data[2] >> 2 & 3, data[2] >> 4
    if version == 1 or layer == 4 or rate_index == 3 or index in (0, 15):
        return None
    first = version == 3
    kbit, rate = _KBIT[first, layer][index], _RATES[version][rate_index]
    padding = data[2] >> 1 & 1
    if layer == 1:
        length, samples = (12_000 * kbit // rate + padding) * 4, 384
    else:
        samples = 576 if layer == 3 and not first else 1_152
        length = samples * 125 * kbit // rate + padding
    return Header(version, layer, kbit, rate, data[3] >> 6 == 3, length, samples)


class _Stretch:
    """Frames of one form, one after the other."""

    def __init__(self, start: int, first: Header, told: int | None) -> None:
        self.start = self.end = start
        self.first = first
        self.told = told
        """The frames its Xing header tells of, which is in the first frame; None without one."""
        self.count = 0
        self.steady = True
        """All frames have the first one's bit rate."""


def layout(source: Bytes) -> Layout | None:
    """A segment for each stretch; None for what is no MPEG audio."""
    at = _after_tags(source, 0)
    stretches: list[_Stretch] = []
    total = 0
    missing = False
    other = 0
    while total < LONGEST_FRAMES and other < _MOST_OTHER:
        found = _next(source, at, anywhere=bool(stretches) or at > 0)
        if found is None:
            break
        place, frame = found
        if place + frame.length > source.size:
            missing = True
            break
        told = _told(source.get(place, 200), frame)
        now = stretches[-1] if stretches else None
        if now is None or (
            (told is not None or frame.form != now.first.form or place - at > _RESYNC)
            and len(stretches) < MOST_SEGMENTS
        ):
            now = _Stretch(place, frame, told)
            stretches.append(now)
        other += place - at
        now.count += told is None
        now.steady = now.steady and (frame.kbit == now.first.kbit or told is not None)
        total += 1
        at = now.end = place + frame.length
    if not total or (total == 1 and not missing):
        return None
    return _laid_out(source, stretches, missing=missing)


def _laid_out(source: Bytes, stretches: list[_Stretch], *, missing: bool) -> Layout:
    remarks = []
    segments = []
    for stretch in stretches:
        told, count = stretch.told, stretch.count
        if told is not None and abs(told - count) > 1:
            remarks.append(CUT if told > count else LONGER)
        fits = stretch.steady if told is None else abs(told - count) <= 1
        alone = len(stretches) == 1
        start = 0 if alone and fits else stretch.start
        end = source.size if alone and fits else stretch.end
        head = b""
        if not fits and stretch.first.layer == 3:
            own = 0 if told is None else stretch.first.length  # its own header goes
            start += own
            head = _xing(source.get(start - own, 4), count, end - start)
        segments.append(Segment(start, end, head, count * stretch.first.samples))
    if missing and not remarks:
        remarks.append(CUT)
    return Layout(tuple(segments), tuple(dict.fromkeys(remarks)))


def _next(source: Bytes, at: int, *, anywhere: bool) -> tuple[int, Header] | None:
    """The next frame at or after ``at``: one that another follows, or the file's end."""
    frame = header(source.get(at, 4))
    if frame is not None:
        return at, frame
    at = _after_tags(source, at)
    end = min(source.size, at + (_SEARCHED if anywhere else 4))
    for first in range(at, end, _LOOK):
        for found in _SYNC.finditer(source.get(first, min(_LOOK, end - first) + 1)):
            place = first + found.start()
            frame = header(source.get(place, 4))
            if frame is None or place >= end:
                continue
            behind = header(source.get(place + frame.length, 4))
            last = place + frame.length == source.size
            if last or (behind is not None and behind.form == frame.form):
                return place, frame
    return None


def _after_tags(source: Bytes, at: int) -> int:
    """Where ID3v2 tags (which may hold pictures) at ``at`` end."""
    while (head := source.get(at, 10))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if head[5] & 0x10 else 0)
    return at


def _told(frame: bytes, found: Header) -> int | None:
    """The number of frames that follow, from a frame that is a Xing header; 0 where it leaves that
    out; None for one that is sound."""
    at = found.told_at
    if found.layer != 3 or frame[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags, count = struct.unpack(">II", frame[at + 4 : at + 12].ljust(8, b"\0"))
    return count if flags & 1 else 0


def _xing(like: bytes, count: int, size: int) -> bytes:
    """A frame of the form of ``like`` that says that ``count`` of ``size`` bytes follow it; none
    for a header that leaves no room for that."""
    first = bytearray(like)
    first[1] |= 1  # no checksum
    for index in range(1, 15):
        first[2] = index << 4 | first[2] & 0x0C
        made = header(bytes(first))
        if made is not None and made.length >= made.told_at + 16:
            told = struct.pack(">4sIII", b"Xing", 3, count, size + made.length)
            body = bytes(made.told_at - 4) + told
            return bytes(first) + body.ljust(made.length - 4, b"\0")
    return b""
