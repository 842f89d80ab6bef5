"""The screen in a terminal, every core busy, 42 s through PulseAudio, recorded.

The engine is the quick one: what is heard of busy cores and of a terminal is between the player and
the sound server. The session is gone on with in its middle, and heard to its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.required import lacking
from support.starvation import played_without_starving
from support.waiting import bytes_under, cpu_seconds, wait_for

from engine.affect.feelings import parse_affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.request import Request
from musmed_tui.first_run import remember
from musmed_tui.paths import folders

pytestmark = pytest.mark.real_time
ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 120, 40
QUICK = str(ROOT / "tests/support/quick_musmed.py")
REQUEST = Request(
    start=parse_affect("tense")[0],
    target=parse_affect("calm")[0],
    start_word="tense",
    target_word="calm",
    minutes=1.5,
    seed=5,
)
LOOKED_AT, NOT_READ = 58.0, 52.0
"""Where the session goes on, in seconds: 32 and 38 s before its end, and a join in them."""
RAMP = frames_of(0.1)
"""Who goes on with a session hears it fade in."""
HOG = "import os\nos.nice(10)\nwhile True: pass"
STALL = 20.0
LATE = 5.0
"""Seconds the screen may be behind what is heard on a busy machine; far less than the stall."""
PLANE_COLUMNS = 72
MOVED = 80
"""Cells of the plane that may differ between two looks half a minute apart: the dot and the
stretch of path it has travelled."""
LEFT_FULL_SCREEN = b"\x1b[?1049l"

Serve = Callable[[Path], AbstractContextManager[Any]]


class Terminal:
    """A pseudo-terminal of 120x40 with musmed in it, read by a thread while ``reading`` is set.

    What was read is shown by tmux, as a person would see it.
    """

    def __init__(self, env: dict[str, str], folder: Path, latency: float) -> None:
        self._folder = folder
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._before = termios.tcgetattr(self._slave)
        env = {key: value for key, value in env.items() if key not in ("COLUMNS", "LINES")}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        env |= {"MUSMED_HOME": str(folder / "musmed"), "MUSMED_LATENCY": str(latency)}
        remember(folders(env))
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, QUICK, "resume", "--sink", "sounddevice:pulse"],
            env=env,
            cwd=ROOT,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
        )
        self.reading = threading.Event()
        self.reading.set()
        self._read = bytearray()
        self._closed = False
        self._reader = threading.Thread(target=self._keep_reading)
        self._reader.start()

    def _keep_reading(self) -> None:
        while not self._closed:
            if not self.reading.wait(0.1):
                continue
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if ready:
                self._read += os.read(self._master, 65536)

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    @property
    def read(self) -> bytes:
        return bytes(self._read)

    def restored(self) -> bool:
        """Whether the terminal is as musmed found it."""
        return termios.tcgetattr(self._slave) == self._before and LEFT_FULL_SCREEN in self.read

    def screen(self) -> list[str]:
        """What the terminal shows by now: 40 lines."""
        stream, socket = self._folder / "stream", self._folder / "tmux"
        stream.write_bytes(self.read)
        tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        title = "printf '\\033]2;all is shown\\033\\\\'"
        shown = f"stty raw -echo; cat '{stream}'; {title}; exec sleep infinity"
        env = os.environ | {"LC_ALL": "C.UTF-8"}

        def told(*command: str) -> str:
            done = subprocess.run([*tmux, *command], check=True, capture_output=True, text=True)
            return done.stdout

        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        subprocess.run([*tmux, "new-session", "-d", *size, shown], env=env, check=True)
        try:
            wait_for(
                lambda: "all is shown" in told("display-message", "-p", "#{pane_title}"),
                what="tmux to show the stream",
            )
            captured = told("capture-pane", "-p")
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)
        return [line.ljust(COLUMNS) for line in captured.splitlines()]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._closed = True
        self._reader.join()
        os.close(self._master)
        os.close(self._slave)


@contextlib.contextmanager
def terminal_with_musmed(env: dict[str, str], folder: Path, latency: float) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        lacking("needs: apt install tmux")
    terminal = Terminal(env, folder, latency)
    try:
        yield terminal
    finally:
        terminal.close()


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    """A process that does nothing but compute, at low priority, for each core."""
    cores = len(os.sched_getaffinity(0))
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(cores)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def looks_right(screen: list[str], position: float, before: float, after: float) -> None:
    """The screen of a session with the engine card open, looked at when it had been heard from
    ``position`` on for ``before`` to ``after`` seconds (drawing it for the test takes its time on a
    busy machine)."""
    text = "\n".join(screen)
    assert "▸ playing " in screen[0], text
    assert screen[0].split("playing")[1].strip() == "tense → calm", text
    assert re.search(r"gaps +0 ", text), text
    assert re.search(r"restarts +0 ", text), text
    assert text.count("●") == 2, text  # now on the plane, and the playhead
    (left,), (total,) = (re.findall(seen, text) for seen in (r"(\d:\d\d) left", r"of (\d:\d\d)"))
    shown = seconds_of(total) - seconds_of(left) - position
    assert before - LATE < shown < after + LATE, f"{before:.1f}-{after:.1f} s heard of\n{text}"


def seconds_of(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return 60 * int(minutes) + int(seconds)


def stands_still(one: list[str], other: list[str]) -> None:
    """Headline, plane and keys are the same on both screens but for the dot's way."""
    assert re.sub(r"\d+", "0", one[0]) == re.sub(r"\d+", "0", other[0])  # its clock goes on
    assert one[-1] == other[-1]
    planes = ["".join(row[:PLANE_COLUMNS] for row in screen[1:-4]) for screen in (one, other)]
    moved = sum(a != b for a, b in zip(*planes, strict=True))
    assert moved < MOVED, "\n".join(one + other)


