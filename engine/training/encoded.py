"""Windows of sound as codes, and captions as text states: computed once, kept in a cache. No torch
here: numpy arrays that are read when they are wanted."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int16]
"""(codebooks, frames)."""
States = NDArray[np.float32]
"""(tokens, text width): of T5, before the decoder's projection."""


class Window(msgspec.Struct, frozen=True):
    """A piece of a track (its number in ``Data.tracks``), at most 30 s: from ``start`` on
    (seconds), ``frames`` code frames."""

    track: int
    start: float
    frames: int


class Encoded(Protocol):
    """What is in the cache of one data and one base. ``windows``: in the order of the tracks."""

    @property
    def windows(self) -> tuple[Window, ...]: ...

    def codes(self, window: int) -> Codes:
        """Of the window of that number."""
        ...

    def states(self, caption: str) -> States:
        """Of one of the tracks' captions."""
        ...
