"""The true-peak limiter against an independent, finer meter."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, firwin, resample_poly, sosfiltfilt
from support.true_peak import true_peak_dbtp

from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames
from engine.audio.limiter import (
    LimiterState,
    TruePeakLimiter,
    TruePeakMeter,
    _at_most,
    _bends,
    _peaks,
)

N = 2 * SAMPLE_RATE
T = np.arange(N) / SAMPLE_RATE
FINE_FILTER = firwin(16 * 128 + 1, 0.98 / 16, window=("kaiser", 9.0))
"""16x interpolator, 128 taps per phase, flat to 22 kHz: another filter than the limiter's."""


def fine_peak_db(audio: Frames) -> float:
    window: Any = FINE_FILTER
    fine = resample_poly(audio.astype(np.float64), 16, 1, axis=0, window=window)
    return float(20 * np.log10(np.abs(fine).max()))


def stereo(wave: np.ndarray) -> Frames:
    return np.stack([wave, -0.7 * wave], axis=1).astype(np.float32)


def limited(audio: Frames, cuts: tuple[int, ...] = (70_000,)) -> Frames:
    limiter = TruePeakLimiter()
    pieces = [limiter.push(piece) for piece in np.split(audio, list(cuts))]
    return np.concatenate([*pieces, limiter.flush()])


def audible_noise(rng: np.random.Generator) -> np.ndarray:
    """Noise up to 18 kHz. (Full-scale white noise up to half the sample rate reads up to half a
    decibel more on a meter with a filter this sharp; no meter of BS.1770's kind sees that.)"""
    low = butter(10, 18_000, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfiltfilt(low, rng.standard_normal((N, 2)), axis=0))


@cache
def signals() -> dict[str, Frames]:
    rng = np.random.default_rng(5)
    bursts = np.where(T % 0.5 < 0.01, 4.0, 0.1)[:, None]
    return {
        "noise": (0.5 * audible_noise(rng)).astype(np.float32),
        "loud noise": (8.0 * audible_noise(rng)).astype(np.float32),
        "sine": stereo(2.0 * np.sin(2 * np.pi * 997 * T)),
        "quarter rate between samples": stereo(1.2 * np.sin(2 * np.pi * 12_000 * T + np.pi / 4)),
        "high sine": stereo(1.2 * np.sin(2 * np.pi * 17_000.3 * T)),
        "bursts": (audible_noise(rng) * bursts).astype(np.float32),
        "square": stereo(1.5 * np.sign(np.sin(2 * np.pi * 220 * T))),
        "clicks": np.where(rng.random((N, 2)) < 1e-3, 10.0, 0.0).astype(np.float32),
    }


@pytest.mark.parametrize("name", list(signals()))
def test_nothing_above_the_ceiling_leaves(name: str) -> None:
    audio = signals()[name]
    out = limited(audio)
    assert out.shape == audio.shape
    assert true_peak_dbtp(out) <= -1.0
    assert fine_peak_db(out) <= -0.9
    assert fine_peak_db(audio) > -0.9  # there was something to do


@pytest.mark.parametrize("frequency", [50.0, 997.0, 6_000.0, 9_600.3, 15_000.1, 19_000.7])
@pytest.mark.parametrize("phase", [0.0, 0.4, np.pi / 4])
def test_the_meter_reads_a_sine_within_a_twentieth_of_a_decibel(
    frequency: float, phase: float
) -> None:
    fade = np.minimum(1.0, np.minimum(T, T[::-1]) * 20)
    sine = stereo(0.5 * np.sin(2 * np.pi * frequency * T + phase) * fade)
    assert true_peak_dbtp(sine) == pytest.approx(20 * np.log10(0.5), abs=0.05)


def test_the_meter_of_silence_is_minus_infinity() -> None:
    assert true_peak_dbtp(np.zeros((100, 2), np.float32)) == -np.inf
    assert true_peak_dbtp(np.zeros((0, 2), np.float32)) == -np.inf


def test_the_meter_does_not_depend_on_cuts() -> None:
    audio = signals()["noise"]
    whole, cut = TruePeakMeter(), TruePeakMeter()
    whole.push(audio)
    for piece in np.split(audio, [1, 5, 4_000, 4_010, 50_000]):
        cut.push(piece)
    assert cut.dbtp == pytest.approx(whole.dbtp, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    gain=st.floats(0.01, 30.0),
    cuts=st.lists(st.integers(0, 30_000), max_size=6).map(sorted),
)
def test_output_does_not_depend_on_cuts_and_stays_under(
    seed: int, gain: float, cuts: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    shape = np.repeat(rng.random(30), 1_000)[:, None]
    audio = (gain * shape * rng.standard_normal((30_000, 2))).astype(np.float32)
    out = limited(audio, tuple(cuts))
    assert np.array_equal(out, limited(audio, ()))
    assert true_peak_dbtp(out) <= -1.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(0, 20_000))
