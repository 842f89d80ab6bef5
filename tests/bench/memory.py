"""The memory of a front and of its engine, as the kernel counts it (Linux)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import psutil

BUDGETS = {"front": 150.0, "engine": 450.0}
"""MB (10^6 bytes) that each may ever have taken while the embedded composer plays."""


class Memory(NamedTuple):
    """Of one process, MB (10^6 bytes)."""

    resident: float
    own: float
    """Of that, what no file holds: its heaps and stacks."""
    peak: float
    """The most that was ever resident."""


class Look(NamedTuple):
    """What one process had when it was looked at."""

    who: str
    pid: int
    memory: Memory


def memory(pid: int) -> Memory:
    """Raises ``OSError`` where the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    if "VmRSS" not in told:  # a zombie has none
        raise ProcessLookupError(pid)
    resident, own, peak = (
        int(told[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon", "VmHWM")
    )
    return Memory(resident, own, peak)


def engines(front: int) -> list[int]:
    """The processes that a front has started which are an engine."""
    found = []
    for child in psutil.Process(front).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "-m engine" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


def look(front: int) -> list[Look]:
    """The front and its engines now; nothing of one that has ended."""
    found: list[Look] = []
    with contextlib.suppress(psutil.Error, OSError):
        found.append(Look("front", front, memory(front)))
        found += [Look("engine", pid, memory(pid)) for pid in engines(front)]
    return found
