"""A ring of audio between two threads: preallocated, integer cursors, no locks.

One thread writes, one reads. Each cursor is moved by one thread only, after the samples are in
place, and grows for ever; CPython makes reading an attribute atomic. Who may wait (never a sound
card's thread) waits for ``more`` or ``room``.
"""

from __future__ import annotations

import threading

import numpy as np

from engine.audio.format import CHANNELS, Frames


class Ring:
    """Holds ``capacity`` frames."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.written = 0
        """Frames written since the beginning. The writer's, as are the last two."""
        self.taken = 0
        """Frames taken since the beginning. The reader's."""
        self.skip_to = 0
        """Frames before it are not wanted any more."""
        self.finished = False
        """Nothing more will be written."""
        self.crowded = False
        """The writer wants room: a reader that takes much says so (``room``). The writer's."""
        self.more = threading.Event()
        """Something was written, or the reader is to look again. The reader clears it and looks."""
        self.room = threading.Event()
        """Much was taken, or the writer is to look again. The writer clears it and looks."""
        self._data = np.zeros((capacity, CHANNELS), np.float32)

    @property
    def filled(self) -> int:
        """Frames written and neither taken nor to be skipped."""
        return self.written - max(self.taken, self.skip_to)

    @property
    def free(self) -> int:
        return self.capacity - (self.written - self.taken)

    @property
    def low(self) -> bool:
        """Less than a quarter is filled: a reader that is not a sound card's sets ``room``."""
        return 4 * self.filled < self.capacity

    @property
    def drained(self) -> bool:
        return self.finished and self.taken >= self.written

    def write(self, audio: Frames) -> None:
        """Append. Raises ``ValueError`` when there is no room: the writer looks first."""
        count = len(audio)
        if count > self.free:
            raise ValueError(f"{count} frames into a ring with room for {self.free}")
        at = self.written % self.capacity
        first = min(count, self.capacity - at)
        self._data[at : at + first] = audio[:first]
        self._data[: count - first] = audio[first:]
        self.written += count

    def take(self, out: Frames) -> int:
        """Fill ``out`` from its start. Returns how many frames there were."""
        count = min(len(out), self.written - self.taken)
        at = self.taken % self.capacity
        first = min(count, self.capacity - at)
        out[:first] = self._data[at : at + first]
        out[first:count] = self._data[: count - first]
        self.taken += count
        return count

    def skip(self) -> None:
        """Reader: pass over what is not wanted any more."""
        self.taken = max(self.taken, self.skip_to)

    def past(self, end: int, count: int) -> Frames:
        """A copy of the frames before ``end`` that are still held: for meters, not for sound."""
        end = min(end, self.written)
        begin = max(0, end - count, self.written - self.capacity)
        at = begin % self.capacity
        first = min(max(0, end - begin), self.capacity - at)
        rest = max(0, end - begin) - first
        return np.concatenate((self._data[at : at + first], self._data[:rest]))
