"""A program in a pseudo-terminal that is read as fast as it writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from musmed_tui.first_run import remember
from musmed_tui.paths import folders

ROOT = Path(__file__).resolve().parents[2]


def listener(home: Path, **more: str) -> dict[str, str]:
    """The environment of a listener who has been here before and keeps everything in ``home``."""
    environment = {key: v for key, v in os.environ.items() if key not in ("COLUMNS", "LINES")}
    environment |= {"PYTHONPATH": str(ROOT), "MUSMED_HOME": str(home), "MUSMED_SINK": "null"}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    remember(folders(environment))
    return environment | more


class Terminal:
    """``command`` in a terminal of ``size`` (columns, rows), started when this is made."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        self._leader, follower = pty.openpty()
        columns, rows = size
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._seen = b""
        self._started = time.perf_counter()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],  # its controlling terminal, or it reads no keys
            stdin=follower,
            stdout=follower,
            cwd=ROOT,
            env=dict(environment),
        )
        os.close(follower)

    def read(self, seconds: float) -> bytes:
        """What has come as soon as anything has, nothing after ``seconds``."""
        if not select.select([self._leader], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._leader, 65536)
        except OSError:  # the program has ended
            return b""

    def read_all(self, seconds: float) -> None:
        """Whatever comes in ``seconds`` is read and let go."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0 and self.process.poll() is None:
            self.read(left)

    def until(self, text: str, keys: str = "", *, patience: float = 60.0) -> float:
        """Press ``keys``, and the seconds from now until ``text`` is drawn: after them, or at all.

        Raises ``SystemExit`` where it never comes."""
        begun = time.perf_counter()
        if keys:
            self._seen = b""
            self.press(keys)
        while text.encode() not in self._seen:
            if time.perf_counter() - begun > patience or self.process.poll() is not None:
                raise SystemExit(f"{text!r} never came: {self._seen[-2000:]!r}")
            self._seen += self.read(0.02)
        return time.perf_counter() - begun

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._started

    def press(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def close(self, keys: str = "\x11") -> None:
        """Press ``keys`` (Ctrl-Q) and wait until the program has ended."""
        with contextlib.suppress(OSError):
            self.press(keys)
        end = time.perf_counter() + 20
        while self.process.poll() is None:
            self.read(0.1)
            if time.perf_counter() > end:
                self.process.kill()
                self.process.wait()
        os.close(self._leader)
