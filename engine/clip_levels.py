"""How loud a clip is, second by second, as it travels in the clip's record: a byte a second.

A leaf beside the record: finishing makes them, the engine sends them, the library keeps them, and
the screen's timeline unpacks them.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_SECONDS = 64
"""In one clip; what is more is left out. A clip has 30."""
QUIETEST = -70.0
"""LUFS, what a byte of 0 means: so quiet or quieter, which is silence (BS.1770's absolute gate)."""
STEPS = 4
"""Of a byte in one LU, so that the loudest is -6.25 LUFS."""


def packed(lufs: Iterable[float]) -> bytes:
    """``lufs``, a figure for each second, to a quarter of a LU; what is out of range is bounded."""
    steps = (round(STEPS * (max(QUIETEST, one) - QUIETEST)) for one in lufs)
    return bytes(min(255, step) for step in steps)[:MOST_SECONDS]


def unpacked(levels: bytes) -> tuple[float, ...]:
    """LUFS of each second. Every byte is one: nothing can be wrong with them."""
    return tuple(QUIETEST + one / STEPS for one in levels)
