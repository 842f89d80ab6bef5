"""Notes added up at the desk, and through a comb."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.format import GRID_FRAMES
from engine.composers.score.sound import bank, pieces
from engine.composers.score.sound.desk import Bus, Desk, gains_of
from engine.composers.score.sound.tables import Table, TableCache
from engine.composers.score.sound.voices import PLACE, combed, sound, voice_of

WIDTH = PLACE + GRID_FRAMES
RNG = np.random.default_rng(5)
WAVES = [RNG.standard_normal((1 + k % 2, WIDTH)).astype(np.float32) for k in range(21)]
GAINS = [gains_of(len(wave), k / 20 - 0.5, 0.1 + k / 40, 0.3) for k, wave in enumerate(WAVES)]


def heard(desk: Desk, waves: list[Table], gains: list[NDArray[np.float32]]) -> Bus:
    desk.begin()
    for wave, gain in zip(waves, gains, strict=True):
        desk.rows(len(wave))[:] = wave
        desk.add(gain)
    return desk.heard().copy()


def test_the_desk_adds_up_whatever_number_of_waves() -> None:
    desk = Desk()
    for count in (21, 0, 1, 8, 9):
        made = heard(desk, WAVES[:count], GAINS[:count])
        pairs = zip(GAINS[:count], WAVES[:count], strict=True)
        wanted = sum((g.astype(float) @ w for g, w in pairs), np.zeros((3, WIDTH)))
        assert np.abs(made - wanted).max() < 1e-5


def test_what_comes_later_leaves_what_was_before_it() -> None:
    """To the last bit: a steer is not heard before it is made."""
    at = 7_001
    later = [wave.copy() for wave in WAVES]
    for wave in later:
        wave[:, :at] = 0.0
    plain = heard(Desk(), WAVES, GAINS)
    for more in (1, 5, 21):
        both = heard(Desk(), [*WAVES, *later[:more]], [*GAINS, *GAINS[:more]])
        assert np.array_equal(both[:, :at], plain[:, :at])
        assert not np.array_equal(both, plain)


def test_a_block_that_was_left_off_leaves_nothing() -> None:
    desk = Desk()
    desk.begin()
    desk.rows(2)[:] = 1.0
    desk.add(GAINS[1])
    assert np.array_equal(heard(desk, WAVES[:3], GAINS[:3]), heard(Desk(), WAVES[:3], GAINS[:3]))


@pytest.mark.parametrize("pan", [-0.8, 0.0, 0.6])
def test_a_note_is_as_loud_wherever_it_stands(pan: float) -> None:
    for sides in (1, 2):
        gains = gains_of(sides, pan, 0.5, 0.3)
        assert np.sum(gains[:2] ** 2) == pytest.approx(0.25)


def test_a_comb_of_a_sum_is_the_sum_of_combs() -> None:
    one, two = WAVES[1], WAVES[3]
    apart = combed(one, 2) + combed(two, 2)
    assert np.abs(combed(one + two, 2) - apart).max() < 1e-5


def test_nothing_is_made_behind_a_recordings_end() -> None:
    own = bank.instruments()["pizzicato"]
    cache: TableCache[Table] = TableCache()
    whole = sound(cache, "pizzicato", 80, 0.5, 6 * 48_000, 0, instrument=own)
    assert isinstance(own.make, pieces.Pieced)
    count = own.make.count(own.fold(80))
    assert count is not None
    assert len(cache._tables) == count
    assert not whole[..., -48_000:].any()


def test_a_note_is_the_same_piece_by_piece() -> None:
    for name in ("piano", "cello", "strings", "pizzicato"):
        own = bank.instruments()[name]
        voice = voice_of(TableCache(), name, 60, 0.5, 90_000, 7, instrument=own)
        whole, apart = (np.zeros((voice.sides, voice.length), np.float32) for _ in range(2))
        voice.write(whole, 0)
        for first in range(0, voice.length, GRID_FRAMES):
            voice.write(apart[:, first : first + GRID_FRAMES], first)
        assert np.abs(whole - apart).max() < 1e-6
        assert whole.any()
