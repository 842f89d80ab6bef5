"""Filters, loudness, resampling and trim against scipy, libebur128 and pyloudnorm."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from engine.audio.biquads import Biquads, Floating
from engine.audio.filters import butterworth_high_pass, butterworth_low_pass, high_pass
from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames
from engine.audio.k_weighting import K_WEIGHTING, energies_by_step, energy_of, gated_lufs, lufs
from engine.audio.loudness import integrated_lufs, k_filter
from engine.audio.resample import Resampler
from engine.audio.trim import KEPT_FRAMES, LIMIT_FRAMES, LeadingTrim

CUTS = st.lists(st.integers(0, 20_000), max_size=5).map(sorted)
BLOCK_CUTS = st.lists(st.integers(0, 12), max_size=5).map(sorted)


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
    return energies_by_step(k_filter().push(audio)).mean(axis=1)


def line(blocks: Floating) -> Floating:
    """(n, 2, 4800) to (2, n * 4800)."""
    return blocks.transpose(1, 0, 2).reshape(2, -1)


@settings(max_examples=20, deadline=None)
@given(cuts=BLOCK_CUTS, softened=st.sampled_from([None, 3_000.0]))
def test_the_high_pass_is_scipys_whatever_the_cuts(cuts: list[int], softened: float | None) -> None:
    audio = noise(12 * BLOCK_FRAMES)
    stream = high_pass(softened=softened)
    pieces = np.split(audio, [cut * BLOCK_FRAMES for cut in cuts])
    out = np.concatenate([stream.push(piece) for piece in pieces])
    assert np.array_equal(out, high_pass(softened=softened).push(audio))
    sos = butter(4, 30.0, "highpass", fs=SAMPLE_RATE, output="sos")
    if softened is not None:
        sos = np.concatenate((sos, butter(2, softened, fs=SAMPLE_RATE, output="sos")))
    expected, memory = sosfilt(
        sos, audio.T.astype(np.float64), axis=1, zi=np.zeros((len(sos), 2, 2))
    )
    np.testing.assert_allclose(line(out), expected, rtol=0, atol=DOUBLE)
    kept = np.frombuffer(stream.state).reshape(memory.shape)
    np.testing.assert_allclose(kept, memory, rtol=0, atol=DOUBLE)


def test_the_filters_are_scipys_butterworths() -> None:
    high = butter(4, 30.0, "highpass", fs=SAMPLE_RATE, output="sos")
    np.testing.assert_allclose(butterworth_high_pass(4, 30.0), high, rtol=1e-12)
    low = butter(2, 3_000.0, fs=SAMPLE_RATE, output="sos")
    np.testing.assert_allclose([butterworth_low_pass(3_000.0)], low, rtol=1e-12)


@pytest.mark.parametrize("hertz", [None, 40.0, 997.0])
def test_in_single_precision_the_weighting_differs_by_less_than_24_bits_hear(
    hertz: float | None,
) -> None:
    """Of noise and of tones at full scale; low tones are what float32 would lose."""
    audio = noise(20 * BLOCK_FRAMES)
    if hertz is not None:
        turn = 2 * np.pi * hertz * np.arange(len(audio)) / SAMPLE_RATE
        audio = np.stack([np.sin(turn), np.cos(turn)], axis=1).astype(np.float32)
    expected = sosfilt(np.array(K_WEIGHTING), audio.T.astype(np.float64), axis=1)
    assert np.abs(line(k_filter().push(audio)) - expected).max() < 1e-6
    power = (expected.reshape(2, -1, BLOCK_FRAMES) ** 2).mean(axis=2).sum(axis=0)
    assert 10 * np.log10(energies_of(audio) / power) == pytest.approx(0.0, abs=1e-4)


def test_a_filter_goes_on_from_its_state_bit_for_bit() -> None:
    audio = noise(4 * BLOCK_FRAMES)
    first = high_pass()
    whole = high_pass().push(audio)
    first.push(audio[:BLOCK_FRAMES])
    assert np.array_equal(high_pass(first.state).push(audio[BLOCK_FRAMES:]), whole[1:])


def test_a_memory_that_rings_out_gives_what_silence_would() -> None:
    sections = Biquads(K_WEIGHTING, np.float64)
    audio = np.concatenate((noise(BLOCK_FRAMES), np.zeros((BLOCK_FRAMES, 2), np.float32)))
    laid = sections.lay(audio)
    memories = sections.chained(laid, np.zeros((2, 4)))
    out = sections.filtered(laid, np.stack(memories[:-1]))
    rings = memories[1] @ sections.rings(BLOCK_FRAMES).T
    np.testing.assert_allclose(out[1], rings, rtol=0, atol=DOUBLE)


def test_the_high_pass_takes_rumble_and_leaves_bass() -> None:
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    for frequency, gain_db, tolerance in ((10.0, -38.2, 1.0), (30.0, -3.0, 0.1), (80.0, 0.0, 0.1)):
        sine = np.stack([np.sin(2 * np.pi * frequency * t)] * 2, axis=1).astype(np.float32)
        out = line(high_pass().push(sine))[:, 2 * SAMPLE_RATE :]
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
