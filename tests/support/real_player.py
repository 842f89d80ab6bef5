"""``musmed`` with the quick engine in a process of its own, on a terminal of its own, and whether
what it kept goes on as if nothing had been."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
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


CONTROLLED = """
import fcntl, os, signal, sys, termios
if "NOHUP" in os.environ:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Who is started so is hung up when the terminal that is its standard input goes; that is ignored
where the environment has NOHUP."""


def musmed(
    home: Path, *arguments: str, terminal: int | None = None, **environment: str
) -> subprocess.Popen[bytes]:
    """``terminal``: what it reads keys from and writes to, its own; without one, a pipe. While it
    plays its engine composes no faster than 8 times real time, so that there is one left to
    kill."""
    speed = {"QUICK_ENGINE_SPEED": "8"} if arguments[0] == "play" else {}
    own = {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    return subprocess.Popen(
        [sys.executable, *(() if terminal is None else ("-c", CONTROLLED)), QUICK, *arguments],
        env=os.environ | own | speed | environment,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


class OnTerminal:
    """A player and the master of its terminal, which is read for as long as it is there."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self._there = True
        os.set_blocking(master, False)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def shown(self) -> bytes:
        """What the terminal shows since the last time."""
        if self._there:
            with contextlib.suppress(OSError):
                return os.read(self._master, 1 << 16)
        return b""

    def close(self) -> None:
        """The terminal goes."""
        if self._there:
            self._there = False
            os.close(self._master)

    def exit_code(self) -> int:
        """Once the player has ended."""
        wait_for(
            lambda: self.shown() is None or self.process.poll() is not None,
            moves=lambda: cpu_seconds(self.process.pid),
            what="the player to end",
        )
        return self.process.wait()


@contextlib.contextmanager
def on_a_terminal(
    home: Path, *arguments: str, screen: bool = False, **environment: str
) -> Iterator[OnTerminal]:
    """A player at its beginning, ended with the ``with``; without ``arguments`` it begins a
    session. ``screen``: as the terminal shows it best, else as lines."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    command, *rest = arguments or ("play", *ASKED, "--sink", "null")
    look = () if screen else ("--plain",)
    utf8 = {"LC_ALL": "C.UTF-8", **environment}
    player = OnTerminal(musmed(home, command, *look, *rest, terminal=slave, **utf8), master)
    os.close(slave)
    try:
        yield player
    finally:
        with contextlib.suppress(ProcessLookupError):
            player.process.send_signal(signal.SIGKILL)
        player.process.wait()
        player.close()


def kept(home: Path) -> StoredSession:
    library = Library(home / "data" / "library")
    try:
        return library.load(library.sessions()[0].id)
    finally:
        library.close()


def heard(home: Path) -> float:
    """Up to which second its only session was heard, as far as that is kept; 0 before it is."""
    return kept(home).position if sounds(home) else 0.0


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


def whole(folder: Path, session: StoredSession, home: Path) -> Frames:
    path = folder / "whole.wav"
    process = musmed(home, "render", "--session", session.id, "--output", str(path))
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    return read(path)
