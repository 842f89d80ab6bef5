"""Clips -> one gapless stream: a pull machine without threads or a clock.

Nearly always every clip is here long before it is to be heard. Then ``read`` gives block after
block: the clip that sounds, and where the next one overlaps it, the crossfade of the two
(``joins``).

Something may be missing: a clip that is late, or a splice that is armed and not here yet. ``read``
then answers None and waits. So its samples hang on the clips alone, not on when they arrived, and a
rendering needs nothing else. A listener in real time can't wait: with little left in the ring the
feeder calls ``read_late``, which always answers and decides what is heard instead
(docs/architecture.md, Late clip).

What the clips make together passes the rise guard (``engine.audio.rise``): its loudness rises
slowly, whatever is in a clip. The fades over it (the session's ends, 50 ms after a seek) come after
the guard, so the one does not answer the other.

The *tail* is the clip that sounds last of those whose joins are known. A placement is *resolved*
once its join is known: where it enters, and under which law.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np

from engine.audio.align import MAX_LAG
from engine.audio.crossfade import fade_gains
from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames, frames_of, seconds_of
from engine.audio.rise import MEMORY_FRAMES, RiseGuard
from engine.composers.base import Marks
from engine.plan.clock import OVERLAP_SECONDS, clip_count, clip_start
from engine.plan.spec import ClipKey
from engine.playback.joins import (
    SEEK_FADE,
    SHORTEST_JOIN,
    SPLICE_FADE,
    head_is_here,
    lay,
    splice_in,
)
from engine.playback.placement import JoinRecord, Placement, mix
from engine.playback.stored_clip import ClipAudio

LATE_FADE = frames_of(4.0)
"""Over so much of its end the tail fades when the next clip is not here."""
CUT_FADE = frames_of(1.0)
"""The same for a tail that ends early because it was cut for a splice. Shorter, because the splice
may still come."""
ENTRY_FADE = frames_of(3.0)
"""A clip that enters after silence fades in over so much."""
HEADROOM = frames_of(3.0)
"""Audio wanted before a late or stalled clip goes on, so that it does not stop again at once."""
RETRACED = frames_of(30.0)
"""Where a kept session goes on the guard is led over so much of what was heard before: from silence
to full scale it acts for 19 s (2 LU per second from -38 LUFS on), and 4 s are its memory."""


class Block(NamedTuple):
    """A stretch of the stream."""

    audio: Frames
    """``BLOCK_FRAMES`` frames, or as often as was asked; the session's last may be fewer."""
    session_frame: int
    """Of the first of them."""
    waiting: bool
    """It is silence, and the session's clock stands still."""


def floor_block(frame: int) -> int:
    """The last block boundary at or before ``frame``."""
    return frame // BLOCK_FRAMES * BLOCK_FRAMES


