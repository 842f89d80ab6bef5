"""`musmed play` as a person runs it, through PulseAudio in real time, recorded."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from support.starvation import played_without_starving
from support.waiting import bytes_under, end_of, wait_for

from engine.affect.feelings import parse_affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.request import Request

pytestmark = pytest.mark.real_time
ROOT = Path(__file__).parents[2]
REAL = ("-m", "musmed_tui")
QUICK = (str(ROOT / "tests/support/quick_musmed.py"),)
REQUEST = Request(
    start=parse_affect("tense")[0],
    target=parse_affect("calm")[0],
    start_word="tense",
    target_word="calm",
    minutes=1.5,
    seed=5,
)
ARGUMENTS = ("--from", "tense", "--to", "calm", "--seed", "5")
SINK = ("--sink", "sounddevice:pulse")
RAMP = frames_of(0.1)
"""Who goes on with a session hears it fade in."""

Serve = Callable[[Path], AbstractContextManager[Any]]


@contextlib.contextmanager
def playing(
    server: Any, folder: Path, latency: float, *command: str
) -> Iterator[subprocess.Popen[str]]:
    """A ``musmed`` in its own home under ``folder``; ended when the ``with`` is."""
    more = {"MUSMED_HOME": str(folder / "musmed"), "MUSMED_LATENCY": str(latency)}
    process = subprocess.Popen(
        [sys.executable, *command, *SINK],
        env=server.env | more | {"QUICK_ENGINE_SPEED": "20"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def so_far(process: subprocess.Popen[str], folder: Path, seen: Callable[[], object]) -> None:
    """Wait until ``seen``, as long as the session of ``process`` is composed or recorded."""
    wait_for(
        seen,
        moves=lambda: bytes_under(folder),
        alive=lambda: process.poll() is None,
        what="the session to come so far",
        look_every=0.1,
    )


def engine_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The engine process of a player, if one is alive."""
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if (
                any("engine" in word for word in child.cmdline())
                and child.status() != psutil.STATUS_ZOMBIE
            ):
                return child
    return None


