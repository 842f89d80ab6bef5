"""For how long the listener has waited, by an invented clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.playback.playback import Playback
from engine.session.watch import COUNTED_SECONDS, Watch


class Waiting:
    """A playback as far as ``Watch`` looks at it."""

    waiting = paused = False
    heard = 1.0

    def state(self) -> Any:
        return SimpleNamespace(
            written=0, heard=self.heard, waiting=self.waiting, paused=self.paused, away=False
        )

    @contextmanager
    def joiner(self) -> Iterator[Any]:
        yield SimpleNamespace(missed_splice=False, horizon=lambda: 0)


class World:
    """``heard``: where it stands at first."""

    def __init__(self, begins: float = 0.0, heard: float = 1.0) -> None:
        self.now, self.playback = 0.0, Waiting()
        self.playback.heard = heard
        self.watch = Watch(cast("Playback", self.playback), lambda: self.now, begins=begins)
        self.watch.look()

    def look(self, after: float) -> float:
        self.now += after
        return self.watch.look().silence


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_what_was_slept_was_not_waited(gaps: list[float]) -> None:
    world = World()
    world.playback.waiting = True
    assert world.look(5.0) == 0.0
    for number, gap in enumerate(gaps, 1):
        assert world.look(gap) <= number * COUNTED_SECONDS
    assert world.watch.look().silence == pytest.approx(sum(min(g, COUNTED_SECONDS) for g in gaps))


def test_a_pause_and_music_end_the_wait() -> None:
    world = World()
    world.playback.waiting = True
    world.look(0.5)
    assert world.look(0.5) == 0.5
    world.playback.paused = True
    assert world.look(0.5) == 0.0
    world.playback.paused = False
    world.look(0.5)
    assert world.look(0.25) == 0.25
    world.playback.waiting = False
    assert world.look(0.5) == 0.0


@pytest.mark.parametrize("begins", [0.0, 300.0])
def test_before_it_is_heard_from_where_it_begins_nothing_is_late(begins: float) -> None:
    """A session that goes on at five minutes waits for its composer as one that begins does."""
    world = World(begins, heard=begins)
    world.playback.waiting = True
    assert [world.look(0.5) for _ in range(40)] == [0.0] * 40
    world.playback.heard, world.playback.waiting = begins + 1.0, False
    world.look(0.5)
    world.playback.waiting = True
    world.look(0.5)
    assert world.look(0.5) == 0.5