def test_what_does_not_exceed_passes_bit_for_bit(seed: int, frames: int) -> None:
    rng = np.random.default_rng(seed)
    audio = rng.standard_normal((frames, 2)).astype(np.float32)
    level = true_peak_dbtp(audio)
    if np.isfinite(level):
        audio *= np.float32(10 ** ((-1.01 - level) / 20))
    assert np.array_equal(limited(audio, ()), audio)


def test_the_delay_is_one_block() -> None:
    limiter = TruePeakLimiter()
    audio = np.full((BLOCK_FRAMES, 2), 0.25, np.float32)
    assert TruePeakLimiter.delay == BLOCK_FRAMES
    assert len(limiter.push(audio)) == 0
    assert np.array_equal(limiter.push(audio), audio)


def test_the_gain_moves_smoothly_and_releases_linearly() -> None:
    """A constant under a click: the output is the gain. No step over 0.1 dB per frame, the
    attack inside the look-ahead, and 30 dB per second back up."""
    audio = np.full((N, 2), 0.2, np.float32)
    audio[40_000] = 3.0
    gain = 20 * np.log10(limited(audio)[:, 0].astype(np.float64) / audio[:, 0])
    assert np.all(gain[: 40_000 - 520] == 0.0)
    assert np.abs(np.diff(gain)).max() < 0.1
    release = gain[42_000:50_000]
    assert np.diff(release) * SAMPLE_RATE == pytest.approx(30.0, abs=0.5)
    assert gain[-1] == 0.0


def test_samples_that_are_not_numbers_are_silenced() -> None:
    audio = np.full((N, 2), 0.1, np.float32)
    audio[30_000], audio[50_000, 0] = np.nan, -np.inf
    out = limited(audio)
    assert np.isfinite(out).all()
    assert np.all(out[30_000] == 0.0)
    assert np.array_equal(out[:20_000], audio[:20_000])


def test_a_state_taken_between_blocks_goes_on_with_the_release() -> None:
    audio = np.full((20 * BLOCK_FRAMES, 2), 0.5, np.float32)
    audio[3 * BLOCK_FRAMES + 100] = 3.0
    limiter = TruePeakLimiter()
    head = limiter.push(audio[: 6 * BLOCK_FRAMES])
    state = limiter.state
    assert len(head) == 5 * BLOCK_FRAMES
    assert state.reduction > 4.0
    again = TruePeakLimiter(state=LimiterState(*state))
    tail = np.concatenate([again.push(audio[5 * BLOCK_FRAMES :]), again.flush()])
    assert tail == pytest.approx(limited(audio)[5 * BLOCK_FRAMES :], abs=1e-6)


def test_the_look_ahead_must_fit_a_block() -> None:
    with pytest.raises(ValueError, match="look_ahead"):
        TruePeakLimiter(look_ahead=5_000)


def test_what_does_not_exceed_is_not_even_copied() -> None:
    limiter = TruePeakLimiter()
    first, second = (np.full((BLOCK_FRAMES, 2), 0.25, np.float32) for _ in range(2))
    limiter.push(first)
    assert limiter.push(second) is first


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), smooth=st.sampled_from([1, 4, 40]))
def test_no_peak_is_above_what_samples_and_second_differences_allow(seed: int, smooth: int) -> None:
    rng = np.random.default_rng(seed)
    audio = np.cumsum(rng.standard_normal((400, 2)), axis=0)
    audio = np.stack([np.convolve(c, np.ones(smooth) / smooth, "same") for c in audio.T], axis=1)
    line = (audio / np.abs(audio).max()).astype(np.float32)
    bound = _at_most(np.abs(line).max(keepdims=True), _bends(line).max(keepdims=True))
    assert _peaks(line, 0.0).max() <= bound.item()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_meter_finds_the_peak_that_it_would_find_everywhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    audio = rng.standard_normal((SAMPLE_RATE, 2)) * np.repeat(rng.random(100), 480)[:, None]
    line = (0.2 * audio).astype(np.float32)
    meter = TruePeakMeter()
    meter.push(line)
    silence = np.zeros((24, 2), np.float32)
    everywhere = _peaks(np.concatenate((silence, line, silence)), 0.0).max()
    assert meter.dbtp == pytest.approx(20 * np.log10(everywhere), abs=1e-5)
