"""What a recording is said to lack is what was taken from it."""

from __future__ import annotations

import numpy as np
import pytest
from support.recordings import Fault, faults

from engine.audio.format import SAMPLE_RATE, Frames

SECOND = SAMPLE_RATE
SILENCE = np.zeros((SECOND, 2), np.float32)


@pytest.fixture(scope="module")
def music() -> Frames:
    """Ten seconds, the first of them in silence."""
    sound = np.random.default_rng(3).uniform(0.1, 0.3, (9 * SECOND, 2)).astype(np.float32)
    return np.concatenate([SILENCE, sound])


def test_one_that_is_whole_has_no_fault(music: Frames) -> None:
    assert faults(np.concatenate([SILENCE, music, SILENCE]), music) == []


def test_a_gap_is_where_something_was_put_in(music: Frames) -> None:
    stopped = [music[: 4 * SECOND], SILENCE, music[4 * SECOND : 6 * SECOND], SILENCE[:480]]
    heard = np.concatenate([*stopped, music[6 * SECOND :]])
    assert faults(heard, music) == [Fault(4.0, SECOND, 0, 0), Fault(6.0, 480, 0, 0)]


def test_what_was_not_heard_is_missing(music: Frames) -> None:
    heard = np.concatenate([music[: 4 * SECOND], music[5 * SECOND :]])
    assert faults(heard, music) == [Fault(4.0, 0, 0, SECOND)]
    assert faults(music[:-SECOND], music) == [Fault(9.0, 0, 0, SECOND)]
    assert faults(SILENCE, music) == [Fault(0.0, 0, 0, len(music))]


def test_what_sounds_otherwise_is_counted_in_its_place(music: Frames) -> None:
    heard = music.copy()
    heard[4 * SECOND : 4 * SECOND + 400] = 0.0
    assert faults(heard, music) == [Fault(4.0, 0, 480, 0)]
