"""What a recording is said to lack is what was taken from it; what a soak reads of a player."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.recordings import Fault, faults
from support.told import Told

from engine.audio.format import SAMPLE_RATE, Frames
from engine.session.conductor.far_line import said_of_loss

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


def test_each_loss_of_a_line_or_an_engine_is_counted_once_until_it_is_back() -> None:
    sentences = (
        said_of_loss("lab", "down", "", 60.0),
        said_of_loss("lab", "down", "", 50.0),
        "The composer on lab is back.",
        said_of_loss("lab", "", "It was ended by SIGKILL.", 60.0),
        "The composer on lab is back.",
    )
    told = Told()
    told.read(json.dumps({"event": "notice", "text": text}) for text in sentences)
    assert "the engine was back 2 times" in told.in_words
    assert "taken over: never" in told.in_words
