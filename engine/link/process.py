"""The engine's process as the front has to do with it: started, looked at, ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from engine.errors import MusmedError

PIPE_BYTES = 512 * 1024
"""A second of plain samples, and more than that."""
TERMINATE_SECONDS = 0.5
"""How long a process that was asked to end may take before it is killed."""
KILLED_SECONDS = 5.0
"""How long is waited for a killed one: a process that waits for a device that does not answer
can't be ended by anybody."""


def spawn(argv: Sequence[str], log: IO[bytes] | IO[str] | int | None) -> subprocess.Popen[bytes]:
    """Start ``argv`` with pipes, in a session of its own, with this ``engine`` on its path.
    ``log``: where its standard error goes (``subprocess.PIPE`` is possible). Raises
    ``MusmedError`` when it can't be started."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if log is None else log,
            env=environment(),
            start_new_session=True,  # Ctrl-C at the terminal is the front's
        )
    except OSError as error:
        raise MusmedError(
            f"The engine can't be started ({argv[0]}: {error.strerror}); "
            "check that musmed is installed there."
        ) from error
    _widen(cast("IO[bytes]", process.stdout).fileno())
    return process


def _widen(pipe: int) -> None:
    """Let more of what the engine says fit into ``pipe``, where the system can: with the usual 64
    KiB each second of sound wakes both processes six times."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def environment() -> dict[str, str]:
    """This process's, with this ``engine`` on the path."""
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and what it has begun in its session, stopped ones too."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def end(process: subprocess.Popen[bytes], timeout: float) -> int | None:
    """Wait ``timeout`` seconds, terminate, kill; the exit status, None when nothing ended it."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(timeout)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(TERMINATE_SECONDS)
    kill(process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(KILLED_SECONDS)
    return None


def why(status: int | None) -> str:
    """A sentence about an exit status."""
    if status is None:
        return "The engine can't be ended."
    if status < 0:
        return f"The engine was ended by {_signal_name(-status)}."
    if status:
        return f"The engine ended with status {status}; its log says why."
    return "The engine ended."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Activity:
    """Whether a process runs, as the kernel says (proc(5): ``/proc/PID/task/TID/stat``)."""

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")
        self._ticks: int | None = None

    def busy(self) -> bool | None:
        """Whether one of its threads has computed since the last call, or wants a processor or
        waits for the disk now. None where that can't be seen, and at the first call."""
        ticks, wants = 0, False
        try:
            for task in self._tasks.iterdir():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                    fields = (task / "stat").read_text(errors="replace").rpartition(")")[2].split()
                    wants = wants or fields[0] in "RD"
                    ticks += int(fields[11]) + int(fields[12])
        except (OSError, ValueError, IndexError):
            return None
        before, self._ticks = self._ticks, ticks
        return None if before is None else wants or ticks != before
