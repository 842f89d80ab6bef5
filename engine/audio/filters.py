"""The high-pass under the music, and the low-pass over it where ears are to be spared: Butterworth,
causal, streaming, state in and out as bytes.

scipy is imported when a filter is made: the engine process needs it, the front never does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import CHANNELS, SAMPLE_RATE
from engine.errors import MusmedError

Doubles = NDArray[np.float64]

HIGH_PASS_HZ = 30.0
HIGH_PASS_ORDER = 4


class SosFilter:
    """Second-order sections over a stream; the state carries over, so cuts don't matter.

    Works on (2, n) arrays (channels first: the filter runs along memory) in float64.
    """

    def __init__(self, sos: Doubles, state: bytes | None = None) -> None:
        from scipy.signal import sosfilt

        self._sosfilt: Callable[..., tuple[Doubles, Doubles]] = sosfilt
        self._sos = sos
        self._zi: Any = np.zeros((len(sos), CHANNELS, 2))
        if state is not None:
            self._zi = np.frombuffer(state, np.float64).reshape(self._zi.shape).copy()

    @staticmethod
    def state_bytes(sections: int) -> int:
        """The length of ``state`` for a filter of that many sections."""
        return sections * CHANNELS * 2 * 8

    @property
    def state(self) -> bytes:
        """The filter's memory; a filter made with it goes on bit for bit."""
        return bytes(self._zi.tobytes())

    def push(self, channels: NDArray[np.floating[Any]]) -> Doubles:
        """Filter (2, n) further samples; gives (2, n)."""
        if channels.shape[-1] == 0:
            return np.zeros((CHANNELS, 0))
        out, self._zi = self._sosfilt(self._sos, channels, axis=-1, zi=self._zi)
        return out


HIGH_PASS_SECTIONS = HIGH_PASS_ORDER // 2
LOW_PASS_ORDER = 2
LOW_PASS_SECTIONS = LOW_PASS_ORDER // 2


def high_pass(state: bytes | None = None, softened: float | None = None) -> SosFilter:
    """Butterworth high-pass of 4th order at 30 Hz: takes what only moves the speaker cone. With
    ``softened`` a low-pass of 2nd order at so many Hz behind it: 3 dB down there, 12 dB an octave
    above. Raises ``MusmedError`` for the state of another filter."""
    from scipy.signal import butter

    sos = butter(HIGH_PASS_ORDER, HIGH_PASS_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    if softened is not None:
        low = butter(LOW_PASS_ORDER, softened, "lowpass", fs=SAMPLE_RATE, output="sos")
        sos = np.concatenate((sos, low))
    if state is not None and len(state) != SosFilter.state_bytes(len(sos)):
        raise MusmedError("The stored state of finishing is of other ears.")
    return SosFilter(sos, state)
