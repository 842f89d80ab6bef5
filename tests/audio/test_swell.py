"""Dips and onsets in the loudness rider: lifted and softened within bounds, and the law kept."""

from __future__ import annotations

import numpy as np
import pyebur128
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames
from engine.audio.k_weighting import energies_by_step, energy_of
from engine.audio.loudness import k_filter
from engine.audio.rider import LOOK_AHEAD_BLOCKS, Rider, SlowState, ramp, slow_step
from engine.audio.swell import MOST_DB, lift, softened

MOST = 10 ** (MOST_DB / 20)
levels = st.floats(-60.0, -5.0)
LEFT = st.lists(levels, min_size=40, max_size=40)
COMING = st.lists(levels, min_size=1, max_size=LOOK_AHEAD_BLOCKS + 1)


def plucked(die_away_db: float, every: float, seconds: int = 30) -> Frames:
    """A tone struck every so many seconds that has died away by so much before the next."""
    t = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    shape = 10 ** (-die_away_db / 20 * (t % every) / every) * np.minimum(1.0, t % every / 0.01)
    audio = 0.1 * shape * np.sin(2 * np.pi * 330.0 * t)
    return np.repeat(audio[:, None], CHANNELS, axis=1).astype(np.float32)


def ridden(audio: Frames, target: float = -23.0) -> Frames:
    """The rider alone over ``audio``, its future known as finishing knows it."""
    energies = energies_by_step(k_filter().push(audio)).mean(axis=1).tolist()
    slow = [SlowState(0.0, 0.0)]
    for energy in energies:
        slow.append(slow_step(slow[-1], energy))
    rider = Rider(target)
    gains = []
    for block in range(len(energies)):
        ahead = energies[block : block + LOOK_AHEAD_BLOCKS + 1]
        gains.append(rider.step(ahead, slow[block + len(ahead)], target))
    out = audio.copy()
    befores = [gains[0], *gains]
    for block, (before, gain) in enumerate(zip(befores, gains, strict=False)):
        after = gains[block + 1] if block + 1 < len(gains) else gain
        piece = slice(block * BLOCK_FRAMES, (block + 1) * BLOCK_FRAMES)
        out[piece] *= ramp(min(before, gain), min(gain, after))[:, None]
    return out


def largest_rise(audio: Frames) -> float:
    """Of momentary loudness within a second, LU, by libebur128; the first 8 s are not looked at."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_M)
    values = []
    for start in range(0, len(audio) - BLOCK_FRAMES + 1, BLOCK_FRAMES):
        state.add_frames(audio[start : start + BLOCK_FRAMES].reshape(-1), BLOCK_FRAMES)
        values.append(pyebur128.get_loudness_momentary(state))
    heard = np.asarray(values)[80:]
    return max(float((heard[k:] - heard[:-k]).max()) for k in range(1, 11))


@pytest.mark.parametrize("every", [1.2, 1.7, 2.5])
@pytest.mark.parametrize("die_away_db", [8.0, 9.0])
def test_notes_that_die_away_rise_by_five_units_at_most(die_away_db: float, every: float) -> None:
    audio = plucked(die_away_db, every)
    assert largest_rise(audio) > 5.2
    assert largest_rise(ridden(audio)) <= 5.0


def test_music_that_keeps_the_law_has_the_gain_of_before() -> None:
    steady = plucked(4.0, 1.0)
    energies = energies_by_step(k_filter().push(steady)).mean(axis=1).tolist()
    for block in range(40, 200):
        left, ahead = energies[block - 40 : block], energies[block : block + 8]
        assert lift(left, ahead, 1.0) == 1.0
        assert softened(left, ahead, 1.0, 1.0) == 1.0


def test_after_a_rest_music_begins() -> None:
    audio = plucked(6.0, 1.0)
    audio[14 * SAMPLE_RATE : 16 * SAMPLE_RATE] *= 1e-3
    out = ridden(audio)
    level = [float(np.abs(out[s * SAMPLE_RATE :][:SAMPLE_RATE]).max()) for s in (13, 16, 19)]
    assert level[1] > level[0] * 10 ** (-2.5 * MOST_DB / 20)
    assert level[2] > level[0] * 10 ** (-2 / 20)


@pytest.mark.parametrize("rest", [2.0, 6.0, 12.0])
def test_a_rider_that_goes_on_from_its_state_gives_the_same_gains(rest: float) -> None:
    """However long it has been riding: only the last 4 s of what left count."""
    loud, soft = [energy_of(-12.0)] * 5, [energy_of(-30.0)] * round(rest * 10)
    dying = [energy_of(-34.0 - 1.2 * (k % 12)) for k in range(200)]
    energies = [*loud, *soft, *dying]
    slow = [SlowState(0.0, 0.0)]
    for energy in energies:
        slow.append(slow_step(slow[-1], energy))
    rider = Rider(-23.0)
    for block in range(len(energies)):
        ahead = energies[block : block + LOOK_AHEAD_BLOCKS + 1]
        resumed = Rider(-23.0, rider.state)
        expected = resumed.step(ahead, slow[block + len(ahead)], -23.0)
        assert rider.step(ahead, slow[block + len(ahead)], -23.0) == expected


@given(LEFT, COMING, st.floats(0.1, 10.0))
def test_a_lift_is_none_at_least_and_little_at_most(
    left: list[float], coming: list[float], gain: float
) -> None:
    factor = lift([energy_of(e) for e in left], [energy_of(e) for e in coming], gain)
    assert 1.0 <= factor <= MOST


@given(LEFT, COMING, st.floats(0.1, 10.0), st.floats(0.0, 10.0))
def test_a_softened_gain_keeps_the_law_or_is_the_least(
    left: list[float], coming: list[float], gain: float, before: float
) -> None:
    past, ahead = [energy_of(e) for e in left], [energy_of(e) for e in coming]
    found = softened(past, ahead, gain, before)
    least = max(min(gain, before or gain) / MOST, gain / MOST**2)
    assert least * (1 - 1e-9) <= found <= gain * (1 + 1e-9)
    line = past + [energy * found**2 for energy in ahead[:4]]
    windows = [sum(line[i - 3 : i + 1]) for i in range(3, len(line))]
    heard = len(past) - 3
    rest = min(windows[heard - 10 : heard]) < 4 * max(past) / 100
    if found > least * (1 + 1e-9) and not rest:
        for end in range(heard, len(windows)):
            assert windows[end] <= 10**0.5 * min(windows[end - 10 : heard]) * (1 + 1e-9)
