"""Waiting for what happens elsewhere, on a machine of whatever speed.

A wait goes on as long as what is waited for still moves: a test says by what that shows
(``moves``). It fails when nothing has moved for ``STALL_SECONDS``, or once what would have to do it
is dead. How long it takes altogether is no reason, so a machine that is many times slower passes.

What can't be looked at in between gets ``HANG_SECONDS``: a limit that only a hang reaches.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

STALL_SECONDS = 120.0
"""Without any change something hangs, on the slowest machine too."""
HANG_SECONDS = 1_500.0
"""For a call that only takes a limit in seconds; pytest's own limit is a little longer."""
LOOK_SECONDS = 0.02
COUNTED_SECONDS = 2.0
"""The most that counts of the time between two looks: a process that was not run for longer could
not see what moved meanwhile."""
MOVED_SECONDS = 1.0
"""How often it is asked whether something has moved: that may cost more than what is waited for."""

Seen = TypeVar("Seen")


class Stall:
    """How long nothing has moved; ``look`` fails with ``AssertionError`` once that is too long.

    ``moves()``: anything that compares equal only while nothing moves. ``alive()``: False when what
    is waited for can't come any more. ``what``: what is waited for, for the message.
    """

    def __init__(
        self,
        what: Callable[[], object] | str,
        moves: Callable[[], object] = lambda: None,
        alive: Callable[[], bool] = lambda: True,
        limit: float = STALL_SECONDS,
    ) -> None:
        self._what, self._moves, self._alive, self._limit = what, moves, alive, limit
        self._last, self._stood, self._asked = moves(), 0.0, time.monotonic()

    def look(self, seen: Callable[[], object] = lambda: False) -> None:
        """``seen``: asked once more when there is nobody left to bring it about."""
        if not self._alive() and not seen():
            raise AssertionError(f"waited for {self._said()}; what should bring it has ended")
        since = time.monotonic() - self._asked
        if since < MOVED_SECONDS:
            return
        self._asked += since
        self._stood += min(since, COUNTED_SECONDS)
        if (moved := self._moves()) != self._last:
            self._last, self._stood = moved, 0.0
        if self._stood > self._limit:
            raise AssertionError(f"waited for {self._said()}; nothing moved for {self._limit:g} s")

    def _said(self) -> object:
        return self._what if isinstance(self._what, str) else self._what()


def wait_for(
    seen: Callable[[], Seen],
    *,
    moves: Callable[[], object] = lambda: None,
    alive: Callable[[], bool] = lambda: True,
    what: Callable[[], object] | str = "something to happen",
    look_every: float = LOOK_SECONDS,
) -> Seen:
    """Wait until ``seen()`` is true, and give it back (see ``Stall`` for the rest)."""
    stall = Stall(what, moves, alive)
    while not (found := seen()):
        stall.look(seen)
        time.sleep(look_every)
    return found


def end_of(process: subprocess.Popen[Any], *more: Callable[[], object]) -> tuple[Any, Any]:
    """``process.communicate()`` for as long as the process and those it began compute, or ``more``
    moves: what it wrote to its pipes."""
    stall = Stall(
        f"the end of {process.args!r}",
        lambda: (cpu_seconds(process.pid), *(figure() for figure in more)),
    )
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=0.2)
        stall.look()


def take(told: queue.Queue[Seen], *pids: int) -> Seen:
    """The next thing from ``told``, for as long as the processes ``pids`` compute (without any: all
    that this process has begun)."""
    stall = Stall("something to be told", lambda: cpu_seconds(*pids) if pids else begun_cpu())
    while True:
        with contextlib.suppress(queue.Empty):
            return told.get(timeout=0.2)
        stall.look()


def session_moves(runner: Any) -> Callable[[], object]:
    """What moves of a ``SessionRunner``: what was heard and written, its clips, its engines."""

    def moves() -> object:
        status = runner.status()
        clips = tuple((clip.index, clip.revision, clip.phase) for clip in status.clips)
        heard, written = status.playback.heard, status.playback.written
        return heard, written, clips, status.events, status.restarts, status.phase, begun_cpu()

    return moves


def wait_for_session(runner: Any, seen: Callable[[], Seen]) -> Seen:
    """Wait until ``seen``, for as long as ``runner``'s session moves."""
    return wait_for(seen, moves=session_moves(runner), what=runner.status)


def session_end(runner: Any) -> None:
    """Wait until ``runner``'s session is over, for as long as it moves."""
    wait_for_session(runner, lambda: runner.wait(0.01))


def cpu_seconds(*pids: int) -> float:
    """What the processes ``pids`` and those they began have computed so far, in seconds; those that
    have ended count as nothing."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = one.cpu_times()
                    total += times.user + times.system
    return total


def begun_cpu() -> float:
    """``cpu_seconds`` of all that this process has begun, without itself."""
    return cpu_seconds(*(child.pid for child in psutil.Process(os.getpid()).children()))


def bytes_under(folder: Path) -> int:
    """How much lies under ``folder`` by now: it moves while something is written there."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total
