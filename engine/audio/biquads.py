"""Second-order sections over whole blocks of 0.1 s, by matrix products. numpy only.

A recursive filter is a chain: each sample waits for the one before it. Here a block is cut into
rows of ``_SPAN`` samples, and what a row gives is one product: with the filter's impulse response,
for its own samples, and with how its memory dies away, for what was before. The memories at the
rows' beginnings are found first, the same way, in groups of rows. It is the very filter of
``scipy.signal.sosfilt``, its memory included (transposed direct form II, as ``zi``), with the
additions in another order.

Every product has the shape of one block, however many come at once, so a block's numbers do not
depend on how a stream is cut. None is so large that OpenBLAS would share it among threads, so
neither do they depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames

Doubles = NDArray[np.float64]
Floating = NDArray[np.floating[Any]]

_SPAN = 32
_ROWS = BLOCK_FRAMES // _SPAN
_GROUP = 10
_GROUPS = _ROWS // _GROUP


class Laid(NamedTuple):
    """Blocks that are ready to be filtered: all that can be known without what was before them."""

    rows: Floating
    """(blocks, 2, rows, span + order): samples, and room for each row's memory."""
    within: Doubles
    """(blocks, 2, groups, group * order): the rows' memories, had each group begun from nothing."""
    groups: Doubles
    """(blocks, 2, groups * order): the groups', had each block."""
    ends: Doubles
    """(blocks, 2, order): the memory behind each block, had it begun from nothing."""


class Biquads:
    """A cascade of sections, computed in float64 or float32; it keeps nothing of a stream.

    A memory is (2, ``order``): of each channel two numbers for each section. ``through``: the
    matrix by which a memory (a row) passes a block of silence; ``sample``: a sample of it.
    """

    def __init__(self, sections: Sequence[Sequence[float]], dtype: type[np.floating[Any]]) -> None:
        sample, fed, heard, direct = _one_sample(sections)
        self.order, self._heard = len(heard), heard.astype(np.float64)
        self.sample = sample.astype(np.float64)
        self._dtype = np.dtype(dtype)
        powers = _powers(sample, _SPAN)
        responses = np.array([direct, *(fed @ power @ heard for power in powers[:-2])])
        lag = np.arange(_SPAN) - np.arange(_SPAN)[:, None]
        answer = np.where(lag < 0, 0.0, responses[np.maximum(lag, 0)])
        echo = np.stack([power @ heard for power in powers[:-1]], axis=1)
        self._coordinates(echo.astype(np.float64))
        row = self._out_of @ powers[-1] @ self._into
        rows = _powers(row, _GROUP)
        groups = _powers(rows[-1], _GROUPS)
        left = np.stack([fed @ power for power in powers[-2::-1]])
        self._left = (left @ self._into).astype(dtype)
        self._row = np.concatenate((answer, self._out_of @ echo)).astype(dtype)
        between = _chain(groups)
        between[:, -self.order :] = between[:, -self.order :] @ self._out_of
        self._rows, self._groups = _chain(rows).astype(np.float64), between.astype(np.float64)
        self._from_group = np.concatenate(rows[:-1], axis=1).astype(np.float64)
        from_block = self._into @ np.concatenate(groups[:-1], axis=1)
        self._from_block = from_block.astype(np.float64)
        self.through = np.linalg.matrix_power(sample, BLOCK_FRAMES).astype(np.float64)

    _into: Doubles
    _out_of: Doubles

    def _coordinates(self, echo: Doubles) -> None:
        """Inside a block float32 has the memory in coordinates in which its echo over a row is as
        large as it is, so that nothing cancels; float64 has it as it comes."""
        if self._dtype == np.float64:
            self._into = self._out_of = np.eye(self.order)
        else:
            self._into = np.asarray(np.linalg.qr(echo.T)[1].T, np.float64)
            self._out_of = np.asarray(np.linalg.inv(self._into), np.float64)

    def rings(self, frames: int) -> Doubles:
        """What each number of a memory still gives in so many frames of silence, (frames,
        order)."""
        line = [self._heard]
        for _ in range(frames - 1):
            line.append(self.sample @ line[-1])
        return np.stack(line)

    def lay(self, audio: Frames) -> Laid:
        """Of (n * 4800, 2) frames."""
        count = len(audio) // BLOCK_FRAMES
        return self._lay(audio.reshape(count, _ROWS, _SPAN, CHANNELS).transpose(0, 3, 1, 2))

    def lay_channels(self, blocks: Floating) -> Laid:
        """Of (n, 2, 4800) samples, block by block and channel by channel."""
        return self._lay(blocks.reshape(len(blocks), CHANNELS, _ROWS, _SPAN))

    def _lay(self, samples: Floating) -> Laid:
        count = len(samples)
        rows = np.empty((count, CHANNELS, _ROWS, _SPAN + self.order), self._dtype)
        rows[..., :_SPAN] = samples
        left = (rows[..., :_SPAN] @ self._left).astype(np.float64, copy=False)
        within = left.reshape(count, CHANNELS, _GROUPS, _GROUP * self.order) @ self._rows
        ends = within[..., -self.order :].reshape(count, CHANNELS, _GROUPS * self.order)
        groups = ends @ self._groups
        return Laid(
            rows, within[..., : -self.order], groups[..., : -self.order], groups[..., -self.order :]
        )

    def chained(self, laid: Laid, memory: Doubles) -> list[Doubles]:
        """The memories at the beginning of each block and at the end of the last, when ``memory``
        is that of the first."""
        memories = [memory]
        for end in laid.ends:
            memories.append(memories[-1] @ self.through + end)
        return memories

    def filtered(self, laid: Laid, memories: Floating) -> Floating:
        """The blocks, (n, 2, 4800), filtered with the memories at their beginnings, (n, 2,
        order)."""
        count = len(laid.rows)
        groups = laid.groups + memories @ self._from_block
        within = groups.reshape(count, CHANNELS, _GROUPS, self.order) @ self._from_group
        within += laid.within
        laid.rows[..., _SPAN:] = within.reshape(count, CHANNELS, _ROWS, self.order)
        return (laid.rows @ self._row).reshape(count, CHANNELS, BLOCK_FRAMES)


