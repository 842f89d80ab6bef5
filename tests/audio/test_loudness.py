"""Filters, loudness, resampling and trim against scipy, libebur128 and pyloudnorm."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from engine.audio.filters import high_pass
from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames
from engine.audio.k_weighting import energy_of, gated_lufs, lufs
from engine.audio.loudness import (
    block_energies,
    integrated_lufs,
    k_filter,
)
from engine.audio.resample import Resampler
from engine.audio.trim import KEPT_FRAMES, LIMIT_FRAMES, LeadingTrim

CUTS = st.lists(st.integers(0, 20_000), max_size=5).map(sorted)


SINGLE, DOUBLE = 1e-6, 1e-12
"""What libraries may differ by that add the same numbers, of magnitude 1 and less, in another
order: a dozen roundings of float32, and some thousand of float64, which the filter's state keeps
for a while."""


def noise(frames: int, seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((frames, 2))).astype(np.float32)


def programme() -> Frames:
    """Twenty seconds with a loud, a quiet (gated) and a silent part."""
    audio = noise(20 * SAMPLE_RATE)
    audio[8 * SAMPLE_RATE : 14 * SAMPLE_RATE] *= np.float32(0.02)
    audio[14 * SAMPLE_RATE : 16 * SAMPLE_RATE] = 0.0
    audio[16 * SAMPLE_RATE :, 1] *= np.float32(0.3)
    return audio


def energies_of(audio: Frames) -> np.ndarray:
    return block_energies(k_filter().push(audio.T))


@settings(max_examples=20, deadline=None)
@given(cuts=CUTS)
def test_the_high_pass_is_scipys_whatever_the_cuts(cuts: list[int]) -> None:
    audio = noise(20_000).T
    stream = high_pass()
    out = np.concatenate([stream.push(p) for p in np.split(audio, cuts, axis=1)], axis=1)
    assert np.array_equal(out, high_pass().push(audio))
    sos = butter(4, 30.0, "highpass", fs=SAMPLE_RATE, output="sos")
    np.testing.assert_allclose(
        out, sosfilt(sos, audio.astype(np.float64), axis=1), rtol=0, atol=DOUBLE
    )


def test_a_filter_goes_on_from_its_state_bit_for_bit() -> None:
    audio = noise(20_000).T
    first = high_pass()
    whole = high_pass().push(audio)
    first.push(audio[:, :7_000])
    assert np.array_equal(high_pass(first.state).push(audio[:, 7_000:]), whole[:, 7_000:])


def test_the_high_pass_takes_rumble_and_leaves_bass() -> None:
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    for frequency, gain_db, tolerance in ((10.0, -38.2, 1.0), (30.0, -3.0, 0.1), (80.0, 0.0, 0.1)):
        sine = np.stack([np.sin(2 * np.pi * frequency * t)] * 2)
        out = high_pass().push(sine)[:, 2 * SAMPLE_RATE :]
        assert 20 * np.log10(np.sqrt(2 * (out**2).mean())) == pytest.approx(gain_db, abs=tolerance)


def test_a_full_scale_sine_is_minus_three_lufs() -> None:
    """BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS."""
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    audio = np.stack([np.sin(2 * np.pi * 997 * t), np.zeros_like(t)], axis=1).astype(np.float32)
    assert gated_lufs(energies_of(audio)) == pytest.approx(-3.01, abs=0.02)
    assert integrated_lufs(audio) == pytest.approx(-3.01, abs=0.02)


def test_integrated_loudness_agrees_with_two_other_meters() -> None:
    audio = programme()
    ours = gated_lufs(energies_of(audio))
    assert ours == pytest.approx(integrated_lufs(audio), abs=0.02)
    reference = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(audio.astype(np.float64))
    assert ours == pytest.approx(reference, abs=0.1)


@pytest.mark.parametrize("frames", [0, 1_000, 96_000])
def test_silence_and_too_little_have_no_loudness(frames: int) -> None:
    silence = np.zeros((frames // BLOCK_FRAMES * BLOCK_FRAMES, 2), np.float32)
    assert gated_lufs(energies_of(silence)) is None
    assert integrated_lufs(np.zeros((frames, 2), np.float32)) is None


@given(st.floats(-70.0, 0.0))
def test_lufs_and_energy_are_inverse(level: float) -> None:
    assert lufs(energy_of(level)) == pytest.approx(level)
    assert lufs(0.0) == -np.inf


@settings(max_examples=15, deadline=None)
@given(cuts=CUTS)
def test_resampling_in_pieces_is_resampling(cuts: list[int]) -> None:
    audio = noise(20_000)
    stream = Resampler(32_000, 2)
    pieces = [stream.push(piece) for piece in np.split(audio, cuts)]
    out = np.concatenate([*pieces, stream.push(audio[:0], last=True)])
    assert np.array_equal(out, Resampler(32_000, 2).push(audio, last=True))
    assert len(out) == 30_000
    whole = soxr.resample(audio, 32_000, SAMPLE_RATE, quality="HQ")
    np.testing.assert_allclose(out, whole, rtol=0.0, atol=SINGLE)


def test_at_48_khz_nothing_is_resampled() -> None:
    audio = noise(100)
    assert np.array_equal(Resampler(SAMPLE_RATE, 2).push(audio), audio)


@settings(max_examples=30, deadline=None)
@given(silent=st.integers(0, 19_000), cuts=CUTS)
def test_trim_drops_leading_silence_only(silent: int, cuts: list[int]) -> None:
    audio = noise(20_000)
    audio[:silent] *= np.float32(1e-4)
    audio[silent] = 0.5
    audio[-500:] = 0.0
    trim = LeadingTrim()
    out = np.concatenate([trim.push(piece) for piece in np.split(audio, cuts)])
    assert trim.trimmed == max(0, silent - KEPT_FRAMES)
    assert np.array_equal(out, audio[trim.trimmed :])


def test_trim_gives_up_after_ten_seconds() -> None:
    silence = np.zeros((LIMIT_FRAMES + 5_000, 2), np.float32)
    for cuts in ([], [3, 70_000, LIMIT_FRAMES - 1, LIMIT_FRAMES + 1]):
        trim = LeadingTrim()
        out = np.concatenate([trim.push(piece) for piece in np.split(silence, cuts)])
        assert len(out) == 5_000 + KEPT_FRAMES
