"""Ogg (RFC 3533): streams that follow one another in one file ('chained'), and ends that lack."""

from __future__ import annotations

from engine.audio.reading.segments import MOST_SEGMENTS, Bytes, Layout, Segment

_CAPTURE = b"OggS"
_HEADER = 27
_FIRST, _LAST = 0x02, 0x04
_MOST_PAGES = 4_000_000
"""What lies behind so many is left in the last link; twelve hours have some 200,000."""


def layout(source: Bytes) -> Layout:
    """A segment for each link of the chain. A link begins with the first page that begins a stream
    after pages that don't (the streams of one link begin together)."""
    starts: list[int] = []
    open_streams: set[bytes] = set()
    beginning = False
    at = 0
    short = False
    pages = 0
    while at < source.size and pages < _MOST_PAGES:
        pages += 1
        page = source.get(at, _HEADER + 255)
        if len(page) < _HEADER or page[:4] != _CAPTURE:
            found = source.find(_CAPTURE, at + 1, source.size)
            if found is None:
                break
            at = found
            continue
        flags, serial, count = page[5], page[14:18], page[26]
        if flags & _FIRST:
            if not beginning and len(starts) < MOST_SEGMENTS:
                starts.append(at)
                open_streams.clear()
            open_streams.add(serial)
        beginning = bool(flags & _FIRST)
        if flags & _LAST:
            open_streams.discard(serial)
        size = _HEADER + count + sum(page[_HEADER : _HEADER + count])
        short = at + size > source.size
        at += size
    if not starts:
        return Layout((Segment(0, source.size),))
    starts[0] = 0
    ends = [*starts[1:], source.size]
    remarks = []
    if short or open_streams:
        remarks.append("lacks its end")
    return Layout(tuple(map(Segment, starts, ends)), tuple(remarks))
