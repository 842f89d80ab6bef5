"""The processes that make a study on this machine, one for each core or GPU."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from engine.errors import MusmedError
from engine.private import open_log
from engine.study.claims import Owner, started, this_process
from engine.study.folder import StudyFolder
from engine.study.progress import Progress
from engine.study.working import Begun, Done, Failed, Full, Task, Word

LOOK_SECONDS = 0.1
END_SECONDS = 5.0
"""How long a process has to end by itself."""
MOST_DEATHS = 3
"""In a row, without a session between them, of one place in the crew."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""A process for each core has one thread for sums: more would only be in each other's way, and
their number would show in the last bits."""
_TEMPORARY = "musmed-study-"


class Place(NamedTuple):
    """Where one process works: a core, or the GPU called ``gpu`` ('' for none)."""

    gpu: str = ""

    @property
    def device(self) -> str:
        return f"GPU {self.gpu}" if self.gpu else "CPU"


class Outcome(NamedTuple):
    """How a run ended. ``stopped``: it was told to; ``reason``: a sentence where it could not go
    on, else ''."""

    stopped: bool
    reason: str


def argv() -> list[str]:
    """The command of a process, wherever the working folder is."""
    return [sys.executable, "-P", "-m", "engine.study.worker"]


def run_crew(
    folder: StudyFolder,
    places: Sequence[Place],
    progress: Progress,
    *,
    part: int,
    parts: int,
    stopped: Callable[[], bool],
) -> Outcome:
    """Make the shard ``part`` of ``parts`` with a process for each of ``places``. ``stopped``:
    whether to end, looked at often. Raises ``MusmedError`` where no process can be started."""
    sweep()
    crew = _Crew(folder, part, parts)
    try:
        for number, place in enumerate(places):
            crew.start(number, place)
        return crew.look_after(progress, stopped)
    finally:
        crew.end()


class _Member:
    """One process, in its place."""

    def __init__(self, process: subprocess.Popen[bytes], temporary: Path) -> None:
        self.process = process
        self.temporary = temporary
        self.job = ""
        """What it makes now."""


class _Crew:
    def __init__(self, folder: StudyFolder, part: int, parts: int) -> None:
        self._folder, self._part, self._parts = folder, part, parts
        self._said: queue.Queue[tuple[int, _Member, Word | None]] = queue.Queue()
        self._members: dict[int, _Member] = {}
        self._places: dict[int, Place] = {}
        self._deaths: dict[int, int] = {}
        self._logs: dict[int, IO[bytes]] = {}

    def start(self, number: int, place: Place) -> None:
        """A process in place ``number``. Raises ``MusmedError``."""
        self._places[number] = place
        name = f"{os.uname().nodename}-{self._part}-{number + 1}"
        if number not in self._logs:
            self._logs[number] = open_log(self._folder.log / f"{name}.log")
        temporary = temporary_folder()
        task = Task(
            folder=str(self._folder.path),
            part=self._part,
            parts=self._parts,
            temporary=str(temporary),
            device=place.device,
            name=name,
        )
        environment = os.environ | ONE_THREAD
        if place.gpu:
            environment["CUDA_VISIBLE_DEVICES"] = place.gpu
        try:
            process = subprocess.Popen(
                argv(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._logs[number],
                env=environment,
            )
            member = _Member(process, temporary)
            pipe = cast("IO[bytes]", process.stdin)
            with contextlib.suppress(BrokenPipeError):  # its end is seen, with what it printed
                pipe.write(msgspec.json.encode(task) + b"\n")
                pipe.flush()
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise MusmedError(f"No process can be started ({error.strerror}).") from error
        self._members[number] = member
        threading.Thread(target=self._hear, args=(number, member), daemon=True).start()

    def _hear(self, number: int, member: _Member) -> None:
        for line in cast("IO[bytes]", member.process.stdout):
            with contextlib.suppress(msgspec.MsgspecError):
                self._said.put((number, member, msgspec.json.decode(line, type=Word)))
        self._said.put((number, member, None))

    def look_after(self, progress: Progress, stopped: Callable[[], bool]) -> Outcome:
        reason = ""
        while self._members:
            if stopped():
                return Outcome(stopped=True, reason=reason)
            try:
                number, member, word = self._said.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if word is None:
                reason = self._ended(number, member, progress) or reason
                continue
            progress.hear(word)
            match word:
                case Begun(job):
                    member.job = job
                case Done():
                    member.job, self._deaths[number] = "", 0
                case Failed():
                    member.job = ""
                case Full(why):
                    reason = why
                case _:
                    pass
        return Outcome(stopped=False, reason=reason)

    def _ended(self, number: int, member: _Member, progress: Progress) -> str:
        """One that ended is followed by another, if it did not end by itself. A sentence where that
        can't go on."""
        status = _wait(member)
        del self._members[number]
        if status == 0:
            return ""
        how = f"signal {-status}" if status < 0 else f"status {status}"
        said = f"The process that made it ended with {how}."
        if member.job:
            word = Failed(member.job, said)
            self._folder.fail(member.job, said, this_process().host)
            progress.hear(word)
        self._deaths[number] = self._deaths.get(number, 0) + 1
        if self._deaths[number] >= MOST_DEATHS:
            return (
                f"The processes that make the study end again and again (the last with {how}); "
                f"{self._folder.log} has what they printed."
            )
        self.start(number, self._places[number])
        return ""

    def end(self) -> None:
        """All processes: asked, and then made to."""
        for member in self._members.values():
            with contextlib.suppress(OSError):
                cast("IO[bytes]", member.process.stdin).close()
        limit = time.monotonic() + END_SECONDS
        for member in self._members.values():
            _wait(member, max(0.0, limit - time.monotonic()))
        for log in self._logs.values():
            log.close()


