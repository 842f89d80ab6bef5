"""Who lets be heard what is written to the ring: a device here, or ears elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from engine.audio.format import frames_of
from engine.playback.outlet import Outlet
from engine.playback.player import Player
from engine.playback.ring import Ring
from engine.playback.sinks.base import Sink

MARGIN = 0.3
"""Seconds of zeros given after the session beyond the latency: a stopped stream cuts its last
buffers. PulseAudio's are .05 s longer than PortAudio says, and its thread may have to wait for a
core (docs/playback.md)."""
STOP_TIMEOUT = 0.6


class Speaker(Protocol):
    """Takes the ring's frames at the speed they are heard, with pause, volume and stop as ramps.
    Its methods may be called from any thread but the sink's, and wait for nothing but ``close``.
    """

    paused: bool
    volume: float
    """In [0, 1]; 1 leaves every sample as it is."""

    @property
    def gaps(self) -> int:
        """How often nothing was there in mid-music."""
        ...

    @property
    def over(self) -> bool:
        """The last frame has been heard, or it was stopped and is silent."""
        ...

    @property
    def lacking(self) -> str:
        """What the session stands for until it is there, in a few words ('no sound device'); ''
        while somebody listens."""
        ...

    @property
    def silent(self) -> bool:
        """Paused, stopped, or nobody listens."""
        ...

    @property
    def failure(self) -> Exception | None:
        """Why nothing more is taken."""
        ...

    def describe(self) -> str:
        """A few words for the screen."""
        ...

    def heard(self) -> int:
        """The ring's cursor at the ear."""
        ...

    def start(self) -> None:
        """Raises ``SinkUnavailableError``."""
        ...

    def skip(self) -> None:
        """What lies before the ring's ``skip_to`` is not wanted any more."""
        ...

    def stop(self) -> None:
        """Fade to silence over 0.4 s, for good."""
        ...

    def close(self) -> None:
        """Let go of whatever sounds; after ``stop`` the fade is heard first."""
        ...


class DeviceSpeaker:
    """A sink of this machine, with the player that it asks. ``say``: takes sentences about it;
    ``lead``: as the player's."""

    def __init__(
        self, ring: Ring, sink: Sink, say: Callable[[str], None], *, lead: int = 0
    ) -> None:
        self.player = Player(ring, realtime=sink.realtime, lead=lead, clock=time.monotonic)
        self._outlet = Outlet(sink, self.player, say)

    @property
    def paused(self) -> bool:
        return self.player.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self.player.paused = paused
        self.player.look_again()

    @property
    def volume(self) -> float:
        return self.player.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self.player.volume = volume

    @property
    def gaps(self) -> int:
        return self.player.gaps

    @property
    def over(self) -> bool:
        drained = self.player.drained_at
        if drained is None:
            return False
        given = self.player.asked - drained
        return given >= frames_of(self._outlet.latency + MARGIN) or not self._outlet.active

    @property
    def lacking(self) -> str:
        return "no sound device" if self._outlet.away else ""

    @property
    def silent(self) -> bool:
        return self.player.held

    @property
    def failure(self) -> Exception | None:
        return self._outlet.failure

    @property
    def latency(self) -> float:
        """Seconds between a frame being asked for and being heard."""
        return self._outlet.latency

    def describe(self) -> str:
        return self._outlet.describe()

    def heard(self) -> int:
        player = self.player
        return player.taken_at(max(0, player.asked - frames_of(self._outlet.latency)))

    def start(self) -> None:
        self._outlet.start()

    def skip(self) -> None:
        self.player.drained_at = None

    def stop(self) -> None:
        self.player.stopping = True
        self.player.look_again()

    def close(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT + self._outlet.latency
        while self.player.stopping and not self.over and time.monotonic() < deadline:
            time.sleep(0.01)
        self.player.released = True
        self.player.look_again()
        self._outlet.close()
