"""The high-pass under the music, and the low-pass over it where ears are to be spared: Butterworth,
causal, streaming, state in and out as bytes. numpy only.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from engine.audio.biquads import Biquads, Floating, Laid
from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.errors import MusmedError

HIGH_PASS_HZ = 30.0
HIGH_PASS_ORDER = 4
HIGH_PASS_SECTIONS = HIGH_PASS_ORDER // 2
LOW_PASS_ORDER = 2
LOW_PASS_SECTIONS = LOW_PASS_ORDER // 2

Section = tuple[float, float, float, float, float, float]
"""b0 b1 b2 a0 a1 a2."""


class BlockFilter:
    """Sections over a stream of whole blocks; the state carries over, so cuts between blocks don't
    matter."""

    def __init__(self, biquads: Biquads, state: bytes | None = None) -> None:
        self._biquads = biquads
        self._memory = np.zeros((CHANNELS, biquads.order))
        if state is not None:
            sections = np.frombuffer(state, np.float64).reshape(-1, CHANNELS, 2)
            self._memory = sections.transpose(1, 0, 2).reshape(CHANNELS, biquads.order)

    @property
    def state(self) -> bytes:
        """The filter's memory, by section and channel; one made with it goes on bit for bit."""
        return bytes(self._memory.reshape(CHANNELS, -1, 2).transpose(1, 0, 2).tobytes())

    def push(self, audio: Frames) -> Floating:
        """Further (n * 4800, 2) frames; gives (n, 2, 4800), channel by channel."""
        return self._through(self._biquads.lay(audio))

    def push_channels(self, blocks: Floating) -> Floating:
        """The same of (n, 2, 4800)."""
        return self._through(self._biquads.lay_channels(blocks))

    def _through(self, laid: Laid) -> Floating:
        *before, self._memory = self._biquads.chained(laid, self._memory)
        return self._biquads.filtered(laid, np.array(before).reshape(laid.ends.shape))


def state_bytes(sections: int) -> int:
    """The length of ``BlockFilter.state`` for so many sections."""
    return sections * CHANNELS * 2 * 8


def high_pass(state: bytes | None = None, softened: float | None = None) -> BlockFilter:
    """Butterworth high-pass of 4th order at 30 Hz: takes what only moves the speaker cone. With
    ``softened`` a low-pass of 2nd order at so many Hz behind it: 3 dB down there, 12 dB an octave
    above. Raises ``MusmedError`` for the state of another filter."""
    biquads = _high_pass(softened)
    if state is not None and len(state) != state_bytes(biquads.order // 2):
        raise MusmedError("The stored state of finishing is of other ears.")
    return BlockFilter(biquads, state)


@lru_cache(maxsize=4)
def _high_pass(softened: float | None) -> Biquads:
    sections = butterworth_high_pass(HIGH_PASS_ORDER, HIGH_PASS_HZ)
    low = [] if softened is None else [butterworth_low_pass(softened)]
    return Biquads([*sections, *low], np.float64)


def butterworth_high_pass(order: int, hertz: float) -> list[Section]:
    """Of an even order, by the bilinear transform, as scipy's ``butter`` arranges it: poles nearest
    the unit circle last, the whole gain in the first section."""
    tangent = math.tan(math.pi * hertz / SAMPLE_RATE)
    turns = [math.pi * (2 * k + 1) / (2 * order) for k in range(order // 2)]
    poles = [_poles(tangent, 2.0 * math.cos(turn)) for turn in turns]
    gain = math.prod(1.0 / scale for scale, _, _ in poles)
    firsts = [gain, *[1.0] * (len(poles) - 1)]
    return [(b, -2.0 * b, b, 1.0, a1, a2) for b, (_, a1, a2) in zip(firsts, poles, strict=True)]


def butterworth_low_pass(hertz: float) -> Section:
    """Of 2nd order."""
    tangent = math.tan(math.pi * hertz / SAMPLE_RATE)
    scale, a1, a2 = _poles(tangent, math.sqrt(2.0))
    gain = tangent * tangent / scale
    return gain, 2.0 * gain, gain, 1.0, a1, a2


def _poles(tangent: float, damping: float) -> tuple[float, float, float]:
    """The scale of a pair of poles, and its a1 and a2; ``damping`` is 1 / Q."""
    square = tangent * tangent
    scale = 1.0 + damping * tangent + square
    return scale, 2.0 * (square - 1.0) / scale, (1.0 - damping * tangent + square) / scale
