"""The thread that keeps the ring full: joiner -> safety limiter -> 24-bit -> ring."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from engine.audio.format import BLOCK_FRAMES, Frames, frames_of, quantise24
from engine.audio.limiter import TruePeakLimiter
from engine.playback.head_start import HeadStart
from engine.playback.joiner import Block, Joiner
from engine.playback.ring import Ring
from engine.playback.sound_columns import SoundColumns

CEILING_DBTP = -1.0
URGENT = frames_of(1.0)
"""With less than this written ahead a listener in real time gets what there is (read_late)."""
URGENT_AT_FIRST = frames_of(0.2)
"""The same until so much as ``URGENT`` was written ahead once: who composes fast is not waited
for."""
AT_ONCE = 5
"""Blocks read at a time by who is not in real time. Of twice as many the limiter's and the guard's
arrays are the system's own each time (``engine.allocation``), and a fifth slower."""
NAP = 0.02
"""A sound card's thread takes without a word, so in real time the feeder looks so often."""
IDLE = 0.5
"""Else it is woken whenever there is something to do; so often it looks all the same."""
NOTES_LIMIT = 4096


class ClockMark(NamedTuple):
    """From stream frame ``stream`` on the session is at ``session``; it stands if ``waiting``."""

    stream: int
    session: int
    waiting: bool


class Feeder:
    """Owns the joiner; everyone else reaches it under ``lock``.

    ``ahead``: frames kept written beyond what the sink has taken.
    """

    def __init__(
        self,
        joiner: Joiner,
        ring: Ring,
        *,
        ahead: int,
        realtime: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.Lock()
        self.realtime = realtime
        self.failure: Exception | None = None
        self._joiner = joiner
        self._ring = ring
        self._ahead = ahead
        self.sound = SoundColumns()
        self._limiter = TruePeakLimiter(ceiling_dbtp=CEILING_DBTP)
        self._notes: list[ClockMark] = [ClockMark(0, joiner.position, True)]
        self._pushed = 0
        self._begun = False
        self._head_start = HeadStart(clock)
        self._urgent = URGENT_AT_FIRST
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Something has come or was placed: look at once."""
        self._ring.room.set()

    def seek(self, frame: int) -> int:
        """Under ``lock``: what is written and not yet taken is dropped. Returns the session
        frame really sought."""
        unheard = self._pushed - max(self._ring.taken, self._ring.skip_to)
        found = self._joiner.seek(frame, unheard=unheard)
        self._limiter = TruePeakLimiter(ceiling_dbtp=CEILING_DBTP)
        self._ring.skip_to = self._ring.written
        self._ring.finished = False
        self._pushed = self._ring.written
        self._begun = False
        self._note(ClockMark(self._pushed, found, True))
        return found

    def session_at(self, stream: int) -> tuple[float, bool]:
        """Session frame and whether the session waits, at ``stream`` frames of the ring."""
        notes = self._notes
        i = max(0, bisect_right(notes, stream, key=lambda note: note.stream) - 1)
        note = notes[i]
        if note.waiting:
            return note.session, True
        return note.session + stream - note.stream, False

    def pump(self) -> bool:
        """Under ``lock``: from joiner to ring what is due and there: in real time one block, else
        up to half a second at once, which costs less."""
        ring = self._ring
        ring.crowded = True  # before it is looked: whatever is taken from here on is told
        pending = self._pushed - max(ring.taken, ring.skip_to)
        if pending >= URGENT:
            self._urgent = URGENT
        if ring.finished or pending >= self._ahead or ring.free < 4 * BLOCK_FRAMES:
            return False
        ring.crowded = False
        if self._joiner.ended:
            self._write_rest()
            return True
        if self.realtime and self._pushed == 0 and not self._may_begin():
            return False
        most = 1 if self.realtime else min(AT_ONCE, ring.free // BLOCK_FRAMES - 3)
        block = self._joiner.read(most)
        if block is None and self.realtime and self._begun and pending < self._urgent:
            block = self._joiner.read_late()
        if block is None:
            return False
        self._push(block)
        return True

    def _may_begin(self) -> bool:
        at = self._joiner.position
        return self._head_start.enough(self._joiner.horizon() - at, self._joiner.total - at)

    def _push(self, block: Block) -> None:
        self._begun = True
        session, waiting = self.session_at(self._pushed)
        if (session, waiting) != (block.session_frame, block.waiting):
            self._note(ClockMark(self._pushed, block.session_frame, block.waiting))
        self._pushed += len(block.audio)
        if self.realtime and not block.waiting:
            self.sound.push(block.session_frame, block.audio)
        self._write(quantise24(self._limiter.push(block.audio)))

    def _write_rest(self) -> None:
        self._write(quantise24(self._limiter.flush()))
        self._finish()

    def _write(self, audio: Frames) -> None:
        if len(audio):
            self._ring.write(audio)
            if not self.realtime:
                self._ring.more.set()

    def _finish(self) -> None:
        self._ring.finished = True
        self._ring.more.set()

    def _note(self, note: ClockMark) -> None:
        earlier = [n for n in self._notes if n.stream < note.stream]
        self._notes = [*earlier[-NOTES_LIMIT:], note]

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with self.lock:
                    moved = self.pump()
                if not moved:
                    self._ring.room.wait(NAP if self.realtime else IDLE)
                    self._ring.room.clear()
        except Exception as error:
            self.failure = error
            self._finish()
