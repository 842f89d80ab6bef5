"""A sound device that goes away: the session stands, says so, looks on, and comes back gently."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import HANG_SECONDS, wait_for

from engine.audio.format import Frames, frames_of, quantise24
from engine.composers.base import Marks
from engine.errors import MusmedError
from engine.plan.spec import ClipKey
from engine.playback.clips import ClipStore
from engine.playback.joiner import Joiner
from engine.playback.outlet import FIRST_PATIENCE, LOOK_SECONDS, Outlet
from engine.playback.playback import Playback
from engine.playback.player import RAMP, RETURN_FADE, Player
from engine.playback.ring import Ring
from engine.playback.sinks.base import Fill, SinkUnavailableError
from engine.playback.sinks.file import FileSink

SECONDS = 8.0
TOTAL = frames_of(SECONDS)
PERIOD = frames_of(0.1)


class Device:
    """A sound card that a test pulls out, hangs, puts back, and asks for audio with."""

    name, realtime, own_clock, latency = "fake", True, True, 0.2

    def __init__(self) -> None:
        self.there = True
        self.active = False
        self.attempts = 0
        self.asks = True
        """Opened, it asks."""
        self.closing = threading.Event()
        self.closing.set()
        self.fill: Fill | None = None

    def describe(self) -> str:
        return "fake device"

    def start(self, fill: Fill) -> None:
        self.attempts += 1
        if not self.there:
            raise SinkUnavailableError("The device is not there; plug it in.")
        self.active, self.fill = True, fill
        if self.asks:
            threading.Thread(target=self._ask, args=(fill,), daemon=True).start()

    def _ask(self, fill: Fill) -> None:
        """As a card that runs does while nobody has anything for it."""
        while self.active and not getattr(fill, "open", True):
            fill(np.zeros((0, 2), np.float32))
            time.sleep(0.001)

    def close(self) -> None:
        """Takes until ``closing`` is set."""
        self.closing.wait(HANG_SECONDS)
        self.active = False

    def pull(self) -> None:
        self.there = self.active = False

    def gives_less(self) -> bool:
        """Asks once more; whether that was the session's end."""
        assert self.fill is not None
        return self.fill(np.zeros((480, 2), np.float32)) < 480

    def play(self, seconds: float) -> Frames:
        assert self.fill is not None
        out = np.full((frames_of(seconds), 2), np.nan, np.float32)
        self.fill(out)
        return out


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    monkeypatch.setattr("engine.playback.outlet.LOOK_SECONDS", 0.002)
    monkeypatch.setattr("engine.playback.outlet.RETRY_SECONDS", 0.002)
    made = Device()
    yield made
    made.closing.set()


@pytest.fixture
def music() -> Frames:
    rng = np.random.default_rng(5)
    return quantise24(0.3 + (rng.standard_normal((TOTAL, 2)) * 0.05).astype(np.float32))


@pytest.fixture
def playback(device: Device, music: Frames, tmp_path: Path) -> Iterator[Playback]:
    store = ClipStore(tmp_path)
    store.begin(ClipKey(0, 0), 0, TOTAL)
    store.append(ClipKey(0, 0), music)
    store.finish(ClipKey(0, 0))
    made = Playback(Joiner(TOTAL, fade_in=0, fade_out=0), device)
    with made.joiner() as joiner:
        joiner.place(store.get(ClipKey(0, 0)), Marks(), splice=False)
    made.start()
    yield made
    device.closing.set()
    made.close()


def written(playback: Playback, seconds: float) -> None:
    wait_for(lambda: playback.state().written >= frames_of(seconds))


def said(playback: Playback, words: str) -> str:
    """The next sentence that has ``words``."""
    sentences: list[str] = []

    def seen() -> str:
        sentences.extend(playback.take_said())
        return next((one for one in sentences if words in one), "")

    return wait_for(seen, what=f"{words!r}")


def away(playback: Playback, device: Device) -> None:
    device.pull()
    assert "fake device" in said(playback, "is gone")
    assert playback.state().away


def back(playback: Playback, device: Device) -> str:
    device.there = True
    return said(playback, "is back")