def heard_and_stopped(
    pulse_server: Serve, sounds: Any, lengths: tuple[float, str], folder: Path, latency: float
) -> None:
    """``musmed play`` with the embedded composer, stopped after so many seconds of so many
    minutes."""
    seconds, minutes = lengths
    record = folder / "record.raw"
    play = (*REAL, "play", *ARGUMENTS, "--minutes", minutes)
    with pulse_server(folder) as server, server.record(record):
        with playing(server, folder, latency, *play) as process:
            so_far(process, folder, lambda: sounds.heard_seconds(record) > seconds + latency + 2)
            process.send_signal(signal.SIGTERM)
            out, errors = end_of(process)
        assert process.returncode == 128 + signal.SIGTERM, errors
    assert "musmed resume" in out
    rendering = sounds.rendering_of(folder)
    heard = sounds.aligned(sounds.raw(record), rendering)
    assert np.array_equal(heard[: frames_of(seconds)], rendering[: frames_of(seconds)])
    fade = heard[frames_of(seconds) :]
    assert not fade[-SAMPLE_RATE // 2 :].any(), "stopped means silent"
    session = sounds.stored(folder)
    onset = int(np.flatnonzero(rendering.any(axis=1))[0])
    sounded = int(np.flatnonzero(heard.any(axis=1))[-1]) - onset
    assert seconds < session.position
    assert abs(session.position - sounded / SAMPLE_RATE) < latency + 3


@pytest.mark.parametrize("lengths", [(32, "1"), pytest.param((100, "2"), marks=pytest.mark.long)])
def test_what_is_played_through_pulseaudio_has_no_gap_and_equals_the_rendering(
    pulse_server: Serve, sounds: Any, lengths: tuple[float, str], tmp_path: Path
) -> None:
    """Past the first join, which ends at 30 s."""

    def play(folder: Path, latency: float) -> None:
        heard_and_stopped(pulse_server, sounds, lengths, folder, latency)

    played_without_starving(play, tmp_path)


def heard_with_two_kills(pulse_server: Serve, sounds: Any, folder: Path, latency: float) -> None:
    """From 60 s of a session on: the engine is killed within its last clip, which follows on what
    is heard, and once all is composed and 10 s more are heard."""
    record = folder / "record.raw"
    sounds.begun_at(folder, REQUEST, 60.0)
    with pulse_server(folder) as server, server.record(record):
        with playing(server, folder, latency, *QUICK, "resume") as process:
            clips = folder / "musmed"
            so_far(process, folder, lambda: list(clips.rglob("0003-0.flac*")))
            killed = engine_of(process)
            assert killed is not None
            os.kill(killed.pid, signal.SIGKILL)
            so_far(
                process,
                folder,
                lambda: (now := engine_of(process)) is not None and now.pid != killed.pid,
            )
            so_far(process, folder, lambda: list(clips.rglob("0003-0.flac")))
            again = engine_of(process)
            assert again is not None
            ten_more = sounds.heard_seconds(record) + 10
            so_far(process, folder, lambda: sounds.heard_seconds(record) > ten_more)
            os.kill(again.pid, signal.SIGKILL)
            out, errors = end_of(process)
        assert process.returncode == 0, errors
    whole = sounds.rendering_of(folder, quick=True)
    heard = sounds.trimmed(sounds.raw(record))
    end = int(np.flatnonzero(whole.any(axis=1))[-1]) + 1
    assert frames_of(29) < len(heard) <= frames_of(31)
    assert np.array_equal(heard[RAMP:], whole[end - len(heard) : end][RAMP:])
    assert len(re.findall("a new one is being started", out)) == 2
    assert "The composer is back." in out
    session = sounds.stored(folder)
    assert session.state == "finished"
    assert len(session.clips) == 4


def test_killing_the_engine_is_not_heard(pulse_server: Serve, sounds: Any, tmp_path: Path) -> None:
    def play(folder: Path, latency: float) -> None:
        heard_with_two_kills(pulse_server, sounds, folder, latency)

    played_without_starving(play, tmp_path)


def heard_with_the_server_away(
    pulse_server: Serve, sounds: Any, folder: Path, latency: float
) -> None:
    sounds.begun_at(folder, REQUEST, 20.0)
    record = folder / "record.raw"
    with pulse_server(folder) as server:  # noqa: SIM117
        with playing(server, folder, latency, *QUICK, "resume", "--plain") as process:
            lines: list[str] = []

            def line_with(words: str) -> str:
                """The next one, or one that was read on the way to another: a notice and how the
                session stands come in either order."""
                assert process.stdout is not None
                while not (found := [line for line in lines if words in line]):
                    line = process.stdout.readline()
                    assert line, f"no line has {words!r}: {lines}"
                    lines.append(line)
                return found[-1]

            with server.record(folder / "before.raw"):
                so_far(process, folder, lambda: sounds.heard_seconds(folder / "before.raw") > 3)
                server.kill()
            gone = line_with("The sound device")
            assert "The session stands still" in gone
            assert line_with("no sound device").split()[0] == gone.split()[0]
            server.start()
            with server.record(record):
                line_with("The sound device is back")
                so_far(process, folder, lambda: sounds.heard_seconds(record) > 7)
                process.send_signal(signal.SIGTERM)
                end_of(process)
    whole = sounds.rendering_of(folder, quick=True)
    heard = sounds.trimmed(sounds.raw(record))
    assert np.abs(heard[: frames_of(0.01)]).max() < 1e-4
    sound = heard[frames_of(5.2) : frames_of(5.7)]
    minute, second = gone.split()[0].split(":")
    stood = 60 * int(minute) + int(second)
    course = whole[frames_of(stood + 3) : frames_of(stood + 8)]
    places = np.flatnonzero((course[: -len(sound)] == sound[0]).all(axis=1))
    assert any(np.array_equal(course[at : at + len(sound)], sound) for at in places)
    noted = [note.text for note in sounds.stored(folder).notes]
    assert sum("stands still" in text for text in noted) == 1
    assert "The sound device is back; the music goes on." in noted


def test_a_sound_server_that_comes_back_late_is_waited_for(
    pulse_server: Serve, sounds: Any, tmp_path: Path
) -> None:
    """`musmed resume --plain`: said when the server goes and when it is back, in the terminal and
    in the record; the position stands; the music goes on where it stood, without a step."""

    def play(folder: Path, latency: float) -> None:
        heard_with_the_server_away(pulse_server, sounds, folder, latency)

    played_without_starving(play, tmp_path)