def _one_sample(
    sections: Sequence[Sequence[float]],
) -> tuple[Doubles, Doubles, Doubles, float]:
    """A cascade as z' = z A + x b, y = z c + d x: A, b, c, d."""
    order = 2 * len(sections)
    # linear forms in the memory, and last in the sample
    unit = np.eye(order + 1, dtype=np.longdouble)
    line, nexts = unit[order], []
    for at, (b0, b1, b2, _, a1, a2) in enumerate(sections):
        out = b0 * line + unit[2 * at]
        nexts += [b1 * line - a1 * out + unit[2 * at + 1], b2 * line - a2 * out]
        line = out
    whole = np.stack(nexts, axis=1)
    return whole[:order], whole[order], line[:order], line[order]


def _powers(matrix: Doubles, count: int) -> list[Doubles]:
    """Its powers from 0 to ``count``."""
    powers = [np.eye(len(matrix), dtype=matrix.dtype)]
    for _ in range(count):
        powers.append(powers[-1] @ matrix)
    return powers


def _chain(powers: list[Doubles]) -> Doubles:
    """What each of some links adds to the memory before each link, and behind the last, when the
    first begins from nothing; ``powers`` of a link's matrix, up to the number of links."""
    count, order = len(powers) - 1, len(powers[0])
    chain = np.zeros((count, order, count + 1, order), powers[0].dtype)
    for link in range(count):
        for later in range(link + 1, count + 1):
            chain[link, :, later] = powers[later - 1 - link]
    return chain.reshape(count * order, (count + 1) * order)
