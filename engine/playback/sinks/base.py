"""The sink protocol: something that asks for audio and lets it be heard, written or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.audio.format import Frames
from engine.errors import MusmedError

Fill = Callable[[Frames], int]
"""Fills a preallocated (frames, 2) float32 array in place. Returns how many of the frames are the
session's: fewer than asked for only at its end, where zeros follow (a file stops there). Called
from the sink's own thread (or the sound card's callback): it must not block, lock, allocate or
log. The one exception is a sink that is not ``realtime``: there it may wait for audio."""


class SinkUnavailableError(MusmedError):
    """This sink can't be opened here; the sentence says what is missing and what to do."""


class Sink(Protocol):
    """Where sound goes.

    ``realtime``: frames are asked for at the speed they are heard. Otherwise as fast as they
    come, and the player waits for audio instead of counting a gap.
    ``latency``: seconds between a frame being asked for and being heard, once started.
    ``active``: False when a started sink has stopped asking (device gone, server killed).
    ``own_clock``: it has one, so while it works it never stops asking; else it hangs.
    """

    name: str
    realtime: bool

    @property
    def own_clock(self) -> bool: ...

    @property
    def latency(self) -> float: ...

    @property
    def active(self) -> bool: ...

    def describe(self) -> str:
        """A few words for the screen: 'PortAudio: HDA Intel PCH'."""
        ...

    def start(self, fill: Fill) -> None:
        """Open the device and begin asking. Raises ``SinkUnavailableError``."""
        ...

    def close(self) -> None:
        """Stop asking and let go of the device; what it was already given is still heard
        where the device can do that. May be called twice."""
        ...
