"""What a sound file is made of: stretches that decode by themselves, and what is odd about them.

libsndfile reads what the first header of a file promises. Recordings that were broken off, streams
that were written to a pipe and files that were joined hold something else, so the containers that
people have (WAV, FLAC, Ogg, MPEG) are looked through here, by their own marks and lengths alone.
"""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

MOST_SEGMENTS = 1_000
"""What lies behind so many is left in the last one."""
UNFILLED = "does not say how long it is"
CUT = "is cut short"
LONGER = "holds more than it says"
_BLOCK = 1 << 20


class Segment(NamedTuple):
    """Bytes ``start`` to ``end`` of a file, behind ``head``, are a sound file of its own.

    ``frames``: how many it holds, where its container was counted; None where it says so itself.
    """

    start: int
    end: int
    head: bytes = b""
    frames: int | None = None


class Layout(NamedTuple):
    """The segments in order, and what is odd, in words that follow the file's name."""

    segments: tuple[Segment, ...]
    remarks: tuple[str, ...] = ()


class Bytes:
    """A file's bytes by their places, as they were when it was opened; past the end there are
    none. Raises ``OSError``."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._at, self._block = 0, b""

    def get(self, at: int, size: int) -> bytes:
        """At most ``size`` bytes from ``at`` on; ``size`` is small beside a MiB."""
        first = at - self._at
        if first < 0 or first + size > len(self._block):
            self._file.seek(at)
            self._at, self._block = at, self._file.read(min(_BLOCK, max(0, self.size - at)))
            first = 0
        return self._block[first : first + size]

    def find(self, what: bytes, start: int, end: int) -> int | None:
        """Where ``what`` next lies whole between ``start`` and ``end``."""
        at = start
        while at < min(end, self.size):
            self._file.seek(at)
            block = self._file.read(min(_BLOCK, end - at))
            found = block.find(what)
            if found >= 0:
                return at + found
            if len(block) < _BLOCK:
                return None
            at += len(block) - len(what) + 1
        return None


class Window:
    """A segment as a file for libsndfile, which reads it through callbacks: an error of the disk
    must not get there, so it is kept in ``error`` and looks like the end."""

    def __init__(self, file: BinaryIO, segment: Segment) -> None:
        self._file, self._segment = file, segment
        self._size = len(segment.head) + segment.end - segment.start
        self._at = 0
        self.error: OSError | None = None

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int) -> bytes:
        size = max(0, min(size, self._size - self._at))
        made = self._segment.head[self._at : self._at + size]
        try:
            if size > len(made):
                inside = self._at + len(made) - len(self._segment.head)
                self._file.seek(self._segment.start + inside)
                made += self._file.read(size - len(made))
        except OSError as error:
            self.error = error
        self._at += len(made)
        return made

    def readinto(self, buffer: memoryview) -> int:
        made = self.read(len(buffer))
        buffer[: len(made)] = made
        return len(made)
