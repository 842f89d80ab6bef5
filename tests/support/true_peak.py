"""The true peak of a whole sound."""

from __future__ import annotations

from engine.audio.format import SAMPLE_RATE, Frames
from engine.audio.limiter import TruePeakMeter


def true_peak_dbtp(audio: Frames) -> float:
    """True peak of (n, 2) frames in dBTP, silence on either side; -inf for silence."""
    meter = TruePeakMeter()
    for start in range(0, len(audio), SAMPLE_RATE):
        meter.push(audio[start : start + SAMPLE_RATE])
    return meter.dbtp
