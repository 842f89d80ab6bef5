"""The callback: ring -> device, with pause, volume and stop as ramps.

``fill`` runs in the sound card's thread: no allocation of buffers, no lock, no log.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.audio.crossfade import fade_gains
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.playback.ring import Ring

RAMP = frames_of(0.05)
STOP_RAMP = frames_of(0.4)
SKIP_RAMP = frames_of(0.02)
RETURN_FADE = frames_of(3.0)
"""When the sound device is back after it was away: the listener has not asked for the silence, so
the sound comes as a late clip does."""
STOPPED_SECONDS = 3.0
"""Where nobody of this process has looked for so long it was stopped, and what the device had is
played out: the sound comes back as that of a device does. (The clock stands while a machine sleeps;
then the device goes on with what it had, and so does the sound.)"""
AFTER = frames_of(5.0)
"""Zeros given after the end to a sink that asks as fast as it can, before it has to wait."""
HISTORY = 1024
NAP = 0.05
"""Who waits is woken; so often it looks all the same."""


class Player:
    """What the sink asks for audio. The other threads set ``paused``, ``volume`` and ``stopping``
    and read the counters; the callback does the rest."""

    def __init__(
        self,
        ring: Ring,
        *,
        realtime: bool,
        lead: int = 0,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.realtime = realtime
        """False: it waits for audio (and while paused) instead of giving silence, until it is
        ``released``."""
        self.paused = False
        self.volume = 1.0
        self.stopping = False
        self.released = False
        """The sink is about to be closed."""
        self.gaps = 0
        """How often the ring ran dry in mid-music."""
        self.asked = 0
        """Frames given to the sink."""
        self.drained_at: int | None = None
        """``asked`` when the last frame was given (or the stop fade was over)."""
        self._ring = ring
        self._lead = lead
        """Frames that have to be in the ring before a listener in real time hears the first of
        them: they are made block by block, on a busy machine not as fast as they are heard."""
        self._clock = clock
        self._looked_at = clock()
        self._was_stopped = False
        self._gain = 1.0
        self._flowing = False
        self._away = False
        self._left_at = 0
        self._return = fade_gains(0, RETURN_FADE, RETURN_FADE).astype(np.float32)[:, None]
        self._returned = RETURN_FADE
        self._count = np.arange(1, BLOCK_FRAMES + 1, dtype=np.float32)[:, None]
        self._ramp = np.zeros((BLOCK_FRAMES, 1), np.float32)
        self._asked_then = np.zeros(HISTORY, np.int64)
        self._taken_then = np.zeros(HISTORY, np.int64)
        self._calls = 0

    def fill(self, out: Frames) -> int:
        """Fill ``out``, shape (n, 2). Returns how many of its frames are the session's: fewer
        than n only at the end, where zeros follow."""
        done = told = 0
        self._notice_a_stop()
        self._wait_after_the_end()
        while done < len(out):
            if self._silent():
                break
            count = self._give(out[done:])
            if count == 0:
                break
            done += count
            if not self.realtime and done < len(out):  # who waits for the rest has had this
                told += count
                self.asked += count
                self._note()
        out[done:] = 0.0
        self._fade_in_again(out, done)
        over = self._ring.drained or (self.stopping and self._gain == 0.0)
        valid = done if over or self.released else len(out)
        self.asked += len(out) - told
        if over and self.drained_at is None:
            self.drained_at = self.asked - len(out) + done
        self._note()
        return valid

    def look_again(self) -> None:
        """Of what a sink is asked that waits something has changed. Not for the callback."""
        self._ring.more.set()

    def look(self) -> None:
        """Somebody of this process looks: it runs. Whoever looks first after it was stopped, the
        callback or another thread, sees that by the clock."""
        now = self._clock()
        self._was_stopped = self._was_stopped or now - self._looked_at > STOPPED_SECONDS
        self._looked_at = now

    def _notice_a_stop(self) -> None:
        self.look()
        if self._was_stopped and self._flowing and self.realtime:
            self._returned = 0
        self._was_stopped = False

    def hold(self) -> None:
        """The device is away: nothing is taken until ``come_back``. Both are called while nobody
        asks."""
        self._away, self._gain, self._flowing = True, 0.0, False

    def come_back(self) -> None:
        """The device is back: the sound goes on where it was left, faded in."""
        self._away, self._returned, self._left_at = False, 0, self._ring.taken

    @property
    def held(self) -> bool:
        """Whether the sound has to go down to silence for a while (not merely to volume 0)."""
        return self.paused or self.stopping or self._away

    def taken_at(self, asked: int) -> int:
        """The ring's cursor when ``asked`` frames had been given: what is heard when that many
        have been heard. What a device took with it that went away is not waited for: its latency
        may be longer than it was away."""
        return max(self._left_at, self._taken_then_at(asked))

    def _taken_then_at(self, asked: int) -> int:
        newest = self._calls
        for call in range(newest - 1, max(-1, newest - HISTORY + 1), -1):
            then = int(self._asked_then[call % HISTORY])
            if then <= asked:
                taken = int(self._taken_then[call % HISTORY])
                if call + 1 < newest:
                    ahead = int(self._taken_then[(call + 1) % HISTORY]) - taken
                    return taken + min(ahead, asked - then)
                return taken
        return int(self._taken_then[0]) if newest < HISTORY else 0

    def _wait_after_the_end(self) -> None:
        """A sink in virtual time would go on asking for zeros until it is closed."""
        while (
            not (self.realtime or self.released)
            and self.drained_at is not None
            and self.asked - self.drained_at > AFTER
        ):
            self._wait()

    def _wait(self) -> None:
        """Until something is written or changed; not in real time."""
        self._ring.more.wait(NAP)
        self._ring.more.clear()

    def _silent(self) -> bool:
        """Whether this call gives no more sound: paused or stopped. Carries out a skip."""
        while not self.realtime and self.paused and not (self.stopping or self.released):
            self._wait()
        if not self._held() or not (self._gain == 0.0 or not self._flowing):
            return False
        if self._ring.skip_to > self._ring.taken:
            self._ring.skip()
            self._flowing = False
            if not self.held:
                self._gain = self.volume
        return self._held()

    def _held(self) -> bool:
        """``held``, or what is sounding is to be skipped."""
        return self.held or self._ring.skip_to > self._ring.taken

    def _goal(self) -> float:
        return 0.0 if self._held() else self.volume

    def _give(self, out: Frames) -> int:
        """Take the next frames at the gain that is due. 0 when the ring is dry."""
        goal, step = self._goal(), self._step()
        count = len(out)
        if goal != self._gain:
            left = max(1, int(np.ceil(abs(goal - self._gain) / step - 1e-3)))
            count = min(count, left, BLOCK_FRAMES)
        taken = self._take(out[:count])
        if goal != self._gain:
            self._slide(out[:taken], goal, step)
        elif self._gain != 1.0:
            np.multiply(out[:taken], np.float32(self._gain), out=out[:taken])
        return taken

    def _take(self, out: Frames) -> int:
        if self.realtime and not (self._flowing or self._has_lead()):
            return 0
        taken = self._ring.take(out)
        while not taken and not self.realtime and not self._ring.drained:
            if self.released or self.stopping:
                break
            self._wait()
            taken = self._ring.take(out)
        if not self.realtime and self._ring.crowded and self._ring.low:
            self._ring.room.set()
        if taken:
            self._flowing = True
        elif self._flowing:
            self._flowing = False
            self.gaps += 0 if self.stopping or self._ring.drained else 1
        return taken

    def _has_lead(self) -> bool:
        return self._ring.filled >= self._lead or self._ring.finished

    def _step(self) -> float:
        if self.stopping:
            return 1.0 / STOP_RAMP
        skipping = self._ring.skip_to > self._ring.taken
        return 1.0 / (SKIP_RAMP if skipping else RAMP)

    def _slide(self, out: Frames, goal: float, step: float) -> None:
        """Move the gain towards ``goal`` by ``step`` a frame, over ``out``."""
        if not len(out):
            if self.stopping or self.paused:
                self._gain = 0.0
            return
        up = goal > self._gain
        ramp = self._ramp[: len(out)]
        np.multiply(self._count[: len(out)], np.float32(step if up else -step), out=ramp)
        np.add(ramp, np.float32(self._gain), out=ramp)
        (np.minimum if up else np.maximum)(ramp, np.float32(goal), out=ramp)
        np.multiply(out, ramp, out=out)
        moved = self._gain + (step if up else -step) * len(out)
        arrived = abs(goal - moved) < step * 1e-3 or (moved > goal) == up
        self._gain = goal if arrived else moved

    def _fade_in_again(self, out: Frames, sounding: int) -> None:
        """Of ``out`` so many frames are sound. Who waits for a clip waits for the fade too; who has
        paused has not."""
        first = self._returned
        if self._away or first >= RETURN_FADE:
            return
        faded = out[: min(sounding, RETURN_FADE - first)]
        np.multiply(faded, self._return[first : first + len(faded)], out=faded)
        self._returned = first + (len(out) if self.paused else sounding)

    def _note(self) -> None:
        self._asked_then[self._calls % HISTORY] = self.asked
        self._taken_then[self._calls % HISTORY] = self._ring.taken
        self._calls += 1