class Listening:
    """musmed in a terminal, and its sound recorded while it is waited for."""

    def __init__(self, terminal: Terminal, record: Path, sounds: Any) -> None:
        self.terminal = terminal
        self._record, self._sounds = record, sounds

    def until(self, seen: Callable[[], object]) -> None:
        """Wait as long as the recording goes on; the session may have ended meanwhile."""
        heard = self._record.parent / "musmed"
        wait_for(
            seen,
            moves=lambda: (bytes_under(heard), len(self.terminal.read), self.heard()),
            alive=lambda: self.terminal.process.poll() is None,
            what=lambda: f"the screen, which is now {self.terminal.read[-2000:]!r}",
            look_every=0.1,
        )

    def heard(self) -> float:
        """Seconds since the first sound, not counting the silence after the last."""
        trimmed = self._sounds.trimmed(self._sounds.raw(self._record))
        return len(trimmed) / SAMPLE_RATE

    def listen(self, seconds: float) -> None:
        """Until so much of the session has been heard."""
        self.until(lambda: self.heard() >= seconds)


def leaves_cleanly(listening: Listening) -> None:
    """The session ends by itself, the check-out is shown, q gives the terminal back."""
    terminal = listening.terminal
    listening.until(lambda: b"what was played" in terminal.read[-200_000:])
    listening.until(lambda: "what was played" in "\n".join(terminal.screen()))
    terminal.press("q")
    wait_for(
        lambda: terminal.process.poll() is not None,
        moves=lambda: cpu_seconds(terminal.process.pid),
        what="musmed to leave",
    )
    assert terminal.process.returncode == 0
    wait_for(terminal.restored, what="the terminal to be given back")


def equals_its_rendering(sounds: Any, record: Path, folder: Path, position: float) -> None:
    """From ``position`` to the end."""
    session, rendering = sounds.stored(folder), sounds.rendering_of(folder, quick=True)
    assert session.state == "finished"
    heard = sounds.trimmed(sounds.raw(record))
    end = int(np.flatnonzero(rendering.any(axis=1))[-1]) + 1
    rest = len(rendering) - frames_of(position)
    assert abs(len(heard) - rest) < SAMPLE_RATE
    assert np.array_equal(heard[RAMP:], rendering[end - len(heard) : end][RAMP:])


@contextlib.contextmanager
def sounding_on_busy_cores(
    pulse_server: Serve, sounds: Any, position: float, folder: Path, latency: float
) -> Iterator[Listening]:
    """musmed in a terminal, once its sound is recorded from ``position`` on."""
    record = folder / "record.raw"
    sounds.begun_at(folder, REQUEST, position)
    with (
        pulse_server(folder) as server,
        server.record(record),
        busy_cores(),
        terminal_with_musmed(server.env, folder, latency) as terminal,
    ):
        listening = Listening(terminal, record, sounds)
        listening.listen(0.1)
        yield listening
    equals_its_rendering(sounds, record, folder, position)


def test_a_terminal_that_does_not_read_for_twenty_seconds_is_not_heard(
    pulse_server: Serve, sounds: Any, tmp_path: Path
) -> None:
    def play(folder: Path, latency: float) -> None:
        given = (pulse_server, sounds, NOT_READ, folder, latency)
        with sounding_on_busy_cores(*given) as listening:
            terminal = listening.terminal
            listening.listen(8)
            earlier = terminal.screen()
            terminal.reading.clear()
            begun = listening.heard()
            listening.listen(begun + STALL / 2)
            before = len(terminal.read)
            terminal.press("i")  # nothing of it can be seen until the terminal reads again
            listening.listen(begun + STALL)
            assert len(terminal.read) == before
            terminal.reading.set()
            listening.listen(begun + STALL + 6)
            heard = listening.heard()
            seen = terminal.screen()
            looks_right(seen, NOT_READ, heard, listening.heard())
            stands_still(earlier, seen)
            leaves_cleanly(listening)

    played_without_starving(play, tmp_path)


def test_the_screen_on_busy_cores_is_not_heard(
    pulse_server: Serve, sounds: Any, tmp_path: Path
) -> None:
    def play(folder: Path, latency: float) -> None:
        given = (pulse_server, sounds, LOOKED_AT, folder, latency)
        with sounding_on_busy_cores(*given) as listening:
            listening.terminal.press("i")
            listening.listen(24)
            before = listening.heard()
            looks_right(listening.terminal.screen(), LOOKED_AT, before, listening.heard())
            leaves_cleanly(listening)

    played_without_starving(play, tmp_path)
