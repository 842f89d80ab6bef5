"""How loud a session is: as the listener has it, and less while the sleep timer fades it."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.playback.playback import Playback
from engine.session.notices import Notices
from engine.session.sleep_timer import AWAKE, FADES, SleepTimer, said


class Bedtime:
    """Carries out the sleep timer on ``playback``; ``stop`` ends the session. Its methods may be
    called from any thread, ``look`` from the session's."""

    def __init__(
        self,
        playback: Playback,
        notices: Notices,
        stop: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._playback = playback
        self._notices = notices
        self._stop = stop
        self._clock = clock
        self._timer = SleepTimer()
        self._volume = playback.volume
        self._gain = 1.0
        self._fading = False

    @property
    def volume(self) -> float:
        """As the listener has it, in [0, 1], linear gain; ears elsewhere say theirs."""
        return self._playback.volume if self._gain == 1.0 else self._volume

    @property
    def minutes(self) -> int | None:
        """Until the fade, rounded up; 0 while it fades, None where none is set."""
        return self._timer.left(self._clock())

    def set_volume(self, volume: float) -> None:
        """``volume`` in [0, 1], linear gain."""
        self.awake()
        self._volume = min(1.0, max(0.0, volume))
        self._playback.set_volume(self._volume * self._gain)

    def set(self, minutes: float | None) -> None:
        """Fade slowly and stop in ``minutes``; None: don't."""
        self._timer.set(minutes, self._clock())
        self._notices.tell(said(minutes), answer=True)

    def step(self) -> None:
        """On to the sleep timer's next choice; behind the last one it is off."""
        self._notices.tell(said(self._timer.step(self._clock())), answer=True)

    def awake(self) -> None:
        """Whoever does something with the music is not asleep."""
        if self._timer.wake(self._clock()):
            self._notices.tell(AWAKE, answer=True)

    def look(self) -> None:
        """Several times a second. What is not heard has nothing to fade."""
        gain, fading = self._timer.gain(self._clock()), self.minutes == 0
        if gain != self._gain:
            self._volume, self._gain = self.volume, gain
            self._playback.set_volume(self._volume * gain)
        before, self._fading = self._fading, fading
        if not fading:
            return
        state = self._playback.state()
        if gain == 0.0 or state.paused or state.away or state.waiting:
            self._stop()
        elif not before:
            self._notices.tell(FADES, answer=True)
