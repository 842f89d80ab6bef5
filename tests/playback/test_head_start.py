"""How much is here before the first of it is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.audio.format import Frames, frames_of, quantise24
from engine.composers.base import Marks
from engine.plan.spec import ClipKey
from engine.playback.clips import ClipStore
from engine.playback.feeder import Feeder
from engine.playback.head_start import FAST, HEAD_START, LEAST, HeadStart
from engine.playback.joiner import Joiner
from engine.playback.ring import Ring

REST = frames_of(900.0)
STEP = frames_of(0.5)
KEY = ClipKey(0, 0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def begins_at(seconds_a_step: float) -> int:
    """Frames that are here when playing begins, of a composer that takes so long for half a
    second."""
    clock = Clock()
    head = HeadStart(clock)
    here = frames_of(0.1)
    while not head.enough(here, REST):
        clock.now += seconds_a_step
        here += STEP
    return here


@pytest.mark.parametrize("times", [5.5, 10.0, 100.0])
def test_who_composes_fast_is_heard_with_half_a_second_in_hand(times: float) -> None:
    assert times > FAST
    assert LEAST <= begins_at(0.5 / times) < LEAST + STEP


@pytest.mark.parametrize("times", [0.5, 1.0, 4.5])
def test_who_composes_slowly_is_heard_with_two(times: float) -> None:
    assert times < FAST
    assert HEAD_START <= begins_at(0.5 / times) < HEAD_START + STEP


def test_what_came_at_once_says_nothing_of_who_composes() -> None:
    clock = Clock()
    head = HeadStart(clock)
    assert not head.enough(0, REST)
    clock.now += 3.0
    assert not head.enough(frames_of(1.1), REST)
    assert not head.enough(frames_of(1.1), REST), "nothing more came"
    assert head.enough(frames_of(1.1), frames_of(1.1)), "there is no more"


def noise(seconds: float) -> Frames:
    rng = np.random.default_rng(5)
    return quantise24((rng.standard_normal((frames_of(seconds), 2)) * 0.05).astype(np.float32))


def test_a_fast_beginning_is_no_stall(tmp_path: Path) -> None:
    """With half a second in hand nothing fades away: what comes next is waited for, until the ring
    is all but dry."""
    clock, store, audio = Clock(), ClipStore(tmp_path), noise(4.0)
    store.begin(KEY, 0, len(audio))
    joiner, ring = Joiner(len(audio), fade_in=0), Ring(frames_of(4.0))
    joiner.place(store.get(KEY), Marks(), splice=False)
    feeder = Feeder(joiner, ring, ahead=frames_of(1.5), realtime=True, clock=clock)
    store.append(KEY, audio[: frames_of(0.1)])
    assert not feeder.pump()
    clock.now += 0.02
    store.append(KEY, audio[frames_of(0.1) : frames_of(0.6)])
    while feeder.pump():
        pass
    assert joiner.position == frames_of(0.5)
    out = np.zeros((frames_of(0.2), 2), np.float32)
    ring.take(out)
    assert not feeder.pump()
    ring.take(out)
    assert feeder.pump(), "now it is late"
