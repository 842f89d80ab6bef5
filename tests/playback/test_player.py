"""Ring, player and feeder without devices; the file and null sinks through the facade."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import HANG_SECONDS, wait_for

from engine.audio.format import BLOCK_FRAMES, Frames, frames_of, quantise24
from engine.composers.base import Marks
from engine.errors import MusmedError, UnknownWordError
from engine.plan.spec import ClipKey
from engine.playback.clips import ClipStore
from engine.playback.feeder import Feeder
from engine.playback.joiner import Joiner
from engine.playback.playback import Playback
from engine.playback.player import RAMP, RETURN_FADE, SKIP_RAMP, STOP_RAMP, Player
from engine.playback.ring import Ring
from engine.playback.sinks.base import SinkUnavailableError
from engine.playback.sinks.choose import open_sink
from engine.playback.sinks.file import FileSink
from engine.playback.sinks.null import NullSink


def ramp_signal(frames: int) -> Frames:
    """Every frame tells its number."""
    counter = np.arange(frames, dtype=np.float32) / 2**23
    return np.stack([counter, 0.25 + counter], axis=1)


def pull(player: Player, frames: int, chunk: int = 480) -> Frames:
    out = []
    for _ in range(frames // chunk):
        buffer = np.full((chunk, 2), np.nan, np.float32)
        player.fill(buffer)
        out.append(buffer)
    return np.concatenate(out)


def filled(frames: int, *, finished: bool = False) -> tuple[Player, Ring, Frames]:
    ring, signal = Ring(frames + 10), ramp_signal(frames)
    ring.write(signal)
    ring.finished = finished
    return Player(ring, realtime=True), ring, signal


@given(st.integers(1, 50), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_the_ring_gives_back_what_was_written_in_order(
    capacity: int, steps: list[tuple[int, int]]
) -> None:
    ring, signal, got = Ring(capacity), ramp_signal(4_000), []
    for write, take in steps:
        count = min(write, ring.free)
        ring.write(signal[ring.written : ring.written + count])
        out = np.zeros((take, 2), np.float32)
        got.append(out[: ring.take(out)].copy())
        assert 0 <= ring.filled <= capacity
    taken = np.concatenate([*got, np.zeros((0, 2), np.float32)])
    np.testing.assert_array_equal(taken, signal[: ring.taken])


def test_a_full_ring_refuses() -> None:
    ring = Ring(10)
    with pytest.raises(ValueError, match="room for 10"):
        ring.write(ramp_signal(11))


@given(st.integers(1, 3_000))
def test_volume_1_changes_nothing(chunk: int) -> None:
    player, _, signal = filled(6_000)
    heard = pull(player, 6_000, chunk)
    np.testing.assert_array_equal(heard, signal[: len(heard)])


def test_an_empty_ring_in_mid_music_is_one_gap() -> None:
    player, ring, signal = filled(1_000)
    pull(player, 4_800)
    assert player.gaps == 1
    ring.write(signal[:960])
    pull(player, 480)
    assert player.gaps == 1


def test_waiting_for_the_first_audio_and_the_end_are_no_gaps() -> None:
    ring = Ring(1_000)
    player = Player(ring, realtime=True)
    assert not pull(player, 4_800).any()
    ring.write(ramp_signal(500))
    ring.finished = True
    out = np.ones((480, 2), np.float32)
    assert player.fill(out) == 480
    assert player.fill(out) == 20
    assert not out[20:].any()
    assert player.drained_at == 4_800 + 500
    assert player.fill(out) == 0
    assert player.gaps == 0


def test_the_first_is_heard_when_enough_follows_it() -> None:
    """At the beginning, after a gap and after a skip: what follows is made block by block."""
    ring, signal = Ring(20_000), ramp_signal(9_600)
    player = Player(ring, realtime=True, lead=2_000)
    ring.write(signal[:1_920])
    assert not pull(player, 4_800).any()
    ring.write(signal[1_920:2_400])
    np.testing.assert_array_equal(pull(player, 2_400), signal[:2_400])
    assert not pull(player, 480).any()
    ring.write(signal[2_400:3_840])
    assert not pull(player, 480).any()
    assert player.gaps == 1
    ring.write(signal[3_840:4_800])
    np.testing.assert_array_equal(pull(player, 960), signal[2_400:3_360])
    ring.skip_to = ring.written
    assert not pull(player, 4_800)[SKIP_RAMP:].any()
    ring.write(signal[4_800:5_760])
    assert not pull(player, 480).any()
    ring.finished = True
    np.testing.assert_array_equal(pull(player, 960), signal[4_800:5_760])
    assert player.gaps == 1


@pytest.mark.parametrize("who", ["callback", "watcher"])
def test_who_was_stopped_comes_back_as_a_device_does(who: str) -> None:
    """Where it stood, faded in, whoever runs first. A callback that is late is no stop while others
    run, nor is what was before the first sound."""
    now = 0.0
    ring, signal = Ring(200_000), ramp_signal(200_000)
    player = Player(ring, realtime=True, clock=lambda: now)
    assert not pull(player, 480).any()
    now += 60.0
    ring.write(signal)
    for asked in range(10):
        np.testing.assert_array_equal(pull(player, 480), signal[480 * asked :][:480])
        for _ in range(60):
            now += 1.0
            player.look()
    now += 3_600.0
    if who == "watcher":
        player.look()
    heard = pull(player, 4_800)
    t = (np.arange(4_800) + 0.5) / RETURN_FADE
    ramp = (0.5 - 0.5 * np.cos(np.pi * t))[:, None]
    np.testing.assert_allclose(heard, signal[4_800:9_600] * ramp, atol=1e-6)
    assert player.gaps == 0


def test_a_null_sink_that_was_stopped_does_not_run_through_the_music() -> None:
    """It makes up for a second and no more."""
    asked: list[int] = []
    began = time.monotonic()

    def fill(out: Frames) -> int:
        asked.append(len(out))
        return len(out)

    sink = NullSink(lambda: time.monotonic() + (3_600.0 if len(asked) > 5 else 0.0))
    sink.start(fill)
    wait_for(lambda: len(asked) > 10)
    sink.close()
    assert sum(asked) <= frames_of(time.monotonic() - began + 2.0)


def test_pause_fades_and_loses_nothing() -> None:
    player, ring, signal = filled(48_000)
    pull(player, 960)
    player.paused = True
    paused = pull(player, 9_600)
    assert not paused[RAMP:].any()
    at = ring.taken
    assert at == 960 + RAMP
    player.paused = False
    again = pull(player, 9_600)
    np.testing.assert_array_equal(again[RAMP:], signal[at + RAMP : at + 9_600])
    whole = np.concatenate([signal[:960], paused, again])
    assert np.abs(np.diff(whole[:, 1])).max() < 1.5 * 0.26 / RAMP
    assert player.gaps == 0


def test_stop_fades_over_its_time_and_stays_silent() -> None:
    player, _, _ = filled(96_000)
    pull(player, 960)
    player.stopping = True
    fading = pull(player, 48_000)
    assert fading[STOP_RAMP - 480].any()
    assert not fading[STOP_RAMP:].any()
    assert player.drained_at is not None
    assert np.abs(np.diff(fading[:, 1])).max() < 1.5 * 0.26 / STOP_RAMP


def test_volume_moves_without_a_step_and_0_keeps_the_clock() -> None:
    player, ring, _ = filled(96_000)
    pull(player, 960)
    player.volume = 0.0
    heard = pull(player, 9_600)
    assert not heard[RAMP + 1 :].any()
    assert ring.taken == 960 + 9_600
    player.volume = 0.5
    heard = pull(player, 9_600)
    assert np.abs(np.diff(heard[:, 1])).max() < 1e-3
    np.testing.assert_allclose(heard[-1, 1], 0.5 * ramp_signal(ring.taken)[-1, 1], rtol=1e-6)


def test_a_skip_fades_the_old_sound_out_first() -> None:
    player, ring, signal = filled(48_000)
    pull(player, 960)
    ring.skip_to = 20_000
    heard = pull(player, 9_600)
    assert np.abs(heard[SKIP_RAMP - 1]).max() < 1e-3
    np.testing.assert_array_equal(heard[SKIP_RAMP:], signal[20_000:][: 9_600 - SKIP_RAMP])
    assert player.gaps == 0


def test_what_is_heard_follows_the_latency_also_over_a_pause() -> None:
    player, ring, _ = filled(96_000)
    pull(player, 9_600)
    assert player.taken_at(player.asked - 4_800) == 4_800
    player.paused = True
    pull(player, 48_000)
    assert player.taken_at(player.asked - 4_800) == ring.taken
    player.paused = False
    pull(player, 960)
    assert player.taken_at(player.asked - 4_800) == 9_600 + RAMP


# feeder and facade

TOTAL = frames_of(4.0)


def noise() -> Frames:
    rng = np.random.default_rng(5)
    return quantise24((rng.standard_normal((TOTAL, 2)) * 0.05).astype(np.float32))


def one_clip(folder: Path, audio: Frames) -> ClipStore:
    store = ClipStore(folder)
    store.begin(ClipKey(0, 0), 0, len(audio))
    store.append(ClipKey(0, 0), audio)
    store.finish(ClipKey(0, 0))
    return store


def test_the_feeder_writes_no_further_ahead_than_it_may(tmp_path: Path) -> None:
    joiner, ring = Joiner(TOTAL), Ring(frames_of(3.0))
    joiner.place(one_clip(tmp_path, noise()).get(ClipKey(0, 0)), Marks(), splice=False)
    feeder = Feeder(joiner, ring, ahead=frames_of(1.5), realtime=True)
    while feeder.pump():
        pass
    assert joiner.position == frames_of(1.5)
    assert frames_of(1.5) - BLOCK_FRAMES <= ring.written <= frames_of(1.5)
    assert feeder.session_at(1_000) == (1_000, False)
    assert [column.number for column in feeder.sound.columns] == list(range(7))
    found = feeder.seek(frames_of(2.05))
    assert found == frames_of(2.0)
    at = ring.written
    while feeder.pump():
        pass
    assert feeder.session_at(at + 100) == (found + 100, False)
    assert [column.number for column in feeder.sound.columns][7:] == list(range(10, 17))


def test_whatever_arrives_nothing_over_the_ceiling_leaves(tmp_path: Path) -> None:
    loud = np.clip(noise() * 30, -1, 0.999).astype(np.float32)
    joiner, ring = Joiner(TOTAL), Ring(TOTAL + 8 * BLOCK_FRAMES)
    joiner.place(one_clip(tmp_path, loud).get(ClipKey(0, 0)), Marks(), splice=False)
    feeder = Feeder(joiner, ring, ahead=2 * TOTAL, realtime=False)
    while feeder.pump():
        pass
    assert feeder.sound.columns == (), "who renders sees nothing"
    out = np.zeros((TOTAL, 2), np.float32)
    assert ring.take(out) == TOTAL
    assert np.abs(out).max() <= 10 ** (-1 / 20) + 2**-23


def test_the_file_sink_writes_exactly_the_session(tmp_path: Path) -> None:
    audio, target = noise(), tmp_path / "out.wav"
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    playback = Playback(joiner, FileSink(target))
    playback.start()
    with playback.joiner() as placing:
        placing.place(one_clip(tmp_path / "clips", audio).get(ClipKey(0, 0)), Marks(), splice=False)
    wait_for(lambda: playback.state().ended)
    playback.close()
    written, rate = soundfile.read(target, dtype="float32")
    assert rate == 48_000
    np.testing.assert_array_equal(written, audio)
    assert playback.state().heard == pytest.approx(4.0)


def test_a_file_closed_early_holds_what_there_was(tmp_path: Path) -> None:
    audio, target = noise(), tmp_path / "out.wav"
    store = ClipStore(tmp_path / "clips")
    store.begin(ClipKey(0, 0), 0, TOTAL)
    store.append(ClipKey(0, 0), audio[:100_000])
    playback = Playback(Joiner(TOTAL, fade_in=0, fade_out=0), FileSink(target))
    with playback.joiner() as placing:
        placing.place(store.get(ClipKey(0, 0)), Marks(), splice=False)
    playback.start()
    wait_for(lambda: playback.state().heard > 1.5)
    playback.close()
    written, _ = soundfile.read(target, dtype="float32")
    assert 72_000 < len(written) <= 100_000
    np.testing.assert_array_equal(written, audio[: len(written)])


def test_only_a_writer_that_waits_for_room_is_told_of_it() -> None:
    """A file takes whatever comes at once: each time the feeder would be woken for nothing."""
    ring = Ring(48_000)
    player = Player(ring, realtime=False)
    out = np.zeros((4_800, 2), np.float32)
    for crowded in (False, True):
        ring.crowded = crowded
        ring.write(noise()[:4_800])
        assert player.fill(out) == len(out)
        assert ring.room.is_set() == crowded


def test_the_null_sink_keeps_time_by_its_clock() -> None:
    """A callback that was late: what was missed is caught up with."""
    times = iter([0.0, 0.0, 0.9])
    asked = []
    done = threading.Event()

    def fill(out: Frames) -> int:
        asked.append(len(out))
        if sum(asked) >= 0.9 * 48_000:
            done.set()
        return len(out)

    sink = NullSink(clock=lambda: next(times, 0.9))
    sink.start(fill)
    assert done.wait(HANG_SECONDS)
    sink.close()
    assert not sink.active


def test_a_clip_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    one_clip(tmp_path, noise())
    store = ClipStore(tmp_path)
    store.adopt(ClipKey(0, 0), 0, TOTAL)
    (tmp_path / "0000-0.flac").unlink()
    playback = Playback(Joiner(TOTAL), NullSink())
    with playback.joiner() as placing:
        placing.place(store.get(ClipKey(0, 0)), Marks(), splice=False)
    playback.start()

    wait_for(lambda: playback.failure is not None)
    assert isinstance(playback.failure, MusmedError)
    assert playback.state().sink
    playback.close()


def test_sinks_by_word(tmp_path: Path) -> None:
    assert open_sink("null", latency=0.5)[0].name == "null"
    assert open_sink(f"file:{tmp_path / 'a.flac'}", latency=0.5)[0].name == "file"
    with pytest.raises(UnknownWordError, match="did you mean null"):
        open_sink("nul", latency=0.5)
    for spec in ("file:", f"file:{tmp_path}", f"file:{tmp_path / 'a.mp3'}", "null:x"):
        with pytest.raises(MusmedError):
            open_sink(spec, latency=0.5)


@pytest.mark.parametrize("kind", ["sounddevice", "miniaudio"])
def test_a_device_that_does_not_exist_is_said(kind: str) -> None:
    with pytest.raises(SinkUnavailableError, match=r"--sink null|apt install"):
        open_sink(f"{kind}:no such device", latency=0.5)


def test_the_file_sink_knows_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    sink, _ = open_sink("file:~/session.flac", latency=0.5)
    assert sink.describe() == f"file {tmp_path / 'session.flac'}"
