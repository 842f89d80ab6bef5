"""From one sample rate to another, mostly 48 kHz: soxr's HQ recipe as a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE


class Resampler:
    """(n, channels) float32 at ``rate`` to (m, channels) at the rate ``to``, in pieces of any
    length.

    The pieces together do not depend on the cuts. Where the rates are the same it is the identity.
    """

    def __init__(self, rate: int, channels: int, to: int = SAMPLE_RATE) -> None:
        self._stream: Any = None
        if rate != to:
            import soxr

            self._stream = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")

    def push(self, audio: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]:
        """What is ready; with ``last`` everything that was held back."""
        if self._stream is None:
            return audio
        return np.asarray(self._stream.resample_chunk(audio, last=last), np.float32)
