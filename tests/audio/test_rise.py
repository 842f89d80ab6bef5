"""The rise guard, measured with filters and meters that it does not share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyebur128
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import sosfilt

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.audio.k_weighting import (
    ECHO_STEPS,
    K_WEIGHTING,
    STEP_FRAMES,
    STEPS,
    k_weighting,
    nothing_before,
    step_energies,
)
from engine.audio.rise import MEMORY_FRAMES, RiseGuard

FLOOR = -38.0
SHORT_TERM, MOMENTARY = 2.0, 5.0
METERS = 0.05
"""LU that another meter may read more: that of ``tests/bench/comfort.py``."""
LEAD = frames_of(8.0)
"""Of music before what is tried, so that all that the law counts from has really been heard."""

Doubles = np.ndarray


def energies(audio: Frames, step: int) -> Doubles:
    """K-weighted by the recursive filter, not by the guard's convolution."""
    weighted = sosfilt(K_WEIGHTING, audio.T.astype(np.float64), axis=1)
    whole = weighted.shape[1] // step * step
    return (weighted[:, :whole] ** 2).reshape(CHANNELS, -1, step).sum(axis=(0, 2)) / step


def loudness(audio: Frames, seconds: float, step: int) -> Doubles:
    """LUFS of the windows that end at each ``step`` from the first whole one on."""
    width = frames_of(seconds) // step
    mean = sliding_window_view(energies(audio, step), width).mean(axis=1)
    return -0.691 + 10 * np.log10(np.maximum(mean, 1e-12))


class Rises(NamedTuple):
    """The largest of each, LU."""

    short_term: float
    momentary: float


def rises(short: Doubles, momentary: Doubles, second: int) -> Rises:
    """By the law's words, of loudness ``second`` times a second; both end at the same time."""
    memory = 4 * second - 2 * second // 5
    steepest, loudest = 0.0, 0.0
    for now in range(memory, len(short)):
        least = short[now - second : now].min()
        most = momentary[now - memory : now - second + 1].max()
        steepest = max(steepest, short[now] - max(least, FLOOR))
        loudest = max(loudest, momentary[now] - max(most, FLOOR))
    return Rises(float(steepest), float(loudest))


