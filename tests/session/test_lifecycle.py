"""How a session ends, by an invented clock."""

from __future__ import annotations

from engine.playback.playback import PlaybackState
from engine.session.lifecycle import LAST_RECORD_SECONDS, PLAYED_OUT_SECONDS, Lifecycle


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def state(*, ended: bool = False, waiting: bool = False) -> PlaybackState:
    return PlaybackState(
        heard=30.0,
        written=1_440_000,
        paused=False,
        ended=ended,
        waiting=waiting,
        gaps=0,
        volume=1.0,
        peak=(-120.0, -120.0),
        sink="null",
    )


def test_a_session_heard_to_its_end_is_over_with_its_last_record() -> None:
    ending = Lifecycle(realtime=False, replay=False, clock=Clock())
    assert not ending.reached(state())
    assert not ending.reached(state(ended=True), last_has_ended=False)
    assert ending.reached(state(ended=True), last_has_ended=True)


def test_the_last_record_is_not_waited_for_for_ever() -> None:
    clock = Clock()
    ending = Lifecycle(realtime=False, replay=False, clock=clock)
    assert not ending.reached(state(ended=True), last_has_ended=False)
    clock.now += LAST_RECORD_SECONDS - 0.1
    assert not ending.reached(state(ended=True), last_has_ended=False)
    clock.now += 0.2
    assert ending.reached(state(ended=True), last_has_ended=False)


def test_after_a_failure_nothing_is_waited_for() -> None:
    ending = Lifecycle(realtime=False, replay=False, failure="It broke.", clock=Clock())
    assert ending.reached(state(ended=True), last_has_ended=False)


def test_what_is_composed_is_played_out_after_a_failure() -> None:
    clock = Clock()
    ending = Lifecycle(realtime=True, replay=False, failure="It broke.", clock=clock)
    assert not ending.reached(state())
    assert not ending.reached(state(waiting=True))
    clock.now += PLAYED_OUT_SECONDS
    assert ending.reached(state(waiting=True))
