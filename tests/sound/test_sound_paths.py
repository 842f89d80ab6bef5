"""What PortAudio really plays is what the joiner made, sample for sample."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.starvation import played_without_starving
from support.waiting import end_of

pytestmark = pytest.mark.real_time
one_after_another = pytest.mark.xdist_group("sound paths")
with_pulse, with_miniaudio = (
    pytest.param(device, marks=pytest.mark.xdist_group(f"servers that die, {device}"))
    for device in ("pulse", "miniaudio")
)
"""Each behind one of the longer sessions, which have a worker each."""
SCRIPT = str(Path(__file__).parents[1] / "support" / "synthetic_session.py")


def finished(process: subprocess.Popen[str]) -> str:
    out, err = end_of(process)
    assert process.returncode == 0, err
    return out


@one_after_another
def test_virtual_time_equals_the_joiner(
    tmp_path: Path, virtual_portaudio: Any, sounds: Any, script: Any
) -> None:
    env, played = virtual_portaudio(tmp_path)
    out = finished(script(env, SCRIPT, "musmedfile", "virtual", "95", "0", str(tmp_path)))
    assert "gaps 0 heard 95.0" in out
    expected = np.load(tmp_path / "expected.npy")
    assert len(expected) == 95 * 48_000
    heard = sounds.raw(played)
    # PortAudio fills the device's buffer with silence before it asks for the first time
    first = int(np.flatnonzero(heard.any(axis=1))[0] - np.flatnonzero(expected.any(axis=1))[0])
    last = first + len(expected)
    np.testing.assert_array_equal(heard[first:last], expected)
    assert not heard[last:].any()


@one_after_another
def test_real_time_has_no_gap_and_equals_the_joiner(
    tmp_path: Path, pulse_server: Any, sounds: Any, script: Any
) -> None:
    def play(folder: Path, latency: float) -> None:
        with pulse_server(folder) as server, server.record(folder / "heard.raw"):
            arguments = ("pulse", "real", "37", "25", str(folder), str(latency))
            out = finished(script(server.env, SCRIPT, *arguments))
        assert "gaps 0 heard 37.0" in out
        heard = sounds.trimmed(sounds.raw(folder / "heard.raw"))
        expected = sounds.trimmed(np.load(folder / "expected.npy"))
        assert len(expected) > 11.9 * 48_000
        np.testing.assert_array_equal(heard, expected)

    played_without_starving(play, tmp_path)


@one_after_another
def test_miniaudio_has_no_gap_and_equals_the_joiner(
    tmp_path: Path, pulse_server: Any, sounds: Any, script: Any
) -> None:
    def play(folder: Path, latency: float) -> None:
        with pulse_server(folder) as server, server.record(folder / "heard.raw"):
            arguments = ("miniaudio", "real", "31", "26", str(folder), str(latency))
            out = finished(script(server.env, SCRIPT, *arguments))
        assert "gaps 0 heard 31.0" in out
        heard = sounds.trimmed(sounds.raw(folder / "heard.raw"))
        expected = sounds.trimmed(np.load(folder / "expected.npy"))
        np.testing.assert_array_equal(heard, expected)

    played_without_starving(play, tmp_path)


@pytest.fixture
def paths(pulse_server: Any, sounds: Any, script: Any) -> tuple[Any, Any, Any]:
    return pulse_server, sounds, script


def heard_on_both_sides(
    given: tuple[Any, Any, Any], device: str, ways: tuple[str, str], folder: Path, latency: float
) -> None:
    """``ways``: what is done to the server that takes the device away, and what brings it back."""
    go, come = ways
    pulse_server, sounds, script = given
    with pulse_server(folder) as server:
        arguments = (device, "real", "14", "0", str(folder), str(latency))
        player = script(server.env, SCRIPT, *arguments)
        assert player.stdout.readline() == "playing\n"
        with server.record(folder / "before.raw"):
            getattr(server, go)()
        stood, _, words = player.stdout.readline().partition(" ")
        assert "on by itself as soon as the device is back" in words
        getattr(server, come)()
        with server.record(folder / "after.raw"):
            again, _, words = player.stdout.readline().partition(" ")
            assert words == "The sound device is back; the music goes on.\n"
            out = finished(player)
    assert again == stood
    assert "heard 14.0" in out
    expected = sounds.trimmed(np.load(folder / "expected.npy"))
    after = sounds.trimmed(sounds.raw(folder / "after.raw"))
    assert np.abs(after[:480]).max() < 1e-4
    assert len(after) > 8 * 48_000
    np.testing.assert_array_equal(after[-4 * 48_000 :], expected[-4 * 48_000 :])


@pytest.mark.parametrize(
    "ways", [("kill", "start"), pytest.param(("unplug", "plug"), marks=pytest.mark.long)]
)
@pytest.mark.parametrize("device", [with_pulse, with_miniaudio])
def test_a_server_that_dies_and_a_device_that_is_pulled_out_are_found_again(
    tmp_path: Path, paths: tuple[Any, Any, Any], device: str, ways: tuple[str, str]
) -> None:
    """What follows is heard from where the session stood, faded in; nothing of it is lost."""

    def play(folder: Path, latency: float) -> None:
        heard_on_both_sides(paths, device, ways, folder, latency)

    played_without_starving(play, tmp_path)


OPENED_OFTEN = """
import os, sys, threading
from engine.playback.sinks.miniaudio import MiniaudioSink

played, asked = threading.Event(), 0

def fill(out):
    global asked
    asked += len(out)
    out[:] = 0.0
    if asked > 4 * 48_000:
        played.set()
    return len(out)

sink = MiniaudioSink(latency=2.0)
sink.start(fill)
played.wait()
sink.close()
files = []
for _ in range(4):
    sink.start(fill)
    sink.close()
    files.append(len(os.listdir("/proc/self/fd")))
print(len(set(files)))
"""


@pytest.mark.xdist_group("servers that die, miniaudio")
def test_miniaudio_plays_with_a_long_latency_and_lets_go_of_its_server(
    tmp_path: Path, pulse_server: Any, script: Any
) -> None:
    """A server takes 64 connections, and a device may have to be opened more often than that."""
    with pulse_server(tmp_path) as server:
        assert finished(script(server.env, "-c", OPENED_OFTEN)) == "1\n"
