"""What finishing keeps in memory of a clip's end, so that the next clip goes on from there.

Neighbours share some seconds, and finishing them again from the checkpoints at their beginning
gives the same samples. So where the composer gives the next clip the very samples that it gave this
one, what was made of them is taken, and finishing goes on from the last half second of the grid at
which nothing yet hung on what differs. With and without it the same bytes leave.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from engine.audio.checkpoints import Checkpoint
from engine.audio.format import BLOCK_FRAMES, Frames
from engine.audio.levelling import GRID_BLOCKS, Levelled
from engine.audio.limiter import TAIL_FRAMES, LimiterState, TruePeakLimiter
from engine.audio.rider import HISTORY_BLOCKS, LOOK_AHEAD_BLOCKS, RiderState

_KEPT_BLOCKS = 100
"""Ten seconds: clips share 7.5, and 1.5 more are heard past a clip's end."""


class Ending(NamedTuple):
    """Of a clip that has been finished. Blocks are counted from the session's beginning."""

    checkpoints: bytes
    """All that the next clip is told of this one; what is kept here goes with these alone."""
    softened: float | None
    came: Mapping[int, Frames]
    """Pieces of what the composer gave, by their first block."""
    left: Mapping[int, Levelled]
    """Blocks that left the limiter as they came to it."""
    points: Mapping[int, Checkpoint]
    """By block."""
    history: tuple[float, ...]
    """The rider's, which ``points`` count in."""
    target: Callable[[int], float]


class Keeping:
    """Takes note of what comes to finishing and of what leaves it, as much as may be shared."""

    def __init__(self) -> None:
        self._came: deque[tuple[int, Frames]] = deque()
        self._left: deque[tuple[int, Levelled]] = deque(maxlen=_KEPT_BLOCKS)

    def came(self, block: int, piece: Frames) -> None:
        """A piece of whole blocks, the first of which is ``block``."""
        self._came.append((block, piece))
        while self._came[0][0] < block - _KEPT_BLOCKS:
            self._came.popleft()

    def left(self, block: int, levelled: Levelled) -> None:
        """A block that the limiter let pass."""
        self._left.append((block, levelled))

    def ending(
        self,
        checkpoints: bytes,
        softened: float | None,
        points: list[Checkpoint],
        history: list[float],
        target: Callable[[int], float],
    ) -> Ending:
        by_block = {point.grid * GRID_BLOCKS: point for point in points}
        return Ending(
            checkpoints,
            softened,
            dict(self._came),
            dict(self._left),
            by_block,
            tuple(history),
            target,
        )


class Shared:
    """A clip's way along the ``ending`` of the one before, from block ``first`` on and not as far
    as its own ``end``.

    ``block``: from where on finishing is to be done; what it hung on before is known.
    """

    def __init__(
        self, ending: Ending, first: int, end: int, target: Callable[[int], float]
    ) -> None:
        self._ending, self._end, self._target = ending, end, target
        self.first = self.block = first
        self._heard = first

    def hears(self, piece: Frames) -> bool:
        """Whether these whole blocks, too, are those that came to the clip before."""
        known = self._ending.came.get(self._heard)
        if known is None or not np.array_equal(known, piece):
            return False
        self._heard += len(piece) // BLOCK_FRAMES
        while self._is_known(self.block + GRID_BLOCKS):
            self.block += GRID_BLOCKS
        return True

    def _is_known(self, block: int) -> bool:
        """Whether all that hangs on nothing but what was heard so far is known up to ``block``."""
        heard = block + LOOK_AHEAD_BLOCKS < self._heard
        if not heard or block >= self._end or block not in self._ending.points:
            return False
        made = range(self.block, block)
        passed = all(at in self._ending.left for at in made)
        return passed and all(self._target(at) == self._ending.target(at) for at in (*made, block))

    def left(self, block: int) -> Levelled:
        return self._ending.left[block]

    def points(self) -> list[Checkpoint]:
        """Where everything stood before ``block``, for a rider that goes on from ``rider``."""
        points = self._ending.points
        grid = range(self.first, self.block, GRID_BLOCKS)
        return [replace(points[at], history_end=self._moved(at)) for at in grid]

    def point(self) -> Checkpoint:
        return self._ending.points[self.block]

    def rider(self) -> RiderState:
        """The rider's state at ``block``, with all that left since before ``first``."""
        begin = self._ending.points[self.first].history_end - HISTORY_BLOCKS
        history = self._ending.history[begin : self.point().history_end]
        return RiderState(self.point().gain, history)

    def limiter(self) -> TruePeakLimiter:
        """One that has taken in the blocks before ``block``, and let them pass."""
        before, *blocks = (self.left(self.block - back).audio for back in (3, 2, 1))
        limiter = TruePeakLimiter(state=LimiterState(before[-TAIL_FRAMES:], 0.0))
        for audio in blocks:
            limiter.push(audio)
        return limiter

    def _moved(self, block: int) -> int:
        points = self._ending.points
        return HISTORY_BLOCKS + points[block].history_end - points[self.first].history_end