def rises_of(audio: Frames, step: int = STEP_FRAMES) -> Rises:
    short, momentary = loudness(audio, 3.0, step), loudness(audio, 0.4, step)
    return rises(short, momentary[len(momentary) - len(short) :], SAMPLE_RATE // step)


def rises_by_libebur128(audio: Frames, step: int = BLOCK_FRAMES) -> Rises:
    modes = pyebur128.MeasurementMode.MODE_S | pyebur128.MeasurementMode.MODE_M
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, modes)
    short, momentary = [], []
    for at in range(0, len(audio) - step + 1, step):
        state.add_frames(audio[at : at + step].reshape(-1), step)
        short.append(pyebur128.get_loudness_shortterm(state))
        momentary.append(pyebur128.get_loudness_momentary(state))
    first = frames_of(3.0) // step - 1
    pair = (np.maximum(v[first:], -120.0) for v in (np.array(short), np.array(momentary)))
    return rises(*pair, SAMPLE_RATE // step)


def noise(seconds: float, gain: float, seed: int = 0) -> Frames:
    rng = np.random.default_rng(seed)
    made = gain * rng.standard_normal((frames_of(seconds), CHANNELS))
    return np.clip(made, -1.0, 1.0).astype(np.float32)


def silence(seconds: float) -> Frames:
    return np.zeros((frames_of(seconds), CHANNELS), np.float32)


def wave(seconds: float, gain: float, hertz: float, *, square: bool = False) -> Frames:
    turn = np.sin(2 * np.pi * hertz * np.arange(frames_of(seconds)) / SAMPLE_RATE + 0.3)
    line = gain * (np.sign(turn) if square else turn)
    return np.stack([line, -line], axis=1).astype(np.float32)


def clicks(seconds: float, gain: float, seed: int) -> Frames:
    made = silence(seconds)
    rng = np.random.default_rng(seed)
    made[rng.integers(0, len(made), 1 + len(made) // 2_000)] = gain
    return made


LEADING = noise(LEAD / SAMPLE_RATE, 0.05)


def guarded(audio: Frames, cuts: tuple[int, ...] = ()) -> Frames:
    guard = RiseGuard()
    out = [guard.push(piece) for piece in np.split(audio, sorted(cuts))]
    return np.concatenate([*out, guard.flush()])


def check(audio: Frames) -> Frames:
    """What leaves of ``audio`` behind some music, whose rises are lawful."""
    out = guarded(np.concatenate((LEADING, audio)))
    assert len(out) == LEAD + len(audio)
    assert is_lawful(rises_of(out)), rises_of(out)
    # Ten looks a second may miss the loudest that a rise counts from, between two of them.
    if not is_lawful(rises_by_libebur128(out)):
        found = rises_by_libebur128(out, STEP_FRAMES)
        assert is_lawful(found), found
    return out[LEAD:]


def is_lawful(found: Rises) -> bool:
    return found.short_term <= SHORT_TERM + METERS and found.momentary <= MOMENTARY + METERS


@pytest.mark.parametrize("before", [0.0, 0.01])
@pytest.mark.parametrize("onset", [0, 1, 479, 2_000, 4_799])
def test_full_scale_at_once_comes_in_slowly(before: float, onset: int) -> None:
    """From next to nothing, wherever in a block: it passed as it is, 65 to 80 dB in 10 ms."""
    quiet = noise(8.0, before)
    loud = noise(26.0, 1.0, seed=1)
    audio = np.concatenate((quiet, silence(onset / SAMPLE_RATE), loud))
    assert rises_of(audio).momentary > 25
    out = check(audio)
    at = len(quiet) + onset
    first = np.sqrt(np.mean(out[at : at + STEP_FRAMES] ** 2))
    assert first < 0.05, "its first hundredth of a second"
    assert np.array_equal(out[: len(quiet) - BLOCK_FRAMES], quiet[:-BLOCK_FRAMES])
    assert np.array_equal(out[-48_000:], audio[-48_000:]), "and in the end it is as it came"


@pytest.mark.parametrize("gain", [0.012, 0.02, 0.1])
def test_a_rise_leaves_no_hole_behind_its_onset(gain: float) -> None:
    """What the first tenth of a second takes is not missing from the rest."""
    out = check(np.concatenate((silence(5.0), noise(6.0, gain, seed=2))))
    tenths = loudness(out[frames_of(5.1) :], 0.1, BLOCK_FRAMES)
    assert tenths.min() > FLOOR - 1.0
    fall = np.maximum.accumulate(tenths) - tenths
    assert fall.max() < 6.0


def largest_fall(silent: float, gain: float, kind: str) -> float:
    """LU, of the tenths of a second of a steady sound after silence: by how much one is softer than
    the loudest before it. The law is checked as well."""
    steady = wave(6.0, gain, 997.0) if kind == "tone" else noise(6.0, gain, seed=2)
    out = check(np.concatenate((silence(silent), steady)))
    tenths = loudness(out[frames_of(silent + 0.1) :], 0.1, BLOCK_FRAMES)
    return float((np.maximum.accumulate(tenths) - tenths).max())


@pytest.mark.parametrize(
    ("silent", "gain", "kind"),
    [
        *((5.0, gain, "tone") for gain in (0.016, 0.017, 0.0175, 0.018, 0.019, 0.025)),
        (5.0, 0.0105, "noise"),
        *((3.0, gain, "tone") for gain in (0.018, 0.05)),
        (3.0, 0.022, "noise"),
    ],
)
def test_a_steady_sound_after_silence_has_no_hole(silent: float, gain: float, kind: str) -> None:
    """What its beginning takes is not missing from the rest: 0.018 of full scale passed for two
    seconds and then fell away by 60 dB."""
    assert largest_fall(silent, gain, kind) < 6.0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["tone", "noise"])
@pytest.mark.parametrize("silent", [3.0, 5.0])
def test_a_steady_sound_of_any_level_has_no_hole(silent: float, kind: str) -> None:
    levels = np.arange(0.010, 0.1201, 0.0005)
    falls = {round(float(gain), 4): largest_fall(silent, gain, kind) for gain in levels}
    assert {gain: fall for gain, fall in falls.items() if fall >= 6.0} == {}


def test_a_burst_is_no_louder_than_the_music_allows_and_the_music_comes_back() -> None:
    music = noise(12.0, 0.05, seed=3)
    audio = music.copy()
    audio[frames_of(5.0) : frames_of(5.5)] = wave(0.5, 1.0, 997.0, square=True)
    out = check(audio)
    assert np.array_equal(out[: frames_of(4.9)], music[: frames_of(4.9)])
    assert np.array_equal(out[frames_of(7.0) :], music[frames_of(7.0) :])
    assert np.abs(out[frames_of(5.0) : frames_of(5.5)]).max() < 0.3


PIECES = st.one_of(
    st.builds(silence, st.floats(0.01, 5.0)),
    st.builds(
        lambda seconds, level, seed: noise(seconds, 10 ** (level / 20), seed),
        st.floats(0.01, 3.0),
        st.floats(-90.0, 10.0),
        st.integers(0, 99),
    ),
    st.builds(
        lambda seconds, level, hertz, square: wave(
            seconds, 10 ** (level / 20), hertz, square=square
        ),
        st.floats(0.01, 3.0),
        st.floats(-90.0, 0.0),
        st.floats(20.0, 22_000.0),
        st.booleans(),
    ),
    st.builds(clicks, st.floats(0.01, 3.0), st.floats(-1.0, 1.0), st.integers(0, 99)),
)
SOUNDS = st.lists(PIECES, min_size=1, max_size=8).map(np.concatenate)


LOW_AT_A_BLOCKS_END = np.concatenate((silence(1.2890625), wave(1.0, 1.0, 20.0)))
"""Lawful until its first step is over, and then neither with the rest nor without it."""
CLICKS_BEFORE_IT_IS_QUIET = np.concatenate((silence(3.5), clicks(1.0, 1.0, 0)))
"""Lawful while the music of 4 s ago counts, and still heard when that no longer does."""


@settings(max_examples=10, deadline=None)
@example(LOW_AT_A_BLOCKS_END)
@example(CLICKS_BEFORE_IT_IS_QUIET)
@given(SOUNDS)
def test_whatever_comes_the_law_is_kept(audio: Frames) -> None:
    check(audio)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(SOUNDS)
def test_whatever_comes_the_law_is_kept_at_length(audio: Frames) -> None:
    check(audio)


@settings(max_examples=8, deadline=None)
@given(SOUNDS, st.lists(st.integers(0, frames_of(6.0)), max_size=6))
def test_what_leaves_does_not_depend_on_cuts(audio: Frames, cuts: list[int]) -> None:
    inside = tuple(min(cut, len(audio)) for cut in cuts)
    np.testing.assert_array_equal(guarded(audio, inside), guarded(audio))


@settings(max_examples=20, deadline=None)
@given(
    levels=st.lists(st.floats(-4.0, 1.9), min_size=3, max_size=12),
    rests=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_lawful_music_leaves_bit_for_bit(
    levels: list[float], rests: list[float], seed: int
) -> None:
    """Levels that rise by less than 2 LU a second, and rests in it as music has them. Its momentary
    loudness may rise by far more than 5 LU in the second after a rest."""
    course = np.interp(
        np.arange(frames_of(len(levels))) / SAMPLE_RATE,
        np.arange(len(levels)),
        np.minimum(np.cumsum(levels), 14.0),
    )
    audio = noise(len(levels), 0.03, seed) * (10 ** (course / 20))[:, None].astype(np.float32)
    for at, rest in enumerate(rests, start=1):
        audio[frames_of(2 * at) : frames_of(2 * at + rest)] = 0.0
    found = rises_of(np.concatenate((LEADING * np.float32(0.6), audio)))
    if found.short_term <= SHORT_TERM - METERS and found.momentary <= MOMENTARY - METERS:
        behind = np.concatenate((LEADING * np.float32(0.6), audio))
        np.testing.assert_array_equal(guarded(behind), behind)


@pytest.mark.parametrize("onset", [0, 2_400, 4_320, 4_560])
@pytest.mark.parametrize(("hertz", "gain"), [(20.0, 0.07), (40.0, 0.03), (997.0, 0.016)])
def test_a_lawful_tone_after_silence_leaves_bit_for_bit(
    hertz: float, gain: float, onset: int
) -> None:
    """Wherever in a block it begins, though cutting it off there would be a click."""
    tone = wave(3.0, gain, hertz)
    audio = np.concatenate((LEADING, silence(5.0 + onset / SAMPLE_RATE), tone))
    found = rises_of(audio)
    assert found.short_term <= SHORT_TERM
    assert found.momentary <= MOMENTARY
    np.testing.assert_array_equal(guarded(audio), audio)


def test_what_is_lawful_is_not_even_copied() -> None:
    block = noise(0.1, 0.05)
    assert RiseGuard().push(block) is block


def test_a_stream_that_begins_loud_is_taken_for_the_sessions_beginning() -> None:
    """-19 LUFS, the loudest that is planned, at once; the joiner fades it in."""
    audio = noise(6.0, 0.055)
    assert loudness(audio, 3.0, BLOCK_FRAMES).mean() == pytest.approx(-19.0, abs=0.5)
    np.testing.assert_array_equal(guarded(audio), audio)
    assert np.abs(guarded(noise(1.0, 1.0))).max() < 0.5


def test_samples_that_are_not_numbers_are_silenced() -> None:
    audio = noise(1.0, 0.05)
    audio[30_000], audio[40_000, 0] = np.nan, np.inf
    out = guarded(audio)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out[:28_800], audio[:28_800])


def test_samples_beyond_all_measure_overflow_nothing() -> None:
    audio = noise(1.0, 0.05)
    audio[30_000:30_010] = 1e30
    with np.errstate(over="raise", invalid="raise"):
        out = guarded(audio)
    assert np.abs(out).max() <= 1e6
    np.testing.assert_array_equal(out[:28_800], audio[:28_800])
    guard = RiseGuard()
    blocks = [guard.push(audio[at : at + BLOCK_FRAMES]) for at in range(0, len(audio), 4_800)]
    np.testing.assert_array_equal(np.concatenate(blocks), out)


@settings(max_examples=8, deadline=None)
@given(SOUNDS)
def test_one_that_hears_what_came_before_goes_on_as_one_that_never_stopped(audio: Frames) -> None:
    """Where nothing was done in the 4 s before it began to listen, nothing else matters."""
    whole = np.concatenate((noise(9.0, 0.05), audio, silence(1.0)))
    whole = whole[: len(whole) // BLOCK_FRAMES * BLOCK_FRAMES]
    at = frames_of(9.0)
    late = RiseGuard()
    since = at - MEMORY_FRAMES - BLOCK_FRAMES  # a block for the filter to know the frames before
    for begin in range(since, at, BLOCK_FRAMES):
        late.hear(whole[begin : begin + BLOCK_FRAMES])
    out = late.push(whole[at:])
    np.testing.assert_array_equal(out, guarded(whole)[at:])


@pytest.mark.parametrize("unheard", [0, 1, 5_000, 48_000])
def test_what_was_not_heard_is_not_counted_from(unheard: int) -> None:
    """Loud music that a listener went away from before it sounded allows nothing."""
    guard = RiseGuard()
    quiet, loud = noise(6.0, 0.002), noise(1.0, 0.05)
    guard.push(quiet)
    if unheard:
        guard.push(loud[: -(-unheard // BLOCK_FRAMES) * BLOCK_FRAMES])
    guard.forget(-(-unheard // BLOCK_FRAMES) * BLOCK_FRAMES)
    out = np.concatenate((quiet, guard.push(noise(8.0, 0.2, seed=4))))
    assert rises_of(out).momentary <= MOMENTARY + METERS
    assert guard.gain > 0.1


def test_the_guard_weighs_as_the_recursive_filter() -> None:
    """Though each block is heard behind the one before it alone."""
    audio = np.concatenate((noise(0.5, 0.1), wave(0.5, 0.5, 45.0), noise(0.5, 0.001)))
    laid = k_weighting().lay(audio)
    before = np.concatenate((nothing_before()[None], laid.ends[:-1]))
    found = step_energies(laid, before)[:, :STEPS].ravel()
    assert found == pytest.approx(energies(audio, STEP_FRAMES), rel=1e-5, abs=1e-12)


def test_the_echo_is_what_silence_behind_a_block_makes_of_it() -> None:
    audio = np.concatenate((noise(0.1, 0.1), wave(0.1, 0.5, 45.0), silence(0.1)))
    laid = k_weighting().lay(audio)
    before = np.concatenate((nothing_before()[None], laid.ends[:-1]))
    found = step_energies(laid, before)
    assert found[1, STEPS:] == pytest.approx(found[2, :ECHO_STEPS], rel=1e-5)


@settings(max_examples=8, deadline=None)
@given(SOUNDS, st.integers(2, 40))
def test_blocks_that_come_together_leave_as_they_would_one_by_one(audio: Frames, at: int) -> None:
    whole = audio[: len(audio) // BLOCK_FRAMES * BLOCK_FRAMES]
    cuts = tuple(range(BLOCK_FRAMES, len(whole), BLOCK_FRAMES))
    np.testing.assert_array_equal(guarded(whole, cuts), guarded(whole, cuts[::at]))
