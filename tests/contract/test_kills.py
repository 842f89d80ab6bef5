"""Whatever is killed or stopped at whatever moment, nothing is lost and nothing sounds different.

The sweeps are ``long``. An engine that is stopped for good is tried always, as are a kill of the
player in ``test_resume.py`` and two of the engine in ``tests/sound/test_session_realtime.py``. What
is heard after a kill of the player, once it is gone on with, is what ``musmed render --session``
makes of the kept session from there on; an engine that is killed or stopped is not heard at all.
The quick engine composes: what is kept and gone on with is kept whatever the music is.
"""

from __future__ import annotations

import contextlib
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from support.waiting import bytes_under, cpu_seconds, end_of, wait_for

from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.session.library.library import Library
from engine.session.library.records import StoredSession

ROOT = Path(__file__).parents[2]
QUICK = str(ROOT / "tests/support/quick_musmed.py")
RAMP = frames_of(0.1)
"""After a pause or a seek the sound comes up in this time."""
ASKED = ("--from", "tired", "--to", "calm", "--minutes", "1", "--seed", "3")
KEYS = [
    *(b" ", b"  ", b"e", b"n", b"s", b"s\x1b", b"scalm\r", b"scalm\ren", b"+-", b"?"),
    *(b".", b",", b"..", b",.", b"en", b"ee", b"q"),
]


def musmed(home: Path, *arguments: str, terminal: int | None = None) -> subprocess.Popen[bytes]:
    """``terminal``: what it reads keys from and writes to; without one, a pipe. While it plays
    its engine composes no faster than 8 times real time, so that there is one left to kill."""
    speed = {"QUICK_ENGINE_SPEED": "8"} if arguments[0] == "play" else {}
    return subprocess.Popen(
        [sys.executable, QUICK, *arguments],
        env=os.environ
        | {
            "MUSMED_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
        }
        | speed,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@contextlib.contextmanager
def on_a_terminal(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The plain player at its beginning, and the master of its terminal."""
    master, slave = pty.openpty()
    process = musmed(home, "play", "--plain", *ASKED, "--sink", "null", terminal=slave)
    os.close(slave)
    os.set_blocking(master, False)
    try:
        yield process, master
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)


def drained(master: int) -> bytes:
    """What the terminal shows since the last time."""
    with contextlib.suppress(OSError):
        return os.read(master, 1 << 16)
    return b""


def kept(home: Path) -> StoredSession:
    library = Library(home / "data" / "library")
    try:
        return library.load(library.sessions()[0].id)
    finally:
        library.close()


def sounds(home: Path) -> bool:
    return bool(list(home.rglob("*.flac*")))


def wait_until(
    process: subprocess.Popen[bytes], home: Path, seen: Callable[[], bool], what: str
) -> None:
    wait_for(
        seen,
        moves=lambda: (bytes_under(home), cpu_seconds(process.pid)),
        alive=lambda: process.poll() is None,
        what=what,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the player without a word, and see that its engine ends by itself."""
    engines = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(
        lambda: not psutil.wait_procs(engines, timeout=0.1)[1],
        moves=lambda: cpu_seconds(*(engine.pid for engine in engines)),
        what="an engine whose player is gone to end by itself",
    )


def read(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def goes_on_as_if_nothing_had_been(home: Path, folder: Path) -> None:
    """Resume the only session of ``home`` to its end, and compare with what is made of it again."""
    before = kept(home)
    rest, whole = folder / "rest.wav", folder / "whole.wav"
    for arguments in (
        ("resume", "--sink", f"file:{rest}"),
        ("render", "--session", before.id, "--output", str(whole)),
    ):
        process = musmed(home, *arguments)
        out, _ = end_of(process)
        assert process.returncode == 0, out.decode()
    after = kept(home)
    assert after.state == "finished"
    assert after.events[: len(before.events)] == before.events
    assert not list(home.rglob("*.part"))
    again, expected = read(rest), read(whole)
    start = len(expected) - len(again)
    assert abs(start - frames_of(before.position)) <= SAMPLE_RATE
    ramp = RAMP if start else 0
    assert np.array_equal(again[ramp:], expected[start + ramp :])


def moments(count: int, seed: int) -> list[object]:
    """Seeds of ``count`` random moments, in long runs."""
    return [pytest.param(seed + number, marks=pytest.mark.long) for number in range(count)]


@pytest.mark.parametrize("seed", moments(50, 100))
def test_a_player_killed_at_any_moment_loses_nothing(tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    with on_a_terminal(home) as (process, _):
        wait_until(process, home, lambda: sounds(home), "the first clip")
        time.sleep(random.Random(seed).uniform(0, 12))
        kill(process)
    goes_on_as_if_nothing_had_been(home, tmp_path)


@pytest.mark.parametrize(
    "keys",
    [pytest.param(keys, marks=pytest.mark.long) for keys in KEYS],
    ids=lambda keys: keys.decode().replace("\x1b", "Esc").replace("\r", "Enter"),
)
def test_a_player_killed_after_any_key_loses_nothing(tmp_path: Path, keys: bytes) -> None:
    home = tmp_path / "home"
    dice = random.Random(len(keys) + keys[0])
    with on_a_terminal(home) as (process, master):
        wait_until(
            process, home, lambda: sounds(home) and kept(home).position > 2, "two seconds of music"
        )
        for key in keys:
            os.write(master, bytes([key]))
            time.sleep(dice.uniform(0, 0.4))
            drained(master)
        over = process.poll() is not None
        if not over:
            kill(process)
    goes_on_as_if_nothing_had_been(home, tmp_path)


def whole(folder: Path, session: StoredSession, home: Path) -> Frames:
    path = folder / "whole.wav"
    process = musmed(home, "render", "--session", session.id, "--output", str(path))
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    return read(path)


@pytest.mark.parametrize("seed", moments(20, 200))
def test_an_engine_killed_at_any_moment_is_not_heard(tmp_path: Path, seed: int) -> None:
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    dice = random.Random(seed)
    process = musmed(home, "play", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    for _ in range(dice.choice((1, 1, 2, 3))):
        time.sleep(dice.uniform(0, 4))
        with contextlib.suppress(psutil.Error):
            for engine in psutil.Process(process.pid).children():
                engine.kill()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))


@pytest.mark.parametrize("seed", moments(10, 300))
@pytest.mark.parametrize("who", ["player", "engine"])
def test_whoever_is_stopped_for_a_while_goes_on(tmp_path: Path, who: str, seed: int) -> None:
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    dice = random.Random(seed)
    process = musmed(home, "play", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    time.sleep(dice.uniform(0, 4))
    player = psutil.Process(process.pid)
    with contextlib.suppress(psutil.Error):
        stopped = [player] if who == "player" else player.children()
        for one in stopped:
            one.suspend()
        time.sleep(dice.uniform(0.5, 3))
        for one in stopped:
            one.resume()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))


def test_an_engine_that_is_stopped_for_good_is_replaced_and_said(tmp_path: Path) -> None:
    """With the limits that are in use."""
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    process = musmed(home, "play", "--plain", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    (engine,) = psutil.Process(process.pid).children()
    engine.suspend()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    said = " ".join(out.decode().split())
    assert re.search(r"The engine has not answered for \d+ s", said)
    assert "a new one is being started" in said
    assert not engine.is_running()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))