class Joiner:
    """Joins the clips of one session of ``total`` frames. Not thread-safe. ``fade_in``,
    ``fade_out``: frames of the fades at the session's ends (raised cosine)."""

    def __init__(
        self, total: int, *, fade_in: int = frames_of(4.0), fade_out: int = frames_of(4.0)
    ) -> None:
        self.total = total
        self.position = 0
        """Session frame of the next block: the write cursor."""
        self.missed_splice = False
        """Set when a splice, armed or placed, was passed by; whoever reads it clears it."""
        self._fades = (fade_in, fade_out)
        self._places: list[Placement] = []
        self._armed: int | None = None
        """The barrier: nothing at or after this session frame is read."""
        self._origin = 0
        """Where the session begins or goes on."""
        self._read_from = 0
        """Where reading began, at the session's start or after the last ``seek``."""
        self._ramp_from: int | None = None
        """Where what is read fades in from: where a kept session goes on, after a seek or a stall.
        None when that is over."""
        self._stalled = False
        """The clip that sounds has run dry and has been faded out."""
        self._guard = RiseGuard()
        self._guarded = 0
        """Frames that it has let through and that were heard, or will be."""
        self._before_wait: RiseGuard | None = None
        """As it was when the silence began in which the listener waits now."""
        self._enters_itself = False
        """What ends that silence fades in within its clip."""
        self._last_index = clip_count(seconds_of(total)) - 1

    # what is put down

    def place(
        self, clip: ClipAudio, marks: Marks, *, splice: bool, over: int = SPLICE_FADE
    ) -> bool:
        """Put a clip on the time line; True when it was taken.

        Usually it is the next one: its index follows the last one's. A ``splice`` takes over at its
        own first frame, in the midst of what is there, in a crossfade of ``over`` frames: clips
        with its index or a later one no longer sound from there on.

        A splice is refused (False) when its first frame has been read already, unless what it takes
        over from is fading or at its end: then it enters late. It is refused too when a clip of a
        later index sounds already. Raises ``ValueError`` for a clip that is no splice and whose
        index does not follow.
        """
        if not splice:
            expected = self._places[-1].clip.key.index + 1 if self._places else clip.key.index
            if clip.key.index != expected:
                raise ValueError(f"clip {clip.key.index} placed where {expected} follows")
            place = Placement(clip, marks, "join" if self._places else "start")
            self._places.append(place)
            return True
        self._armed = None
        if clip.start < self.position and not self._tail_is_ending():
            return False
        if any(p.clip.key.index > clip.key.index and self._sounds(p) for p in self._places):
            return False
        self._splice(Placement(clip, marks, "splice", over))
        return True

    def withdraw(self, keys: frozenset[ClipKey]) -> None:
        """Clips that lie wholly after ``position`` are not wanted any more."""
        self._places = [p for p in self._places if p.clip.key not in keys]

    def start_at(self, frame: int) -> None:
        """Begin at the block that holds session ``frame`` instead of at 0; before any reading."""
        self.position = self._origin = self._read_from = floor_block(frame)
        self._ramp_from = self.position or None

    def arm(self, frame: int) -> None:
        """Put up a barrier: a splice is coming, so nothing at or after ``frame`` is read until it
        is placed, called off (``disarm``) or, in real time, passed by."""
        self._armed = frame

    def disarm(self) -> None:
        """No splice is coming after all."""
        self._armed = None

    def enter_by_itself(self) -> None:
        """What ends the silence in which the listener waits fades in within its clip
        (``handover``). That is how it is kept and heard again, without the silence: the guard goes
        on as if there had been none."""
        if self._before_wait is not None:
            self._guard, self._enters_itself = self._before_wait, True

    @property
    def ended(self) -> bool:
        return self.position >= self.total

    @property
    def joins(self) -> list[JoinRecord]:
        """The joins heard so far, in order."""
        return [p.record() for p in self._places if p.heard and p.kind != "start"]

    def horizon(self) -> int:
        """Session frame up to which audio is there without a gap, whatever is armed."""
        frame = self._origin
        for place in self._places:
            if place.clip.start - MAX_LAG > frame:
                break
            frame = place.reach()
            if not place.clip.whole:
                break
        return min(frame, self.total)

    # reading

    def read(self, most: int = 1) -> Block | None:
        """The next block, ``most`` of them in one where they are there; or None when something it
        needs is not there yet (or at the end)."""
        if self.ended:
            return None
        end, frontier = min(self.position + BLOCK_FRAMES, self.total), self.frontier()
        if end > frontier:
            return None
        return self._emit(max(end, floor_block(min(frontier, self.position + most * BLOCK_FRAMES))))

    def read_late(self) -> Block:
        """The next block now, whatever is missing. After the end: an empty block."""
        block = self.read()
        if block is not None:
            return block
        if self.ended:
            return Block(np.zeros((0, CHANNELS), np.float32), self.position, False)
        if self._pass_splice_by():
            return self.read_late()
        tail = self._tail()
        if tail is None:
            return self._wait()
        if not tail.clip.whole:
            return self._stall(tail)
        return self._ride_out(tail)

    def seek(self, frame: int, *, unheard: int = 0) -> int:
        """Go to the block that holds session ``frame``, or the last one that can be read.
        ``unheard``: frames that were read last and will not be heard.

        Returns the frame really sought. What is read next fades in over 50 ms. It may be turned
        down at first if it is much louder than what was heard before.
        """
        self._take_back(unheard)
        begin = self._places[0].clip.start if self._places else self._origin
        first = -(-begin // BLOCK_FRAMES)
        last = min(self.frontier(), self.total) - BLOCK_FRAMES
        self.position = max(first * BLOCK_FRAMES, floor_block(min(frame, last)))
        self._read_from = self.position
        self._ramp_from = self.position or None
        self._stalled = False
        return self.position

    # deterministic machinery

    def frontier(self) -> int:
        """Session frame up to which ``read`` may go: no further than to where something that is not
        here yet could change what is heard."""
        pending = self._resolve()
        tail = self._tail()
        if tail is None:
            return 0
        if self._stalled and not tail.has(self.position + HEADROOM):
            return self.position
        limit = self.total if self._armed is None else min(self._armed, self.total)
        if pending is not None:  # the next clip is put down, and its join can't be worked out yet
            limit = min(limit, self._pending_limit(pending, tail))
        elif tail.clip.key.index < self._last_index and tail.end < self.total:
            # The next clip is not here at all: to where it would begin, and not into a late fade.
            limit = min(limit, max(self._next_start(tail), tail.solid))
            if self._armed is None:
                limit = min(limit, floor_block(tail.end) - self._late_fade(tail))
        elif tail.clip.whole:
            return limit
        if tail.clip.whole:
            return min(limit, tail.end)
        return min(limit, self._growing_limit(tail))

    def _pending_limit(self, pending: Placement, tail: Placement) -> int:
        """Where a clip that is put down may begin to sound: a join not before the tail's own join
        is over, a splice at its first frame, be it in the midst of that."""
        if pending.kind == "splice":
            return pending.clip.start
        return max(pending.clip.start, tail.solid)

    def _growing_limit(self, tail: Placement) -> int:
        """A growing clip is read up to one block short of what is here of it: should it run dry,
        that block is what fades away (``_stall``)."""
        if tail.clip.available() >= tail.clip.frames:
            return tail.end
        return tail.reach() - BLOCK_FRAMES

    def _next_start(self, tail: Placement) -> int:
        return frames_of(clip_start(tail.clip.key.index + 1))

    def _resolve(self) -> Placement | None:
        """Work out, in order, the joins that can be worked out. Returns the first placement whose
        join can't, if any."""
        for i, place in enumerate(self._places):
            if place.resolved:
                continue
            if not self._resolve_one(place, self._places[:i]):
                return place
        return None

    def _resolve_one(self, place: Placement, before: list[Placement]) -> bool:
        if not before:
            place.law, place.resolved, place.fresh = "start", True, True
            return True
        if place.kind == "splice":
            return splice_in(place, before)
        if place.kind == "late":
            return False
        tail = before[-1]
        if not tail.clip.whole or not head_is_here(place, tail):
            return False
        enter = max(place.clip.start, tail.solid)
        if enter < self.position and self._read_from < self.position:
            return False  # its place was passed without it: it is late
        lay(place, tail, enter)
        return place.resolved

    def _splice(self, place: Placement) -> None:
        """Put a splice on the time line. Clips before it stay, and so does its older self, up to
        it; those after it go. What sounds already always stays. A later clip that does not sound
        yet goes even if it would have begun before the splice: it might as well not have been here
        yet, and what is heard must not hang on that."""
        index, start = place.clip.key.index, place.clip.start
        kept = [
            p
            for p in self._places
            if p.clip.key.index < index
            or (p.clip.key.index == index and p.clip.start < start)
            or self._sounds(p)
        ]
        place.replaced = [p for p in self._places if p not in kept]
        if place.clip.start < self.position:
            place.kind = "late"
        self._places = [*kept, place]

    def _sounds(self, place: Placement) -> bool:
        """Whether something of it was read already."""
        return place.resolved and place.enter < self.position

    def _tail(self) -> Placement | None:
        """The clip that sounds last of those whose joins are known."""
        resolved = [p for p in self._places if p.resolved]
        return resolved[-1] if resolved else None

    def _emit(self, end: int, *, fade_away: bool = False) -> Block:
        first = self.position
        audio = mix(self._places, first, end - first)
        if fade_away:
            gains = fade_gains(0, len(audio), len(audio))[::-1]
            audio = (audio * gains[:, None]).astype(np.float32)
        audio = self._guard_from(first).push(audio)
        if end - first < BLOCK_FRAMES:
            audio = self._guard.flush()
        self._guarded += len(audio)
        audio = self._session_fades(audio, first)
        if self._ramp_from is not None:
            gains = fade_gains(first - self._ramp_from, len(audio), SEEK_FADE)
            audio = (audio * gains[:, None]).astype(np.float32)
            if end - self._ramp_from >= SEEK_FADE:
                self._ramp_from = None
        self.position, self._stalled = end, False
        self._before_wait, self._enters_itself = None, False
        for place in self._places:
            if place.resolved and place.enter < end:
                place.heard, place.replaced = True, []
        return Block(audio, first, False)

    def _guard_from(self, frame: int) -> RiseGuard:
        """The guard, when the block at session ``frame`` is next. What it has to know of what was
        heard before, where a kept session goes on, it is told first."""
        if self._guarded:
            return self._guard
        since = self._retraced_from(frame)
        for at in range(since, frame, BLOCK_FRAMES):
            block = mix(self._places, at, BLOCK_FRAMES)
            if since > 0 and at < since + MEMORY_FRAMES:
                self._guard.hear(block)
            else:
                self._guard.push(block)
        return self._guard

    def _retraced_from(self, frame: int) -> int:
        """From which block on the guard is led up to ``frame``. Into a clip that is not the
        session's first another has faded when it was heard, so not from there if it can be
        helped."""
        first = self._places[0].clip
        begin = first.start
        if first.key.index > 0 and begin + frames_of(OVERLAP_SECONDS) + MEMORY_FRAMES <= frame:
            begin += frames_of(OVERLAP_SECONDS)
        return min(frame, -(-max(begin, frame - RETRACED) // BLOCK_FRAMES) * BLOCK_FRAMES)

    def _take_back(self, unheard: int) -> None:
        """The last frames that were read will not be heard."""
        if unheard >= self._guarded:
            self._guard, self._guarded = RiseGuard(), 0
        elif unheard:
            self._guard.forget(unheard)
            self._guarded -= unheard

    def _session_fades(self, audio: Frames, first: int) -> Frames:
        fade_in, fade_out = self._fades
        if first < fade_in:
            audio = (audio * fade_gains(first, len(audio), fade_in)[:, None]).astype(np.float32)
        left = self.total - first
        if left - len(audio) < fade_out:
            gains = fade_gains(left - len(audio), len(audio), fade_out)[::-1]
            audio = (audio * gains[:, None]).astype(np.float32)
        return audio

    # lateness

    def _late_fade(self, tail: Placement) -> int:
        """Frames over which the tail fades if nothing follows; less where it was cut for a splice
        and ends before the next clip would begin."""
        return LATE_FADE if tail.end > self._next_start(tail) else CUT_FADE

    def _tail_is_ending(self) -> bool:
        """Whether the tail is fading because nothing follows it, or has ended."""
        tail = self._tail()
        return tail is not None and (
            tail.fade_out is not None
            or (tail.clip.whole and self.position >= floor_block(tail.end))
        )

    def _pass_splice_by(self) -> bool:
        """Give up a splice whose frame is reached: one that is armed and not here, while the tail
        could go on; or one that is placed and of which too little is here, in whose stead the clips
        that it replaced are put back. True when there was one."""
        end = self.position + BLOCK_FRAMES
        if self._armed is not None and end > self._armed and self._everything_else_is_here(end):
            self._armed = None
            self.missed_splice = True
            return True
        for i, place in enumerate(self._places):
            if place.kind == "splice" and not place.resolved and end > place.clip.start:
                self._places[i:] = place.replaced
                self.missed_splice = True
                return True
        return False

    def _everything_else_is_here(self, end: int) -> bool:
        tail = self._tail()
        return tail is not None and tail.has(end)

    def _wait(self) -> Block:
        silence = np.zeros((BLOCK_FRAMES, CHANNELS), np.float32)
        if self._guarded and not self._enters_itself:  # else it is no silence after music
            self._before_wait = self._before_wait or copy.copy(self._guard)
            self._guarded += len(self._guard.push(silence))
        return Block(silence, self.position, True)

    def _stall(self, tail: Placement) -> Block:
        """The clip that sounds is composed more slowly than it is heard and has run dry: its last
        block fades away, and silence waits until ``HEADROOM`` of it is here (``frontier``)."""
        end = self.position + BLOCK_FRAMES
        if not self._stalled and end <= tail.reach():
            block = self._emit(end, fade_away=True)
            self._stalled, self._ramp_from = True, self.position
            return block
        return self._wait()

    def _ride_out(self, tail: Placement) -> Block:
        """The tail is whole and nothing after it can be read. It plays on and fades over its last
        seconds (not where a splice is still to come), then silence waits. Should the next clip come
        meanwhile, it is let in."""
        stop = min(floor_block(tail.end), self.total)
        late = next((p for p in self._places if not p.resolved), None)
        if late is not None and self._let_in(late, tail, stop):
            block = self.read()
            return block if block is not None else self._wait()
        if self.position >= stop:
            return self._wait()
        coming = self._armed is not None and self._armed < stop
        fading = not coming and self.position >= stop - self._late_fade(tail)
        if fading and tail.fade_out is None:
            tail.fade_out = (self.position, stop)
        return self._emit(min(self.position + BLOCK_FRAMES, stop))

    def _let_in(self, late: Placement, tail: Placement, stop: int) -> bool:
        """Let a late clip in, if enough of it is here: while the tail sounds (up to frame ``stop``)
        at its next bar, crossfading; once that has ended, after silence. False: not yet."""
        if self.position < stop:
            if not head_is_here(late, tail):
                return False
            for bar in late.marks.bars:
                frame = frames_of(bar)
                if frame >= max(self.position, late.clip.start) and stop - frame >= SHORTEST_JOIN:
                    late.kind = "late"
                    lay(late, tail, frame)
                    return late.resolved
            return False
        return self._enter_after(late, stop)

    def _enter_after(self, late: Placement, stop: int) -> bool:
        """Let a late clip in after silence, from the last of its phrases that begins before frame
        ``stop``, at which the session's clock stands; from there itself if none does."""
        marks = [frames_of(m) for m in late.marks.phrases]
        marks = [m for m in marks if late.clip.start <= m <= stop]
        enter = max(marks, default=max(stop, late.clip.start))
        if not late.has(enter + HEADROOM):
            return False
        late.kind, late.law, late.enter = "late", "fade in", enter
        late.fade, late.fresh, late.resolved = ENTRY_FADE, True, True
        self.position = floor_block(enter)
        return True
