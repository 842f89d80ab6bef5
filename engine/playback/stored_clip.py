"""One clip of a store: growing in memory and in its file, or whole and read through the store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from engine.audio.files import words_of
from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames
from engine.plan.spec import ClipKey
from engine.playback.handover import Outgoing, faded_end

LONG_STRETCH = 8 * BLOCK_FRAMES
"""Longer ones are read for a join that is being measured, and not to be played: a feeder that is
not in real time plays half a second at once (``feeder.AT_ONCE``)."""

Reads = Callable[[ClipKey, int, int], Frames]
"""Frames of a whole clip, from an offset on, so many."""
Opens = Callable[[], soundfile.SoundFile | None]
"""A clip's file, begun anew; None where no file is written."""


class ClipAudio(Protocol):
    """A clip that may still be growing."""

    key: ClipKey
    start: int
    """Session frame of its first frame."""
    frames: int
    """How many it will have (a finished one: has)."""
    whole: bool
    """Nothing more will come."""

    def available(self) -> int:
        """Frames readable from the head now."""
        ...

    def read(self, offset: int, count: int) -> Frames:
        """Frames ``offset`` to ``offset + count``, fewer where the clip has no more (yet)."""
        ...


class StoredClip:
    """One clip of a ``ClipStore``, which ``reads`` it once it is whole."""

    def __init__(self, reads: Reads, key: ClipKey, start: int, frames: int) -> None:
        self.key = key
        self.start = start
        self.frames = frames
        self.whole = False
        self.played = False
        """It was read block by block while it grew."""
        self._reads = reads
        self._count = 0
        self._limit: int | None = None
        self._outgoing: Outgoing | None = None
        self.part: Path | None = None
        """The file that it grows in."""
        self._growing: Frames | None = None
        self._writer: soundfile.SoundFile | None = None

    def available(self) -> int:
        return self._count if self._limit is None else min(self._count, self._limit)

    def read(self, offset: int, count: int) -> Frames:
        growing = self._growing
        count = max(0, min(count, self.available() - offset))
        if growing is None:
            return self._reads(self.key, offset, count)
        self.played = self.played or count <= LONG_STRETCH
        return growing[offset : offset + count]

    # the writer's side, used by the store

    def open(self, writer: soundfile.SoundFile | None) -> None:
        self._growing = np.zeros((self.frames, CHANNELS), np.float32)
        self._writer = writer

    def append(self, audio: Frames) -> None:
        if self._growing is None:
            raise ValueError(f"clip {self.key} is not growing")
        end = self._count + len(audio)
        if end > self.frames:
            raise ValueError(f"clip {self.key} is longer than the {self.frames} frames promised")
        if self._outgoing is not None:
            audio = self._outgoing.joined(self._count, audio)
        self._write(audio)
        self._growing[self._count : end] = audio
        self._count = end  # last: the reader goes by it

    def hold_back(self, offset: int | None) -> None:
        """Nothing from frame ``offset`` on is read; None: everything may be."""
        self._limit = offset

    def hand_over(self, at: int, until: int, writer: Opens) -> None:
        """From frame ``at`` on what is appended takes over from what is here, which has gone at
        frame ``until``. ``writer`` begins the file anew. Nothing may be read meanwhile."""
        if self._growing is None:
            raise ValueError(f"clip {self.key} is not growing")
        self._outgoing = Outgoing(at, self._growing[at : min(until, self._count)].copy())
        if at == until:
            self._end_in_silence(at)
        self._count = at
        if self._writer is not None:
            self._writer.close()
        self._writer = writer()
        self._write(self._growing[:at])

    def _end_in_silence(self, at: int) -> None:
        """As it was heard: the last block that was whole faded away, and nothing after it."""
        assert self._growing is not None
        end = (self.start + min(at, self._count)) // BLOCK_FRAMES * BLOCK_FRAMES - self.start
        begin = max(0, end - BLOCK_FRAMES)
        self._growing[begin : max(0, end)] = faded_end(self._growing[begin : max(0, end)])
        self._growing[max(0, end) : at] = 0.0

    def _write(self, audio: Frames) -> None:
        if self._writer is not None:
            self._writer.write(words_of(audio))

    def close(self) -> Frames:
        """Close the file. Returns the audio; the clip still reads from memory."""
        if self._growing is None:
            raise ValueError(f"clip {self.key} is not growing")
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        return self._growing[: self._count]

    def drop_file(self) -> None:
        """Let go of the file and what it takes of the disk; what is here is read from memory."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(soundfile.LibsndfileError, AssertionError):
                writer.close()
        if self.part is not None:
            with contextlib.suppress(OSError):
                self.part.unlink(missing_ok=True)

    def end_here(self) -> None:
        """What is here is all that comes."""
        self.frames = self.available()
        self.whole = True

    def settle(self, frames: int) -> None:
        """From here on the clip is read through the store."""
        self._count = frames
        self._limit = self._outgoing = None
        self.frames = frames
        self.whole = True
        self._growing = None
