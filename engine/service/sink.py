"""Where the sound of a session goes that others hear: a file that grows and is read meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE
from engine.places import part_of
from engine.playback.sinks.file import FileSink

LEAD_SECONDS = 3.0
"""How far a live session's sound lies ahead of who began to listen when it began: what a browser
wants to have before it plays, and no more, since a steer is heard that much later."""
HOLD_SECONDS = 1800.0
"""The longest that a live session is held: whoever paused it may have gone."""
LOOK_SECONDS = 0.05


class GrowingSink(FileSink):
    """Writes exactly the session's frames to ``path``, a FLAC file that appears under its name when
    it is whole; until then it grows as ``growing``.

    As fast as the session is composed, or ``live``: from session frame ``since`` on no faster than
    it would be heard, ``LEAD_SECONDS`` ahead; while it is held, nothing comes. It never counts a
    gap: what is composed late comes late. Errors as with ``FileSink``.
    """

    name = "service"

    def __init__(
        self,
        path: Path,
        *,
        title: str,
        live: bool = False,
        since: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(path, title=title)
        if live:  # what is paused or steered is heard soon
            self.at_once = BLOCK_FRAMES
        self._live, self._since, self._clock = live, since, clock
        self._held_until = -math.inf
        self._began: float | None = None
        """When the frame ``since`` is heard, by the clock."""
        self.frames = 0
        """Taken so far."""

    def describe(self) -> str:
        return "the service"

    def hold(self, held: bool) -> None:
        """Hold a live session, or let it go on. Any thread may call it."""
        self._held_until = self._clock() + HOLD_SECONDS if held and self._live else -math.inf

    def before(self) -> None:
        """Wait while it is held."""
        since = self._clock()
        while self._clock() < self._held_until and not self.stopping.wait(LOOK_SECONDS):
            pass
        if self._began is not None:
            self._began += self._clock() - since

    def after(self, frames: int) -> None:
        """Wait until so much may be here."""
        self.frames += frames
        if self._live and self.frames > self._since:
            self._began = self._clock() if self._began is None else self._began
            ahead = (self.frames - self._since) / SAMPLE_RATE - LEAD_SECONDS
            self.stopping.wait(max(0.0, self._began + ahead - self._clock()))


def growing(path: Path) -> Path:
    """Under which name this process writes ``path`` until it is whole."""
    return part_of(path)
