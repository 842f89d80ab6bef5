"""The screen in a terminal, every core busy, two minutes through PulseAudio, recorded."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.audio.format import SAMPLE_RATE

pytestmark = pytest.mark.real_time
ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 120, 40
PLAY = ["play", "--from", "tense", "--to", "calm", "--minutes", "2", "--seed", "5"]
PLAY += ["--sink", "sounddevice:pulse"]
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

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self._folder = folder
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._before = termios.tcgetattr(self._slave)
        env = {key: value for key, value in env.items() if key not in ("COLUMNS", "LINES")}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "musmed_tui", *PLAY],
            env=env | {"MUSMED_HOME": str(folder / "musmed")},
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
        shown = f"stty raw -echo; cat '{stream}'; touch '{stream}.shown'; exec sleep 60"
        env = os.environ | {"LC_ALL": "C.UTF-8"}
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        subprocess.run([*tmux, "new-session", "-d", *size, shown], env=env, check=True)
        try:
            done, deadline = Path(f"{stream}.shown"), time.monotonic() + 30
            while not done.exists():
                assert time.monotonic() < deadline, "tmux did not show the stream"
                time.sleep(0.05)
            done.unlink()
            time.sleep(0.5)
            captured = subprocess.run(
                [*tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True
            )
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)
        return [line.ljust(COLUMNS) for line in captured.stdout.splitlines()]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._closed = True
        self._reader.join()
        os.close(self._master)
        os.close(self._slave)


@contextlib.contextmanager
def terminal_with_musmed(env: dict[str, str], folder: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        if os.environ.get("MUSMED_TESTS_MUST_RUN") == "1":
            pytest.fail("needs: apt install tmux")
        pytest.skip("needs: apt install tmux")
    terminal = Terminal(env, folder)
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


def heard_seconds(record: Path) -> float:
    """Seconds since the first sound of the recording."""
    sound = np.fromfile(record, np.float32)
    return (len(sound) - int(np.argmax(sound != 0))) / (2 * SAMPLE_RATE)


def looks_right(screen: list[str], before: float, after: float) -> None:
    """The screen of a session with the engine card open, looked at when it had been heard for
    ``before`` to ``after`` seconds (drawing it for the test takes its time on a busy machine)."""
    text = "\n".join(screen)
    assert "▸ playing   tense → calm" in screen[0], text
    assert "gaps             0" in text, text
    assert "restarts         0" in text, text
    assert text.count("●") == 2, text  # now on the plane, and the playhead
    minutes, seconds = screen[-4].split()[0].split(":")
    shown = 60 * int(minutes) + int(seconds)
    assert before - LATE < shown < after + LATE, f"{before:.1f}-{after:.1f} s heard of\n{text}"


def stands_still(one: list[str], other: list[str]) -> None:
    """Headline, plane and keys are the same on both screens but for the dot's way."""
    assert one[0] == other[0]
    assert one[-1] == other[-1]
    planes = ["".join(row[:PLANE_COLUMNS] for row in screen[1:-4]) for screen in (one, other)]
    moved = sum(a != b for a, b in zip(*planes, strict=True))
    assert moved < MOVED, "\n".join(one + other)


def leaves_cleanly(terminal: Terminal, wait_for: Callable[..., None]) -> None:
    """The session ends by itself, the end screen is shown, q gives the terminal back."""
    wait_for(lambda: b"what was played" in terminal.read[-200_000:], 150)
    time.sleep(1.0)
    assert "what was played" in "\n".join(terminal.screen())
    terminal.press("q")
    wait_for(lambda: terminal.process.poll() is not None)
    assert terminal.process.returncode == 0
    wait_for(terminal.restored)


def equals_its_rendering(sounds: Any, record: Path, folder: Path) -> None:
    session, rendering = sounds.stored(folder), sounds.rendering_of(folder)
    assert session.state == "finished"
    heard = sounds.aligned(sounds.raw(record), rendering)
    assert np.array_equal(heard[: len(rendering)], rendering)
    assert not heard[len(rendering) :].any()


@contextlib.contextmanager
def sounding_on_busy_cores(
    pulse_server: Serve, sounds: Any, wait_for: Callable[..., None], folder: Path
) -> Iterator[tuple[Terminal, Path]]:
    """musmed in a terminal and the file its sound is recorded to, once there is some."""
    record = folder / "record.raw"
    with (
        pulse_server(folder) as server,
        server.record(record),
        busy_cores(),
        terminal_with_musmed(server.env, folder) as terminal,
    ):
        wait_for(lambda: sounds.sounding(record), 60)
        yield terminal, record


def test_the_screen_on_busy_cores_is_not_heard(
    pulse_server: Serve, sounds: Any, wait_for: Callable[..., None], tmp_path: Path
) -> None:
    with sounding_on_busy_cores(pulse_server, sounds, wait_for, tmp_path) as (terminal, record):
        terminal.press("i")
        time.sleep(80)
        before = heard_seconds(record)
        looks_right(terminal.screen(), before, heard_seconds(record))
        leaves_cleanly(terminal, wait_for)
    equals_its_rendering(sounds, record, tmp_path)


def test_a_terminal_that_does_not_read_for_twenty_seconds_is_not_heard(
    pulse_server: Serve, sounds: Any, wait_for: Callable[..., None], tmp_path: Path
) -> None:
    with sounding_on_busy_cores(pulse_server, sounds, wait_for, tmp_path) as (terminal, record):
        time.sleep(40)
        earlier = terminal.screen()
        terminal.reading.clear()
        time.sleep(STALL / 2)
        before = len(terminal.read)
        terminal.press("i")  # nothing of it can be seen until the terminal reads again
        time.sleep(STALL / 2)
        assert len(terminal.read) == before
        terminal.reading.set()
        time.sleep(6)
        heard = heard_seconds(record)
        seen = terminal.screen()
        looks_right(seen, heard, heard_seconds(record))
        stands_still(earlier, seen)
        leaves_cleanly(terminal, wait_for)
    equals_its_rendering(sounds, record, tmp_path)
