"""Who makes a job: claims by atomic files, on one machine or a folder that several share.

A claim is the file ``claim.N`` in the job's folder, made with O_EXCL (atomic on local disks and on
NFS from version 3 on): exactly one process makes it. The highest N is in force. Its owner touches
it every ``BEAT_SECONDS``; where the owner has died, whoever finds that makes ``claim.N+1``, again
with O_EXCL, so that a dead claim is taken over by one process, and nothing is ever renamed or taken
away under somebody. Whether an owner on this machine lives is seen at once; on another one its
claim is dead when it was not touched for ``STALE_SECONDS`` of the looker's own clock, so that
clocks need not agree. The worst that can come of a wrong guess (a machine that slept) is that a job
is made twice, with the same result.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from engine.private import open_private

BEAT_SECONDS = 5.0
STALE_SECONDS = 60.0
_PREFIX = "claim."

Standing = Literal["free", "lives", "unseen", "dead"]
"""Of a claim: there is none; its owner lives; whether it does can't be seen yet; it is dead."""


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process. ``machine``: the boot and the process namespace it lives in; ``started``: when,
    in ticks of that boot: a number of a process is given out again, both together are not."""

    host: str
    machine: str
    pid: int
    started: int


def this_process() -> Owner:
    boot = _text("/proc/sys/kernel/random/boot_id")
    with contextlib.suppress(OSError):
        boot += f" {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - it is no path
    pid = os.getpid()
    return Owner(host=os.uname().nodename, machine=boot, pid=pid, started=started(pid) or 0)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def started(pid: int) -> int | None:
    """When the process began (proc(5), field 22); None where there is none, or it has ended and
    only waits to be noticed."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":
        return None
    return int(fields[19])


class Claims:
    """Looks at claims and makes them, as the process ``me``. ``now``: a monotonic clock."""

    def __init__(self, me: Owner, now: Callable[[], float] = time.monotonic) -> None:
        self._me = me
        self._now = now
        self._seen: dict[Path, tuple[int, float, bool]] = {}
        """Of others' claims: when each was touched, when that was first seen, and whether it was
        ever seen to be touched."""

    def take(self, folder: Path, settled: Callable[[], bool]) -> Claim | None:
        """The claim of the job in ``folder``, which is there; None where somebody else has it, or
        it turns out to be ``settled``. Raises ``OSError``."""
        top = _highest(folder)
        if top and self._looked_at(folder / f"{_PREFIX}{top}") != "dead":
            return None
        path = folder / f"{_PREFIX}{top + 1}"
        try:
            with open_private(path, "xb") as file:
                file.write(msgspec.json.encode(self._me))
        except FileExistsError:
            return None
        claim = Claim(path)
        if settled():  # between the last look and the claim
            claim.release()
            return None
        return claim

    def standing(self, folder: Path) -> Standing:
        """Whether somebody makes the job in ``folder`` now."""
        top = _highest(folder)
        return self._looked_at(folder / f"{_PREFIX}{top}") if top else "free"

    def _looked_at(self, path: Path) -> Standing:
        touched = 0
        try:
            touched = path.stat().st_mtime_ns
            owner = msgspec.json.decode(path.read_bytes(), type=Owner)
        except FileNotFoundError:
            return "unseen"  # released this moment: the next look sees it
        except (OSError, ValueError):
            pass  # being written, or of a full disk: its time decides
        else:
            if owner.machine and owner.machine == self._me.machine:
                return "lives" if started(owner.pid) == owner.started else "dead"
        before = self._seen.get(path)
        if before is None:
            self._seen[path] = touched, self._now(), False
            return "unseen"
        if before[0] != touched:
            self._seen[path] = touched, self._now(), True
            return "lives"
        if self._now() - before[1] >= STALE_SECONDS:
            return "dead"
        return "lives" if before[2] else "unseen"


def _highest(folder: Path) -> int:
    """The number of the claim in force; 0: none."""
    numbers = [0]
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folder):  # noqa: PTH208 - names alone
            number = name.removeprefix(_PREFIX)
            if name != number and number.isascii() and number.isdigit():
                numbers.append(int(number))
    return max(numbers)


class Claim:
    """A claim that is ours until it is released."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="claim", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):  # a file server that is away for a moment
                os.utime(self.path)

    def release(self) -> None:
        """Give it back, with those of the dead before it."""
        self._over.set()
        self._thread.join()
        top = int(self.path.suffix[1:])
        for number in range(1, top + 1):
            with contextlib.suppress(OSError):
                (self.path.parent / f"{_PREFIX}{number}").unlink(missing_ok=True)
