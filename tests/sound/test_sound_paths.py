"""What PortAudio really plays is what the joiner made, sample for sample."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.starvation import played_without_starving
from support.waiting import end_of

pytestmark = [pytest.mark.real_time, pytest.mark.xdist_group("short")]
SCRIPT = str(Path(__file__).parents[1] / "support" / "synthetic_session.py")


def finished(process: subprocess.Popen[str]) -> str:
    out, err = end_of(process)
    assert process.returncode == 0, err
    return out


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


def test_a_sound_server_that_dies_is_found_again(
    tmp_path: Path, pulse_server: Any, sounds: Any, script: Any
) -> None:
    with pulse_server(tmp_path) as server:
        player = script(server.env, SCRIPT, "pulse", "real", "9", "0", str(tmp_path))
        assert player.stdout.readline() == "playing\n"
        with server.record(tmp_path / "before.raw"):
            server.kill()
        assert "trying to open it" in player.stdout.readline()
        server.start()
        with server.record(tmp_path / "after.raw"):
            assert "was opened again" in player.stdout.readline()
            out = finished(player)
    assert "heard 9.0" in out
    expected = sounds.trimmed(np.load(tmp_path / "expected.npy"))
    after = sounds.trimmed(sounds.raw(tmp_path / "after.raw"))
    assert len(after) > 4 * 48_000
    np.testing.assert_array_equal(after[-4 * 48_000 :], expected[-4 * 48_000 :])