def test_the_session_stands_for_as_long_as_the_device_is_away(
    playback: Playback, device: Device, music: Frames
) -> None:
    written(playback, 1.5)
    np.testing.assert_array_equal(device.play(1.0), music[: frames_of(1.0)])
    away(playback, device)
    swallowed = playback.state().heard  # what the card had been given
    assert swallowed == pytest.approx(1.0)
    wait_for(lambda: device.attempts > 40, moves=lambda: device.attempts)
    state = playback.state()
    assert (state.heard, state.ended, state.paused) == (swallowed, False, False)
    assert state.peak == (-120.0, -120.0)
    assert back(playback, device) == "The sound device is back; the music goes on."
    assert not playback.state().away
    assert playback.state().heard == swallowed


def test_it_comes_back_where_it_was_with_a_ramp(
    playback: Playback, device: Device, music: Frames
) -> None:
    written(playback, 1.5)
    device.play(1.0)
    for left in (1.0, 2.0):  # away twice, the second time in the midst of the ramp
        away(playback, device)
        back(playback, device)
        written(playback, left + 1.2)
        heard = device.play(1.0)
        sound = music[frames_of(left) : frames_of(left + 1.0)]
        t = (np.arange(len(heard)) + 0.5) / RETURN_FADE
        ramp = (0.5 - 0.5 * np.cos(np.pi * t))[:, None]
        np.testing.assert_allclose(heard[RAMP:], (sound * ramp)[RAMP:], atol=2e-7)
        assert (np.abs(heard[:RAMP]) <= np.abs(sound * ramp)[:RAMP] + 2e-7).all()
        assert np.abs(heard[: frames_of(0.01)]).max() < 1e-4
    for left in (3.0, 4.0, 5.0):
        written(playback, left + 1.2)
        heard = device.play(1.0)
    np.testing.assert_array_equal(heard, music[frames_of(5.0) : frames_of(6.0)])


def test_one_that_comes_back_while_a_clip_is_late_fades_in_with_the_clip() -> None:
    signal = np.full((RETURN_FADE, 2), 0.5, np.float32)
    ring = Ring(len(signal))
    player = Player(ring, realtime=True)
    player.hold()
    player.come_back()
    out = np.ones((RETURN_FADE, 2), np.float32)
    player.fill(out)
    assert not out.any()
    ring.write(signal)
    player.fill(out)
    assert np.abs(out[: frames_of(0.01)]).max() < 1e-4
    assert np.abs(np.diff(out, axis=0)).max() < 1e-4


class Clock(threading.Event):
    """Its time goes on by what is waited for. The device is pulled at 1 s and there again at
    ``back``; from ``runs`` on it asks whenever it is open."""

    now = 0.0

    def __init__(self, device: Device, back: float, runs: float) -> None:
        super().__init__()
        self._device, self._back, self._runs = device, back, runs

    def wait(self, timeout: float | None = None) -> bool:
        before, self.now = self.now, self.now + (timeout or 0.0)
        device = self._device
        if before < 1.0 <= self.now:
            device.pull()
        device.there = device.there or self.now >= self._back
        if device.active and device.fill and not 1.0 <= self.now < self._runs:
            device.fill(np.zeros((480, 2), np.float32))
        return self.is_set()