def _wait(member: _Member, seconds: float = END_SECONDS) -> int:
    """Its status; one that does not end is killed. What it left in its folder is taken away."""
    process = member.process
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            cast("IO[bytes]", stream).close()
    shutil.rmtree(member.temporary, ignore_errors=True)
    return process.returncode


def temporary_folder() -> Path:
    """A folder for one process, whose name says who made it. Raises ``MusmedError``."""
    me = this_process()
    try:
        return Path(tempfile.mkdtemp(prefix=f"{_mark(me)}{me.pid}-{me.started}-"))
    except OSError as error:
        raise MusmedError(
            f"There is no room for temporary files ({error.strerror or error}); set TMPDIR to a "
            "folder that can be written."
        ) from error


def _mark(me: Owner) -> str:
    """What the names of temporary folders begin with where numbers of processes mean the same."""
    return f"{_TEMPORARY}{zlib.crc32(me.machine.encode()):08x}-"


def sweep() -> None:
    """Take away the temporary folders of studies that were killed."""
    mark = _mark(this_process())
    for path in Path(tempfile.gettempdir()).glob(f"{mark}*-*-*"):
        _take_dead(path)


def take_away(folders: Iterable[Path]) -> None:
    """Take away these temporary folders as soon as who made them has ended, which they are about to
    do; one who does not, keeps it."""
    limit = time.monotonic() + END_SECONDS
    for path in folders:
        while path.exists() and not _take_dead(path) and time.monotonic() < limit:
            time.sleep(LOOK_SECONDS)


def _take_dead(path: Path) -> bool:
    """Take a temporary folder away if who made it has died; whether that was so."""
    pid, _, rest = path.name.removeprefix(_mark(this_process())).partition("-")
    begun = rest.partition("-")[0]
    try:
        ours = path.stat().st_uid == os.getuid() and not path.is_symlink()
        dead = started(int(pid)) != int(begun)
    except (OSError, ValueError):
        return False
    if ours and dead:
        shutil.rmtree(path, ignore_errors=True)
    return ours and dead
