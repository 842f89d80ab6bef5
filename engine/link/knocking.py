"""Whether another machine answers again: looked at now and then, cheaply and without a question."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from engine.link.ssh import FarEngine, connect_argv, fault_of, kept_argv

Answer = Literal["down", "login", "up"]
"""'login': it answers, but no line can be made without a question."""
DELAYS = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds before each look; the last one holds from then on."""
KEPT_SECONDS = 5.0
"""Between looks at whether somebody has made the line in another terminal: nothing is sent."""
PATIENCE_SECONDS = 45.0
"""ssh gives up by itself after 20 s without an answer to its first packet."""


class Knocking:
    """Looks from a thread of its own until the machine answers, or ``close``. ``tell`` is called
    from there: once with 'login', if it comes to that, and once, last, with 'up'."""

    def __init__(
        self,
        far: FarEngine,
        tell: Callable[[Answer], None],
        *,
        delays: Sequence[float] = DELAYS,
    ) -> None:
        self._far = far
        self._tell = tell
        self._delays = delays
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="knocking", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more; what looks now is ended. May be called twice."""
        with self._lock:
            self._over.set()
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _run(self) -> None:
        looks, asks = 0, False
        while not self._over.wait(self._delay(looks, asks=asks)):
            looks += 1
            answer = self._look(asks=asks)
            if self._over.is_set():
                return
            if answer == "up":
                self._tell("up")
                return
            if answer == "login":
                asks = True
                self._tell("login")

    def _delay(self, looks: int, *, asks: bool) -> float:
        usual = self._delays[min(looks, len(self._delays) - 1)]
        return min(usual, KEPT_SECONDS) if asks else usual

    def _look(self, *, asks: bool) -> Answer:
        """``asks``: a login there can't be made, so only a line that somebody has made counts."""
        host, folder = self._far.host, self._far.folder
        if self._ended_well(kept_argv(host, folder))[0] == 0:
            return "up"
        if asks:
            return "down"
        status, said = self._ended_well(connect_argv(host, folder, asks=False))
        if status == 0:
            return "up"
        return "login" if fault_of(status, said) == "login" else "down"

    def _ended_well(self, argv: Sequence[str]) -> tuple[int | None, bytes]:
        """The exit status and what it said; None where it did not end by itself in time."""
        with self._lock:
            if self._over.is_set():
                return None, b""
            try:
                process = self._process = _quiet(argv)
            except OSError:
                return None, b""
        try:
            said = process.communicate(timeout=PATIENCE_SECONDS)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, b""
        finally:
            with self._lock:
                self._process = None
        return process.returncode, said


def _quiet(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        start_new_session=True,
    )
