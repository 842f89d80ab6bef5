"""A line that is gone again and again, and engines behind it that are killed, at drawn moments."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil
from support.loopback import Server

BEGINS = 60.0
"""Seconds of a session before the first."""
KILLED_EVERY, GONE_EVERY, GONE_SECONDS = 60.0, 120.0, 20.0


class Deed(NamedTuple):
    """``at``: seconds from the beginning."""

    at: float
    do: Callable[[], object]


class BadLine:
    """For the time of the ``with``, at most ``minutes``: the line to ``server`` is bad. ``seed``
    draws when what happens, and whether the line is cut or falls silent."""

    def __init__(self, server: Server, minutes: float, seed: int) -> None:
        self.killed = self.cut = self.silent = 0
        self._server = server
        self._over = threading.Event()
        self._deeds = sorted(
            self._drawn(60.0 * minutes, random.Random(seed)), key=lambda deed: deed.at
        )
        self._thread = threading.Thread(target=self._run, name="bad line", daemon=True)

    def _drawn(self, seconds: float, dice: random.Random) -> list[Deed]:
        deeds = [
            Deed(KILLED_EVERY * minute + dice.uniform(0, KILLED_EVERY), self._kill)
            for minute in range(1, int(seconds / KILLED_EVERY))
        ]
        begins = BEGINS
        while begins + GONE_EVERY <= seconds:
            at = begins + dice.uniform(0, GONE_EVERY - GONE_SECONDS)
            cuts = dice.random() < 0.5
            deeds.append(Deed(at, self._cut if cuts else self._fall_silent))
            deeds.append(Deed(at + GONE_SECONDS, self._server.speak_again))
            begins += GONE_EVERY
        return deeds

    @property
    def in_words(self) -> str:
        return (
            f"killed {self.killed} engines there; the line was cut {self.cut} times and silent "
            f"{self.silent} times, {GONE_SECONDS:g} s each"
        )

    def __enter__(self) -> BadLine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.speak_again()

    def _run(self) -> None:
        began = time.monotonic()
        for deed in self._deeds:
            if self._over.wait(max(0.0, began + deed.at - time.monotonic())):
                return
            deed.do()

    def _kill(self) -> None:
        for engine in self._server.engines():
            with contextlib.suppress(psutil.NoSuchProcess):
                engine.kill()
                self.killed += 1

    def _cut(self) -> None:
        self._server.drop()
        self.cut += 1

    def _fall_silent(self) -> None:
        self._server.fall_silent()
        self.silent += 1
