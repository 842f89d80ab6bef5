"""The sleep timer: what it does to the volume, and to a session."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.playback.sinks.null import NullSink
from engine.session.bedtime import Bedtime
from engine.session.library.library import Library
from engine.session.notices import Notice
from engine.session.preparation import prepare
from engine.session.sleep_timer import (
    AWAKE,
    BACK_SECONDS,
    CHOICES,
    FADE_SECONDS,
    FADES,
    STOOD_SECONDS,
    SleepTimer,
)


def looked(timer: SleepTimer, start: float, end: float) -> float:
    """The gain at ``end``, of one who looks every second from ``start`` on."""
    now, gain = start, timer.gain(start)
    while now < end:
        now = min(end, now + 1.0)
        gain = timer.gain(now)
    return gain


def test_it_fades_slowly_when_its_time_is_up_and_then_it_is_silent() -> None:
    timer = SleepTimer()
    timer.set(1.0, 0.0)
    assert looked(timer, 0.0, 59.9) == 1.0
    gains = [looked(timer, 59.9, 60.0 + share * FADE_SECONDS) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] == 1.0
    assert gains[-1] == 0.0
    steps = [timer._gain(60.0 + 0.1 * step) for step in range(int(10 * FADE_SECONDS) + 1)]
    assert max(a - b for a, b in itertools.pairwise(steps)) < 0.01


@pytest.mark.parametrize(
    ("set_at", "now", "left"), [(0.0, 0.0, 10), (0.0, 1.0, 10), (0.0, 599.0, 1), (0.0, 600.0, 0)]
)
def test_whole_minutes_left(set_at: float, now: float, left: int) -> None:
    timer = SleepTimer()
    assert timer.left(now) is None
    timer.set(10.0, set_at)
    assert timer.left(now) == left


def test_a_key_goes_through_the_choices_and_off() -> None:
    timer = SleepTimer()
    assert [timer.step(0.0) for _ in range(6)] == [*CHOICES, None, CHOICES[0]]
    timer.set(45.0, 0.0)
    assert timer.step(0.0) == 60.0
    timer.set(200.0, 0.0)
    assert timer.step(0.0) is None


def test_who_is_awake_has_the_music_back_without_a_jump() -> None:
    timer = SleepTimer()
    timer.set(1.0, 0.0)
    assert not timer.wake(30.0)
    assert timer.left(30.0) == 1
    low = looked(timer, 0.0, 80.0)
    assert timer.wake(80.0)
    assert timer.left(80.0) is None
    assert timer.gain(80.0) == pytest.approx(low)
    assert low < timer.gain(80.0 + BACK_SECONDS / 2) < 1.0
    assert timer.gain(80.0 + BACK_SECONDS) == 1.0


def test_what_stood_still_does_not_count() -> None:
    """Put aside by Ctrl-Z, say: who comes back wants to hear it."""
    timer = SleepTimer()
    timer.set(1.0, 0.0)
    looked(timer, 0.0, 30.0)
    assert timer.gain(30.0 + 10 * STOOD_SECONDS) == 1.0
    assert timer.left(30.0 + 10 * STOOD_SECONDS) == 1
    assert looked(timer, 80.0, 80.0 + 29.9) == 1.0
    assert looked(timer, 109.9, 120.0) < 1.0


class FakePlayback:
    """Has a volume and a state."""

    def __init__(self) -> None:
        self.volume = 0.8
        self.paused = self.away = self.waiting = False

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def state(self) -> FakePlayback:
        return self


class Night:
    """A bedtime whose clock is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stops = 0
        self.playback = FakePlayback()
        self.told: list[Notice] = []
        self.bedtime = Bedtime(
            self.playback,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self._stop,
            lambda: self.now,
        )

    def tell(self, text: str, *, answer: bool = False) -> None:
        self.told.append(Notice(self.now, text, answer))

    def _stop(self) -> None:
        self.stops += 1

    def until(self, now: float) -> None:
        while self.now < now and not self.stops:
            self.now = min(now, self.now + 0.5)
            self.bedtime.look()


def test_the_session_is_stopped_when_it_is_silent() -> None:
    night = Night()
    night.bedtime.set(1.0)
    night.until(59.5)
    assert night.playback.volume == 0.8
    night.until(60.0 + FADE_SECONDS / 2)
    assert 0.0 < night.playback.volume < 0.3
    assert night.bedtime.volume == 0.8, "what the listener chose is kept for the next session"
    assert not night.stops
    night.until(200.0)
    assert night.stops == 1
    assert night.now == 60.0 + FADE_SECONDS
    assert [one.text for one in night.told][1:] == [FADES]
    assert all(one.answer for one in night.told)


@pytest.mark.parametrize("how", ["paused", "away", "waiting"])
def test_what_is_not_heard_is_stopped_without_a_fade(how: str) -> None:
    night = Night()
    night.bedtime.set(1.0)
    setattr(night.playback, how, True)
    night.until(200.0)
    assert night.now == 60.0


def test_louder_during_the_fade_calls_it_off() -> None:
    night = Night()
    night.bedtime.set(1.0)
    night.until(75.0)
    night.bedtime.set_volume(0.85)
    night.until(200.0)
    assert not night.stops
    assert night.playback.volume == pytest.approx(0.85)
    assert [one.text for one in night.told][-1] == AWAKE


QUICK = Path(__file__).parents[1] / "support" / "quick_engine.py"


def test_a_real_session_is_stopped_and_kept(tmp_path: Path) -> None:
    """One that is paused, so that no fade has to be waited for."""
    library = Library(tmp_path / "library")
    runner = prepare(
        Request(start=Affect(-0.4, 0.7), target=Affect(0.6, -0.5), minutes=2),
        library=library,
        sink=NullSink(),
        log_file=tmp_path / "engine.log",
        engine_argv=[sys.executable, "-P", str(QUICK)],
        volume=0.6,
    )
    runner.start()
    try:
        wait_for_session(runner, lambda: runner.status().phase == "playing")
        runner.set_sleep(30.0)
        wait_for_session(runner, lambda: runner.status().sleep_minutes == 30)
        assert runner.volume == 0.6
        runner.pause_or_resume()
        runner.set_sleep(0.0)
        session_end(runner)
    finally:
        runner.close()
    for deed in (lambda: runner.like(True), lambda: runner.wish(True), runner.go_back, runner.ease):
        runner.set_sleep(0.0)  # it fades
        deed()
        assert runner._bedtime.minutes is None, "who does something is awake"
    runner.set_sleep(0.0)
    runner._bedtime._gain = 0.25
    runner.playback.set_volume(0.15)
    assert runner._look().playback.volume == 0.6, "it is shown as the listener has it"
    assert runner.status().phase == "stopped"
    assert library.load(runner.session).state == "stopped"
    library.close()
