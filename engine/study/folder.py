"""The folder of a study: what there is to be done, what is done, what failed (docs/study.md).

```
FOLDER/design.json              the study laid out
      /jobs/DIGEST/session.flac its sound, and session.json, its sidecar
                  /result.json  its figures; last of all, so a job that has one is done
                  /spent.json   where and how fast it was made
                  /failed.json  what went wrong so far
                  /claim.N      who makes it now
      /figures.csv, .parquet    all rows
```

Everything appears under its name only when it is whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.errors import MusmedError
from engine.places import look_at, open_file, part_of
from engine.private import make_private_folder, open_private
from engine.study.claims import Claim, Claims
from engine.study.design import Design
from engine.study.figures import JudgedCourse
from engine.study.jobs import Job
from engine.study.table import TABLES

DESIGN, JOBS, LOGS = "design.json", "jobs", "logs"
RESULT, SPENT, FAILED = "result.json", "spent.json", "failed.json"
ATTEMPTS = 2
"""How often a job may fail before it waits for ``--retry``."""
LEAST_FREE = 64 * 1024 * 1024
"""Bytes that have to be free for another session to be begun."""
MOST_BYTES = 512 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{32}")

Kind = TypeVar("Kind")


class DiskFullError(MusmedError):
    """There is no room for more."""


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a job: the same wherever and whenever it was made. ``sound``: its file in the
    job's folder, '' where it is not kept; ``notices``: what was said while it was composed."""

    job: str
    sound: str
    sound_digest: str
    seconds: float
    figures: dict[str, float | None]
    courses: tuple[JudgedCourse, ...] = ()
    notices: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Spent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job took, in seconds; ``device``: what composed it."""

    host: str
    device: str
    composing: float
    measuring: float


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Once that it went wrong: a sentence, and on which machine."""

    reason: str
    host: str


class Failures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a job. ``forgiven``: so many of them count no more, since it was to be retried."""

    failures: tuple[Failure, ...] = ()
    forgiven: int = 0

    @property
    def counted(self) -> int:
        return len(self.failures) - self.forgiven


class StudyFolder:
    """The folder at ``path``. What can't be read or written is a ``MusmedError``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def log(self) -> Path:
        """The folder of the engines' logs."""
        return self.path / LOGS

    def make(self) -> None:
        """Raises ``MusmedError``, also where files of something else would be written over."""
        with written(self.path):
            if not (self.path / JOBS).is_dir():
                for name in (DESIGN, *TABLES):
                    if os.path.lexists(self.path / name):
                        raise MusmedError(
                            f"{self.path / name} is there and of no study's; name another folder."
                        )
            make_private_folder(self.path / JOBS)

    def keep(self, design: Design) -> None:
        """What there is to be done; what was before stays in its jobs."""
        self._write(self.path / DESIGN, msgspec.json.encode(design))

    def design(self) -> Design:
        """As it was kept."""
        if look_at(self.path / DESIGN, "study") != "file":
            raise MusmedError(
                f"There is no study in {self.path}; 'musmed study run STUDY -o FOLDER' makes one."
            )
        found = self._read(self.path / DESIGN, Design)
        if found is None or not all(_DIGEST.fullmatch(job.digest) for job in found.jobs):
            raise MusmedError(
                f"{self.path / DESIGN} is damaged or of another musmed; run the study again."
            )
        return found

    def job(self, digest: str) -> Path:
        """The folder of a job."""
        return self.path / JOBS / digest

    def claim(self, job: Job, claims: Claims, settled: Callable[[], bool]) -> Claim | None:
        """As ``Claims.take``; the job's folder is made where there is none."""
        folder = self.job(job.digest)
        with written(folder):
            make_private_folder(folder)
            return claims.take(folder, settled)

    def mend(self, digest: str) -> bool:
        """Whether the job is done; a result that can't be read any more is taken away."""
        if self.result(digest) is not None:
            return True
        path = self.job(digest) / RESULT
        with written(path):
            path.unlink(missing_ok=True)
        return False

    def is_done(self, digest: str) -> bool:
        return (self.job(digest) / RESULT).exists()

    def result(self, digest: str) -> Result | None:
        """None where it is not done, or its result is damaged: then it is to be done again."""
        return self._read(self.job(digest) / RESULT, Result)

    def spent(self, digest: str) -> Spent | None:
        return self._read(self.job(digest) / SPENT, Spent)

    def failures(self, digest: str) -> Failures:
        return self._read(self.job(digest) / FAILED, Failures) or Failures()

    def has_failed(self, digest: str) -> bool:
        """Whether it waits for a retry."""
        return self.failures(digest).counted >= ATTEMPTS

    def fail(self, digest: str, reason: str, host: str) -> None:
        """Note that it went wrong, while the job is claimed."""
        before = self.failures(digest)
        after = (*before.failures, Failure(reason=reason, host=host))
        failed = msgspec.structs.replace(before, failures=after)
        self._write(self.job(digest) / FAILED, msgspec.json.encode(failed))

    def forgive(self, digest: str) -> None:
        """Let it be tried anew."""
        before = self.failures(digest)
        if before.counted:
            after = msgspec.structs.replace(before, forgiven=len(before.failures))
            self._write(self.job(digest) / FAILED, msgspec.json.encode(after))

    def finish(self, result: Result, spent: Spent) -> None:
        """The job is done: its sound and sidecar, if kept, are there."""
        folder = self.job(result.job)
        self._write(folder / SPENT, msgspec.json.encode(spent))
        self._write(folder / RESULT, msgspec.json.encode(result))

    def put(self, path: Path, data: bytes) -> None:
        """A file of a job, from elsewhere."""
        self._write(path, data)

    def tidy(self, digest: str) -> None:
        """Take away what somebody who died left half done; while the job is claimed."""
        for path in self.job(digest).glob(".*.part*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def check_room(self) -> None:
        """Raises ``DiskFullError`` where another session has no room."""
        with written(self.path):
            free = shutil.disk_usage(self.path).free
        if free < LEAST_FREE:
            raise DiskFullError(
                f"There is no room left in {self.path}; free some space and run the study again: "
                "it goes on where it was."
            )

    def _read(self, path: Path, kind: type[Kind]) -> Kind | None:
        """None where it is not there, or can't be understood."""
        try:
            with open_file(path) as file:
                data = file.read(MOST_BYTES)
            return msgspec.json.decode(data, type=kind)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MusmedError(f"{path} can't be read ({error.strerror}).") from error
        except (ValueError, RecursionError):  # msgspec's too
            return None

    def _write(self, path: Path, data: bytes) -> None:
        part = part_of(path)
        try:
            with written(path):
                with open_private(part, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Raises ``MusmedError`` about ``path`` for an ``OSError`` of the block."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"There is no room left for {path}; free some space and run the study again: it "
                "goes on where it was."
            ) from error
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); mend its permissions or name another "
            "folder."
        ) from error
