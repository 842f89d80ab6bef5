"""How a sound rises, by libebur128: the law of the rise guard (docs/playback.md)."""

from __future__ import annotations

import math

import pyebur128

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames


def rises(audio: Frames) -> tuple[float, float]:
    """The most that short-term loudness rises in a second, and momentary loudness over the loudest
    of the 4 s before; LU, from -38 LUFS, between the session's end fades."""
    modes = pyebur128.MeasurementMode.MODE_S | pyebur128.MeasurementMode.MODE_M
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, modes)
    short, momentary = [], []
    for at in range(0, len(audio) - BLOCK_FRAMES + 1, BLOCK_FRAMES):
        state.add_frames(audio[at : at + BLOCK_FRAMES].reshape(-1), BLOCK_FRAMES)
        short.append(max(-38.0, pyebur128.get_loudness_shortterm(state)))
        momentary.append(max(-38.0, pyebur128.get_loudness_momentary(state)))
    inside = range(91, len(short) - 40)
    return (
        max(short[i] - min(short[i - 10 : i]) for i in inside),
        max(momentary[i] - max(momentary[i - 36 : i - 9]) for i in inside),
    )


def peak(audio: Frames) -> float:
    """True peak in dBTP, by libebur128."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    for at in range(0, len(audio), SAMPLE_RATE):
        part = audio[at : at + SAMPLE_RATE]
        state.add_frames(part.reshape(-1), len(part))
    highest = max(pyebur128.get_true_peak(state, channel) for channel in range(CHANNELS))
    return 20.0 * math.log10(max(highest, 1e-10))
