"""From a clip's audio in blocks to the same at its level: filters, energies and gains.

``Analysis`` is the causal half, ``Leveller`` the one that looks ahead. Both remember where they
stood at every half second of the grid, for checkpoints.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np

from engine.audio.biquads import Doubles
from engine.audio.checkpoints import Checkpoint
from engine.audio.denoise import GateStream
from engine.audio.filters import high_pass
from engine.audio.format import BLOCK_FRAMES, CHANNELS, GRID_FRAMES, Frames
from engine.audio.k_weighting import STEPS, energies_by_step
from engine.audio.loudness import k_filter
from engine.audio.rider import LOOK_AHEAD_BLOCKS, Rider, SlowState, ramp, slow_step

GRID_BLOCKS = GRID_FRAMES // BLOCK_FRAMES


class Analysed(NamedTuple):
    """A block behind filters and gate."""

    audio: Frames
    """(2, 4800): channel by channel."""
    moments: tuple[float, float, float]
    """Its K-weighted energy, and the same weighed by how far into the block it lies, from 0 to 1,
    and by the square of that."""
    slow: SlowState
    """The slow loudness once it is heard."""


class Levelled(NamedTuple):
    """A block at its level."""

    audio: Frames
    """(4800, 2)."""
    energy: float
    """K-weighted, of this audio: filtered before the gain, which moves slowly, and not after it."""


def _moments() -> Doubles:
    """What the energies of a block's steps count in each of its moments, (10, 3): their mean, and
    with the means of t and t^2 over each step."""
    edges = np.arange(STEPS + 1) / STEPS
    first, last = edges[:-1], edges[1:]
    squares = (first * first + first * last + last * last) / 3.0
    return np.stack((np.ones(STEPS), (first + last) / 2.0, squares), axis=1) / STEPS


_MOMENTS = _moments()


class Analysis:
    """The causal half: high-pass (at ``softened`` Hz a low-pass behind it), gating (which looks
    half a second ahead), K-weighted energies block by block, and the slow loudness after each."""

    def __init__(
        self,
        point: Checkpoint | None,
        block: int,
        gate: GateStream | None,
        softened: float | None,
    ) -> None:
        self._high_pass = high_pass(point.high_pass if point else None, softened)
        self._weighting = k_filter(point.weighting if point else None)
        self._slow = point.slow_state if point else SlowState(0.0, 0.0)
        self._gate = gate
        self._in = self._out = block
        self._passed: dict[int, bytes] = {}
        self._weighted: dict[int, tuple[bytes, SlowState]] = {}

    def push(self, piece: Frames) -> list[Analysed]:
        """Whole blocks, (n * 4800, 2), none beyond a half second of the grid; gives the blocks that
        are ready."""
        if self._in % GRID_BLOCKS == 0:
            self._passed[self._in // GRID_BLOCKS] = self._high_pass.state
        self._in += len(piece) // BLOCK_FRAMES
        blocks = self._high_pass.push(piece).astype(np.float32)
        return self._weigh(blocks) if self._gate is None else self._gated(self._gate, blocks)

    def flush(self) -> list[Analysed]:
        """The rest."""
        return [] if self._gate is None else self._weigh_all(_by_channel(self._gate.flush()))

    def stood(self, grid: int) -> tuple[bytes, bytes, SlowState]:
        """High-pass state, K-weighting state and slow loudness at a grid point, given once."""
        return (self._passed.pop(grid), *self._weighted.pop(grid))

    def _gated(self, gate: GateStream, blocks: Frames) -> list[Analysed]:
        frames = np.ascontiguousarray(blocks.transpose(0, 2, 1)).reshape(-1, CHANNELS)
        return self._weigh_all(_by_channel(gate.push(frames)))

    def _weigh_all(self, blocks: Frames) -> list[Analysed]:
        out: list[Analysed] = []
        while len(blocks):
            count = GRID_BLOCKS - self._out % GRID_BLOCKS
            out += self._weigh(blocks[:count])
            blocks = blocks[count:]
        return out

    def _weigh(self, blocks: Frames) -> list[Analysed]:
        if self._out % GRID_BLOCKS == 0:
            self._weighted[self._out // GRID_BLOCKS] = (self._weighting.state, self._slow)
        self._out += len(blocks)
        steps = energies_by_step(self._weighting.push_channels(blocks))
        out = []
        for audio, moments in zip(blocks, (steps[:, None] @ _MOMENTS)[:, 0].tolist(), strict=True):
            self._slow = slow_step(self._slow, moments[0])
            out.append(Analysed(audio, tuple(moments), self._slow))
        return out


def _by_channel(audio: Frames) -> Frames:
    """(n * 4800, 2) to (n, 2, 4800)."""
    blocks = audio.reshape(len(audio) // BLOCK_FRAMES, BLOCK_FRAMES, CHANNELS)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


class Leveller:
    """The half that looks ahead: the rider's gain on every block. ``stood``: at each half second of
    the grid the rider's gain and how many energies had left."""

    def __init__(self, rider: Rider, target: Callable[[int], float], block: int) -> None:
        self._rider = rider
        self._target = target
        self._block = block
        self._ahead: deque[Analysed] = deque()
        self._waiting: tuple[Analysed, float, float] | None = None
        self.stood: dict[int, tuple[float, int]] = {}

    def push(self, analysed: Iterable[Analysed]) -> list[Levelled]:
        """Further blocks from the analysis; gives those whose gain is settled."""
        self._ahead.extend(analysed)
        return self._settle(LOOK_AHEAD_BLOCKS + 1)

    def flush(self) -> list[Levelled]:
        """The rest, with as much of the future as there is."""
        out = self._settle(1)
        if self._waiting is not None:
            out.append(_levelled(*self._waiting))
            self._waiting = None
        return out

    def _settle(self, needed: int) -> list[Levelled]:
        out = []
        while len(self._ahead) >= needed:
            if self._block % GRID_BLOCKS == 0:
                grid = self._block // GRID_BLOCKS
                self.stood[grid] = (self._rider.gain, len(self._rider.history))
            known = list(islice(self._ahead, LOOK_AHEAD_BLOCKS + 1))
            before = self._rider.gain
            energies = [block.moments[0] for block in known]
            gain = self._rider.step(energies, known[-1].slow, self._target(self._block))
            start = min(before, gain) if before > 0.0 else gain
            if self._waiting is not None:
                block, first, _ = self._waiting
                out.append(_levelled(block, first, start))
            self._waiting = (self._ahead.popleft(), start, gain)
            self._block += 1
        return out


def _levelled(block: Analysed, start: float, end: float) -> Levelled:
    """A block with a gain from ``start`` towards ``end``."""
    audio = np.empty((BLOCK_FRAMES, CHANNELS), np.float32)
    gain = np.float32(start) if start == end else ramp(start, end)
    np.multiply(block.audio, gain, out=audio.T)
    whole, first, second = block.moments
    more = end - start
    return Levelled(audio, start * start * whole + 2.0 * start * more * first + more**2 * second)
