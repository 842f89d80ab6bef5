"""The join's law and alignment, against the level errors of docs/playback.md."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.align import MAX_LAG, align, correlation, correlation_course
from engine.audio.crossfade import crossfade, fade_gains, join_gains
from engine.audio.format import Frames, quantise24


def noise(frames: int, seed: int, level: float = 0.1) -> Frames:
    rng = np.random.default_rng(seed)
    return quantise24((rng.standard_normal((frames, 2)) * level).astype(np.float32))


def level_db(audio: Frames) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2)))


def alike(frames: int, shared: float) -> tuple[Frames, Frames]:
    """Two noises with the correlation ``shared``."""
    common, own_a, own_b = (noise(frames, seed) for seed in (1, 2, 3))
    rest, part = np.sqrt(1 - abs(shared)), np.sqrt(abs(shared))
    a = part * common + rest * own_a
    b = np.sign(shared) * part * common + rest * own_b
    return a.astype(np.float32), b.astype(np.float32)


@pytest.mark.parametrize(
    ("shared", "tolerance"), [(1.0, 0.01), (0.9, 0.5), (0.5, 0.5), (0.0, 0.5), (-0.35, 0.5)]
)
def test_the_level_in_mid_fade_is_that_of_the_clips(shared: float, tolerance: float) -> None:
    frames = 360_000
    a, b = alike(frames, shared)
    joined = crossfade(a, b, 0, frames, correlation_course(a, b))
    middle = slice(frames * 2 // 5, frames * 3 // 5)
    assert level_db(joined[middle]) - level_db(a[middle]) == pytest.approx(0.0, abs=tolerance)


def test_the_level_is_right_where_sounds_are_in_phase_and_where_they_are_not() -> None:
    stretch = 120_000
    pairs = [alike(stretch, shared) for shared in (0.7, -0.35, 0.5)]
    a, b = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    joined = crossfade(a, b, 0, len(a), correlation_course(a, b))
    assert correlation(a, b) == pytest.approx(0.28, abs=0.02)
    for start in range(0, len(a), stretch):
        inside = slice(start + 24_000, start + stretch - 24_000)
        assert level_db(joined[inside]) == pytest.approx(level_db(a[inside]), abs=0.5)


def test_the_course_of_equal_and_of_silent_sounds() -> None:
    sound, silence = noise(360_000, 1), np.zeros((360_000, 2), np.float32)
    np.testing.assert_allclose(correlation_course(sound, sound), np.ones(15))
    np.testing.assert_array_equal(correlation_course(sound, silence), np.zeros(15))
    assert correlation_course(sound[:1440], sound[:1440]).shape == (1,)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.integers(1, 2000))
def test_gains_keep_the_power_and_hardly_boost(course: list[float], length: int) -> None:
    a, b = join_gains(0, length, length, np.array(course))
    middles = (np.arange(len(course)) + 0.5) / len(course)
    r = np.maximum(-0.4, np.interp((np.arange(length) + 0.5) / length, middles, course))
    np.testing.assert_allclose(a * a + b * b + 2 * r * a * b, 1.0, atol=1e-12)
    assert float(max(a.max(), b.max())) <= (1.0 + 1e-12 if min(course) >= 0 else 1.1)
    assert np.all(np.diff(b / (a + b)) >= 0)


@given(st.integers(0, 99), st.integers(1, 100), st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_a_join_does_not_depend_on_where_it_is_cut(
    first: int, count: int, course: list[float]
) -> None:
    whole, part = (
        join_gains(at, frames, 200, np.array(course)) for at, frames in ((0, 200), (first, count))
    )
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[first : first + count], other)


@given(st.integers(0, 99), st.integers(1, 100))
def test_a_fade_does_not_depend_on_where_it_is_cut(first: int, count: int) -> None:
    whole = fade_gains(0, 200, 100)
    np.testing.assert_array_equal(fade_gains(first, count, 100), whole[first : first + count])
    assert np.all(whole[100:] == 1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(-MAX_LAG, MAX_LAG), st.integers(0, 5))
def test_a_lag_is_recovered_to_the_sample(lag: int, seed: int) -> None:
    source = noise(100_000, seed)
    at = MAX_LAG
    tail = source[at : at + 60_000]
    head = source[at + lag : at + lag + 60_000]
    found = align(tail, head)
    assert (found.lag, found.correlation) == (lag, 1.0)


def test_equal_sounds_have_lag_0_and_correlation_exactly_1() -> None:
    sound = noise(30_000, 4)
    assert align(sound, sound.copy()) == (0, 1.0)


def test_a_sine_is_not_moved_by_whole_periods() -> None:
    t = np.arange(96_000) / 48_000
    sine = np.stack([np.sin(2 * np.pi * 440 * t)] * 2, axis=1).astype(np.float32) * 0.2
    assert abs(align(sine, sine + noise(96_000, 9, 1e-4)).lag) <= 1


def test_unrelated_sounds_are_left_where_they_are() -> None:
    found = align(noise(360_000, 1), noise(360_000, 2))
    assert found.lag == 0
    assert abs(found.correlation) < 0.02


def test_silence_has_no_correlation() -> None:
    silence = np.zeros((50_000, 2), np.float32)
    assert align(silence, noise(50_000, 1)) == (0, 0.0)
    assert align(silence, silence) == (0, 1.0)
