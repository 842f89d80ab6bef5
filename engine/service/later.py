"""The sound of a session from a later second on, for a page that was opened anew or lost its line.

What there is so far is read from the file, also while that grows, and written anew, since no player
can begin in the midst of a stream that has no beginning.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from engine.audio.files import SoundStream
from engine.audio.format import SAMPLE_RATE
from engine.service.ogg import HELD_BACK, read_grown, whole_frames

STEP = SAMPLE_RATE
LOOK_SECONDS = 0.1


async def from_frame(
    path: Path,
    start: int,
    *,
    suffix: str,
    taken: Callable[[], int],
    settled: Callable[[], bool],
) -> AsyncGenerator[bytes]:
    """The FLAC file that is or becomes ``path``, from frame ``start`` on, as ``suffix``: '.flac' or
    '.ogg'. ``taken``: how many frames were given to the file so far; ``settled``: whether no more
    will be. Nothing where it is shorter."""
    copy = _Copy(suffix)
    at = start
    try:
        while True:
            over = settled()
            there = await asyncio.to_thread(whole_frames, path) if over else taken() - HELD_BACK
            if there > at:
                count = min(STEP, there - at)
                await asyncio.to_thread(copy.add, path, at, count, there)
                at += count
            elif over:
                break
            else:
                await asyncio.sleep(LOOK_SECONDS)
            if data := copy.take():
                yield data
    finally:
        copy.close()
    if data := copy.take():
        yield data


class _Copy:
    """What is written anew. A client that goes leaves a thread at ``add``, which ends by itself:
    libsndfile bears nobody who closes a file while another writes to it."""

    def __init__(self, suffix: str) -> None:
        self._sent = _Sent()
        self._stream = SoundStream(self._sent, suffix)
        self._lock = threading.Lock()
        self._closed = False

    def add(self, path: Path, at: int, count: int, there: int) -> None:
        """Frames ``at`` to ``at + count``; as ``read_grown``."""
        frames = read_grown(path, at, count, there)
        with self._lock:
            if not self._closed:
                self._stream.write(frames)

    def take(self) -> bytes:
        """What is new since the last time."""
        return self._sent.take()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._stream.close()


class _Sent(io.RawIOBase):
    """A file of which only what is new is kept: what was sent can't be written again."""

    def __init__(self) -> None:
        self._new = bytearray()
        self._at = self._end = 0

    def take(self) -> bytes:
        """What was written since the last time."""
        new = bytes(self._new)
        self._new.clear()
        return new

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Behind what was sent; a header that is written again at the end is left out."""
        fresh = bytes(data)[max(0, self._end - self._at) :]
        self._new += fresh
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence, self._end)
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
