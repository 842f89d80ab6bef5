"""What ears elsewhere are sent, and when: the session's end of ``musmed listen``, without a line.

Sound goes in blocks of a tenth of a second, each once, and is kept until it has been heard. Ears
that come back after their line dropped say up to where they have it, and what follows is sent
again: so nothing is lost and nothing comes twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.audio.format import BLOCK_FRAMES, CHANNELS, frames_of
from engine.clip_record import LOSSLESS, Codec
from engine.link.codec import Piece, encoder_of
from engine.link.ears import WINDOW_FRAMES, Heard
from engine.link.framing import LinkError
from engine.playback.ring import Ring


class Block(NamedTuple):
    """Sound from stream frame ``first`` on, a chunk of ``codec``."""

    first: int
    frames: int
    data: bytes
    codec: Codec

    @property
    def end(self) -> int:
        return self.first + self.frames


class Sending:
    """The reader of ``ring``, whose cursors are the stream's frames. One thread takes and skips."""

    def __init__(self, ring: Ring) -> None:
        self.played = 0
        """Stream frame up to which the ears have heard."""
        self._ring = ring
        self._kept: deque[Block] = deque()
        """Taken from the ring and not heard yet."""
        self._next = 0
        """Which of ``_kept`` is sent next."""
        self._coded = 0
        """Stream frame up to which there are blocks: Opus holds a little back."""
        self._got = 0
        self._ahead = 0
        self._codec: Codec = LOSSLESS
        self._encoder = encoder_of(self._codec)
        self._flushed = False
        """Nothing more comes of the encoder."""

    @property
    def sent(self) -> int:
        """Stream frame up to which these ears were sent sound."""
        return self._kept[self._next].first if self._next < len(self._kept) else self._coded

    @property
    def all_sent(self) -> bool:
        return self._ring.finished and self.sent >= self._ring.written

    def greet(self, ahead: float, have: int | None, codec: Codec = LOSSLESS) -> int:
        """New ears, who want ``ahead`` seconds waiting, coded by ``codec``, and ``have`` this
        session's sound up to a stream frame, None if none of it. Gives the stream frame from which
        on they are sent it."""
        if codec != self._codec:
            self._keep(self._encoder.finish())
            self._codec, self._encoder = codec, encoder_of(codec)
        firsts = [*(block.first for block in self._kept), self._coded]
        first = have if have is not None and have in firsts else firsts[0]
        self._next = firsts.index(first)
        self._got, self._ahead = first, frames_of(ahead)
        return first

    def take(self) -> Block | None:
        """The next block, if the ears want it now and it is there."""
        if self.sent >= self.played + self._ahead or self.sent - self._got >= WINDOW_FRAMES:
            return None
        if self._next == len(self._kept) and not self._fetch():
            return None
        self._next += 1
        return self._kept[self._next - 1]

    def _fetch(self) -> bool:
        ring = self._ring
        waits = ring.filled < BLOCK_FRAMES and not ring.finished
        if waits or ring.skip_to > ring.taken:
            return False
        audio = np.zeros((BLOCK_FRAMES, CHANNELS), np.float32)
        before = len(self._kept)
        if count := ring.take(audio):
            self._flushed = False
            self._keep(self._encoder.push(audio[:count]))
        elif ring.finished and not self._flushed:
            self._flushed = True
            self._keep(self._encoder.finish())
        return len(self._kept) > before

    def _keep(self, pieces: Iterable[Piece]) -> None:
        for frames, data in pieces:
            self._kept.append(Block(self._coded, frames, data, self._codec))
            self._coded += frames

    def heard(self, report: Heard) -> None:
        """What the ears say. Raises ``LinkError`` for what can't be."""
        if report.got > self.sent or report.played > report.got:
            raise LinkError("The ears say that they have heard what they were not sent.")
        self._got = max(self._got, report.got)
        self.played = max(self.played, report.played)
        while self._next and self._kept[0].end <= self.played:
            self._kept.popleft()
            self._next -= 1

    def skip(self) -> int:
        """What lies before the ring's ``skip_to`` is not wanted any more; gives the stream frame
        at which sound goes on."""
        self._ring.skip()
        while self._kept and self._kept[0].first < self._ring.skip_to:
            self._kept.popleft()
        self._next = 0
        if not self._kept:
            self._encoder, self._flushed = encoder_of(self._codec), False
            self._coded = self._ring.taken
        first = self._kept[0].first if self._kept else self._coded
        self._got = self.played = max(self.played, first)
        return first
