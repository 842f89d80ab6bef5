"""The gate: hiss between the partials falls, music stays; a stream equals the whole."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noisereduce import reduce_noise

from engine.audio import denoise
from engine.audio.denoise import GateStream, ProfileTaker
from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames

SECONDS = 6
N = SECONDS * SAMPLE_RATE
T = np.arange(N) / SAMPLE_RATE
HISS = 0.002


def sine() -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * 440 * T)


def pad() -> np.ndarray:
    partials = [(f * h, h) for f in (220.0, 277.2, 329.6, 415.3) for h in range(1, 6)]
    chord = sum(np.sin(2 * np.pi * f * T + f) / h for f, h in partials)
    return np.asarray(0.05 * chord * (1 + 0.2 * np.sin(T)))


def plucked() -> np.ndarray:
    out = np.zeros(N)
    for note in range(4 * SECONDS):
        frequency = 220.0 * 2 ** ((0, 4, 7, 11, 12)[note % 5] / 12)
        start = note * SAMPLE_RATE // 4
        t = T[: N - start]
        for h in range(1, 8):
            out[start:] += 0.1 * np.sin(2 * np.pi * frequency * h * t) * np.exp(-t * (3 + h)) / h
    return out


@cache
def hissing(name: str) -> tuple[Frames, Frames]:
    """(music, music with hiss)."""
    wave = {"sine": sine, "pad": pad, "plucked": plucked}[name]()
    music = np.stack([wave, wave], axis=1)
    hiss = HISS * np.random.default_rng(0).standard_normal((N, 2))
    return music.astype(np.float32), (music + hiss).astype(np.float32)


def profile_of(audio: Frames) -> np.ndarray | None:
    taker = ProfileTaker()
    for start in range(0, len(audio), GRID_FRAMES):
        taker.push(audio[start : start + GRID_FRAMES])
    return taker.profile()


def through(stream: GateStream, audio: Frames, cuts: list[int] | None = None) -> Frames:
    pieces = [stream.push(piece) for piece in np.split(audio, cuts or [])]
    return np.concatenate([*pieces, stream.flush()])


def level(audio: Frames, low: float, high: float) -> float:
    power = (np.abs(np.fft.rfft(audio * np.hanning(len(audio))[:, None], axis=0)) ** 2).sum(axis=1)
    f = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    return float(10 * np.log10(power[(f > low) & (f < high)].sum()))


@pytest.mark.parametrize("name", ["sine", "pad", "plucked"])
def test_music_stays_and_hiss_falls(name: str) -> None:
    music, audio = hissing(name)
    stream = GateStream(profile_of(audio), 0, 0)
    out = through(stream, audio)
    middle = slice(SAMPLE_RATE // 2, -SAMPLE_RATE // 2)
    kept = (out[middle] * music[middle]).sum() / (audio[middle] * music[middle]).sum()
    assert abs(20 * np.log10(kept)) < 0.5
    assert level(out[middle], 9_000, 16_000) < level(audio[middle], 9_000, 16_000) - 10
    assert stream.gating.startswith("on")


def test_the_profile_is_the_hiss_and_not_the_music() -> None:
    """White noise of this rms has a magnitude of rms * sqrt(1.5 / 1024) under a Hann window."""
    expected = HISS * np.sqrt(1.5 / 1024)
    for name in ("sine", "pad", "plucked"):
        profile = profile_of(hissing(name)[1])
        assert profile is not None
        assert np.median(profile) == pytest.approx(expected, rel=0.1)
        assert profile.max() < 1.3 * expected


def test_too_little_or_silence_has_no_profile() -> None:
    assert profile_of(hissing("pad")[1][:GRID_FRAMES]) is None
    assert profile_of(np.zeros((N, 2), np.float32)) is None


@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, 70_000), max_size=5).map(sorted), first=st.integers(0, 30_000))
def test_the_stream_does_not_depend_on_cuts(cuts: list[int], first: int) -> None:
    audio = hissing("plucked")[1]
    profile = profile_of(audio)
    audio = audio[:70_000]
    whole = through(GateStream(profile, first, 0), audio)
    assert len(whole) == len(audio)
    assert np.array_equal(through(GateStream(profile, first, 0), audio, cuts), whole)


def test_the_stream_is_noisereduce_with_chunks_and_padding() -> None:
    audio = hissing("sine")[1][: 8 * GRID_FRAMES]
    profile = profile_of(hissing("sine")[1])
    assert profile is not None
    stream = GateStream(profile, 0, 0)
    out = through(stream, audio)
    assert stream.gating == "on"
    reference = reduce_noise(
        y=audio.T.astype(np.float64),
        sr=SAMPLE_RATE,
        stationary=True,
        y_noise=denoise._noise_like(profile),
        prop_decrease=denoise._TAKEN,
        freq_mask_smooth_hz=denoise._FREQUENCY_SMOOTHING_HZ,
        time_mask_smooth_ms=denoise._TIME_SMOOTHING_MS,
        n_fft=denoise.N_FFT,
        chunk_size=GRID_FRAMES,
        padding=denoise._PADDING,
        clip_noise_stationary=False,
    )
    np.testing.assert_allclose(out[2_000:], reference.T[2_000:], rtol=0.0, atol=1e-6)  # float32's


def test_without_a_profile_everything_passes() -> None:
    audio = hissing("pad")[1]
    stream = GateStream(None, 0, 0)
    assert np.array_equal(through(stream, audio), audio)
    assert stream.gating.startswith("bypassed: no clip")
    assert stream.profile is not None  # but the next clip will have one


def test_a_revision_begins_ungated() -> None:
    audio = hissing("sine")[1]
    stream = GateStream(profile_of(audio), 0, 2 * SAMPLE_RATE)
    out = through(stream, audio)
    assert np.array_equal(out[: 2 * SAMPLE_RATE], audio[: 2 * SAMPLE_RATE])
    assert not np.array_equal(out[2 * SAMPLE_RATE :], audio[2 * SAMPLE_RATE :])
    assert stream.gating == "on but for 2 s at the start of a revision"


def test_where_loud_bands_would_lose_nothing_is_gated() -> None:
    """Noise is the music here: gating it would take it away."""
    rain = (0.1 * np.random.default_rng(3).standard_normal((N, 2))).astype(np.float32)
    stream = GateStream(profile_of(rain), 0, 0)
    assert np.array_equal(through(stream, rain), rain)
    assert stream.gating == f"bypassed: {SECONDS} s where loud bands would lose over 1 dB"


def test_importing_finishing_imports_neither_scipy_nor_noisereduce() -> None:
    code = (
        "import sys, engine.finishing\n"
        "heavy = {'scipy', 'noisereduce', 'soxr', 'pyebur128', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