@pytest.mark.parametrize("starting", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("away_for", [0.2, 1.0, 5.0, 60.0, 3_600.0])
def test_it_is_found_soon_however_long_it_was_away(
    device: Device, monkeypatch: pytest.MonkeyPatch, away_for: float, starting: float
) -> None:
    """In invented seconds, from when it asks again. Music within 2 s is this, an attempt, and the
    device's latency. A server that is still ``starting`` takes a stream that never runs."""
    monkeypatch.undo()
    device.asks = False  # the clock does it
    back = 1.0 + away_for
    clock, said = Clock(device, back, back + starting), []
    outlet = Outlet(
        device, Player(Ring(TOTAL), realtime=True), lambda text: said.append((clock.now, text))
    )
    outlet._closing = clock
    outlet.start()
    wait_for(lambda: len(said) == 2, moves=lambda: clock.now)
    clock.set()
    outlet.close()
    (_, gone), (again, returned) = said
    assert "is gone" in gone
    assert "is back" in returned
    tried_in_vain = min(2 * (FIRST_PATIENCE + device.latency), starting)
    assert again - (back + starting) <= 1.0 + tried_in_vain


class Busy(threading.Event):
    """On a machine so busy that the device asks every ``late`` seconds only, invented ones."""

    looks = 0

    def __init__(self, device: Device, late: float) -> None:
        super().__init__()
        self._device, self._every = device, round(late / LOOK_SECONDS)

    def wait(self, timeout: float | None = None) -> bool:
        self.looks += 1
        if self._device.active and self._device.fill and self.looks % self._every == 0:
            self._device.fill(np.zeros((480, 2), np.float32))
        return self.is_set()


@pytest.mark.parametrize(("late", "hangs"), [(0.9, False), (1.1, False), (1.5, True)])
def test_a_busy_machine_is_no_device_that_hangs(
    device: Device, monkeypatch: pytest.MonkeyPatch, late: float, hangs: bool
) -> None:
    """0.9 s is the longest that a player was seen to wait for a core (docs/playback.md); here the
    device has 0.2 s of latency, 0.5 s where nothing else is said."""
    monkeypatch.undo()
    device.asks = False
    busy, said = Busy(device, late), []
    outlet = Outlet(device, Player(Ring(TOTAL), realtime=True), said.append)
    outlet._closing = busy
    outlet.start()
    wait_for(lambda: busy.looks > 400 or said, moves=lambda: busy.looks)
    busy.set()
    outlet.close()
    assert bool(said) is hangs


def test_a_device_that_hangs_is_away_as_well(
    playback: Playback, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(playback, 1.5)
    device.play(0.5)
    monkeypatch.setattr("engine.playback.outlet.HANG_SECONDS", 0.01)
    device.latency = 0.0  # the limit has it too
    device.there = False
    assert "fake device" in said(playback, "takes no more sound")
    assert playback.state().away
    back(playback, device)


def test_one_that_was_thought_to_be_gone_gets_silence_and_takes_nothing(
    playback: Playback, device: Device
) -> None:
    written(playback, 1.5)
    device.play(0.5)
    late = device.fill
    assert late is not None
    away(playback, device)
    out = np.full((PERIOD, 2), np.nan, np.float32)
    assert late(out) == PERIOD
    assert not out.any()
    assert playback.state().heard == pytest.approx(0.5)


def test_a_pause_outlasts_the_return(playback: Playback, device: Device) -> None:
    written(playback, 1.5)
    device.play(0.5)
    playback.pause()
    device.play(0.5)
    at = playback.state().heard
    away(playback, device)
    assert back(playback, device) == "The sound device is back; the session is still paused."
    assert playback.state().paused
    assert not device.play(1.0).any()
    assert playback.state().heard == at
    playback.resume()
    assert device.play(1.0).any()


def test_keys_act_while_it_is_away(playback: Playback, device: Device, music: Frames) -> None:
    written(playback, 1.5)
    device.play(0.5)
    away(playback, device)
    playback.set_volume(0.5)
    assert playback.state().volume == 0.5
    assert playback.seek(1.0) == 1.0
    wait_for(lambda: playback.state().heard == 1.0)
    playback.pause()
    assert playback.state().paused
    playback.resume()
    back(playback, device)
    written(playback, 2.4)
    heard = device.play(1.0)
    assert not playback.state().paused
    t = (np.arange(len(heard)) + 0.5) / RETURN_FADE
    ramp = (0.5 - 0.5 * np.cos(np.pi * t))[:, None]
    begun = frames_of(0.05)  # the joiner fades in after a seek
    sound = 0.5 * ramp * music[frames_of(1.0) : frames_of(2.0)]
    np.testing.assert_allclose(heard[begun:], sound[begun:], atol=2e-7)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_stop_is_over_at_once(
    playback: Playback, device: Device, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where whoever closes the device gets no answer."""
    monkeypatch.setattr("engine.playback.outlet.PATIENCE_SECONDS", 0.01)
    written(playback, 1.5)
    device.play(0.5)
    if hangs:
        device.closing.clear()
    away(playback, device)
    playback.stop()
    wait_for(lambda: playback.state().ended)
    playback.close()
    assert device.closing.is_set() is not hangs


def test_one_that_goes_after_the_last_frame_is_not_waited_for(
    playback: Playback, device: Device
) -> None:
    for second in range(int(SECONDS)):
        written(playback, second + 1.0)
        device.play(1.0)
    wait_for(device.gives_less)
    device.pull()
    wait_for(lambda: playback.state().ended)
    assert playback.state().heard > SECONDS - 0.5
    assert not playback.take_said()


def test_one_that_hangs_after_the_last_frame_is_not_waited_for(
    playback: Playback, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is there, and asks for nothing more."""
    monkeypatch.setattr("engine.playback.outlet.HANG_SECONDS", 0.05)
    for second in range(int(SECONDS)):
        written(playback, second + 1.0)
        device.play(1.0)
    wait_for(device.gives_less)
    wait_for(lambda: playback.state().ended)
    assert device.active
    assert not playback.take_said()


def test_one_that_can_be_opened_but_asks_for_nothing_is_not_back(
    playback: Playback, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once that it is gone and once that it is back, however often it is opened."""
    written(playback, 1.5)
    device.play(0.5)
    away(playback, device)
    monkeypatch.setattr("engine.playback.outlet.HANG_SECONDS", 0.05)
    device.asks, opened = False, device.attempts
    device.there = True
    wait_for(lambda: device.attempts > opened + 3)
    assert playback.state().away
    assert not playback.take_said()
    monkeypatch.setattr("engine.playback.outlet.HANG_SECONDS", 5.0)
    device.asks = True
    assert "is back" in said(playback, "is")


def test_what_is_not_in_real_time_is_tried_once(tmp_path: Path) -> None:
    """A file on a full disk: the session ends with what was wrong."""

    class Full(FileSink):
        starts = 0

        def start(self, fill: Fill) -> None:
            self.starts += 1
            if self.starts > 1:
                raise SinkUnavailableError("The disk is full.")

        active = False

    sink = Full(tmp_path / "out.wav")
    playback = Playback(Joiner(TOTAL), sink)
    playback.start()
    wait_for(lambda: playback.failure is not None)
    assert isinstance(playback.failure, MusmedError)
    assert sink.starts == 2
    assert not playback.take_said()
    playback.close()


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.integers(1, 9_000)),
        st.tuples(st.sampled_from(["go", "return", "pause", "resume"]), st.just(0)),
    ),
    max_size=40,
)


@given(DEEDS)
def test_whatever_happens_nothing_is_lost_or_repeated_and_no_step_is_heard(
    deeds: list[tuple[str, int]],
) -> None:
    """Over any order of loss, return, pause and resume: what is given to the device follows on what
    it was given before; each stretch that it gives out begins in silence and has no step; the
    position, a device's latency behind and none while it is away, never goes back."""
    signal = np.repeat(0.25 + np.arange(400_000, dtype=np.float32)[:, None] / 2**22, 2, axis=1)
    ring = Ring(len(signal) + 10)
    ring.write(signal)
    player, gone, last, heard = Player(ring, realtime=True), False, None, 0
    player.fill(np.zeros((100, 2), np.float32))  # it sounds
    for deed, frames in deeds:
        now = player.taken_at(max(0, player.asked - (0 if gone else 9_600)))
        assert heard <= now <= ring.taken
        heard = now
        if deed == "go":
            player.hold()
            gone, last = True, None
        elif deed == "return" and gone:
            player.come_back()
            gone, last = False, np.zeros(2, np.float32)
        elif deed in ("pause", "resume"):
            player.paused = deed == "pause"
        elif deed == "play":
            out, before = np.full((frames, 2), np.nan, np.float32), ring.taken
            player.fill(out)
            assert np.isfinite(out).all()
            if gone:
                assert ring.taken == before
                assert not out.any()
                continue
            sounding = np.flatnonzero(out.any(axis=1))
            assert ring.taken - before >= len(sounding)
            assert (out[: ring.taken - before] <= signal[before : ring.taken] + 1e-7).all() or (
                player.paused
            )
            run = out if last is None else np.concatenate([last[None], out])
            assert np.abs(np.diff(run, axis=0)).max(initial=0.0) < 1.5 * 0.35 / RAMP
            last = out[-1]
    assert player.gaps == 0
