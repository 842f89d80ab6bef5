"""One after another: what a process does with the jobs of a study that nobody else makes."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.printable import one_line
from engine.render import CancelledError
from engine.study.claims import STALE_SECONDS, Claim, Claims
from engine.study.folder import DiskFullError, Result, Spent, StudyFolder
from engine.study.jobs import Job

LOOK_SECONDS = 1.0
"""Between looks at what others make, when nothing else is left."""


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``part`` and ``parts``: the shard. ``temporary``: an empty folder of its own; ``device``:
    what it runs on, in words; ``name``: of its log."""

    folder: str
    part: int
    parts: int
    temporary: str
    device: str
    name: str


class Begun(msgspec.Struct, frozen=True, tag=True):
    """This process makes the job now."""

    job: str


class Composed(msgspec.Struct, frozen=True, tag=True):
    """So many seconds of its music are there."""

    job: str
    seconds: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """It is done, by this process."""

    job: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It went wrong, and is tried again if it may be."""

    job: str
    reason: str


class Full(msgspec.Struct, frozen=True, tag=True):
    """There is no room; the process ends."""

    reason: str


Word = Begun | Composed | Done | Failed | Full
Make = Callable[[Job, Path], tuple[Result, Spent]]


def shard(jobs: Sequence[Job], number: int, of: int) -> tuple[Job, ...]:
    """The part ``number`` (from 1) ``of`` so many: every ``of``-th job. The parts are disjoint and
    make up the whole, and differ in size by one at most."""
    return tuple(jobs[number - 1 :: of])


class Queue:
    """Jobs to be made, as one process or driver sees them. ``now``: a monotonic clock."""

    def __init__(
        self,
        jobs: Sequence[Job],
        folder: StudyFolder,
        claims: Claims,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._left = list(jobs)
        self._folder, self._claims, self._now = folder, claims, now
        self._unseen_since: float | None = None

    def next(self) -> tuple[Job, Claim] | None:
        """The first job that nobody makes, claimed. What is done or has failed for good is passed
        over, and not looked at again."""
        for job in tuple(self._left):
            if self._settled(job):
                self._left.remove(job)
                continue
            claim = self._folder.claim(job, self._claims, partial(self._settled, job))
            if claim is not None:
                self._unseen_since = None
                return job, claim
        return None

    def over(self) -> bool:
        """Whether, where ``next`` has given none, none can be expected: all that is left is with
        others who live, or with somebody who can't be seen and has had time to be."""
        claims, folder = self._claims, self._folder
        if all(claims.standing(folder.job(job.digest)) == "lives" for job in self._left):
            return True
        if self._unseen_since is None:
            self._unseen_since = self._now()
        return self._now() - self._unseen_since > STALE_SECONDS + 2 * LOOK_SECONDS

    def _settled(self, job: Job) -> bool:
        return self._folder.is_done(job.digest) or self._folder.has_failed(job.digest)


def work(
    jobs: Sequence[Job],
    folder: StudyFolder,
    claims: Claims,
    make: Make,
    *,
    host: str,
    say: Callable[[Word], None],
    wait: Callable[[float], bool],
) -> None:
    """Make what is to be made of ``jobs``, until all is done, has failed for good, or is with
    others. ``make`` raises ``CancelledError`` when the process is to end, and ``MusmedError`` for a
    job that fails. ``wait``: waits so many seconds; whether the process is to end."""
    queue = Queue(jobs, folder, claims)
    while not wait(0.0):
        ours = queue.next()
        if ours is None:
            if queue.over() or wait(LOOK_SECONDS):
                return
            continue
        job, claim = ours
        try:
            if not _made(job, folder, make, host=host, say=say):
                return
        finally:
            claim.release()


def _made(
    job: Job, folder: StudyFolder, make: Make, *, host: str, say: Callable[[Word], None]
) -> bool:
    """Make a job that is claimed; whether to go on with another."""
    digest = job.digest
    try:
        folder.check_room()
        folder.tidy(digest)
        say(Begun(digest))
        result, spent = make(job, folder.job(digest))
        folder.finish(result, spent)
    except CancelledError:
        return False
    except DiskFullError as error:
        say(Full(str(error)))
        return False
    except Exception as error:
        try:
            folder.check_room()  # what failed for want of room is no failure of the job
            reason = _reason(error)
            folder.fail(digest, reason, host)
        except MusmedError as worse:
            say(Full(str(worse)))
            return False
        say(Failed(digest, reason))
        return True
    say(Done(digest))
    return True


def _reason(error: Exception) -> str:
    """A sentence; a defect's traceback goes to standard error, the log."""
    if isinstance(error, MusmedError):
        return one_line(str(error))
    traceback.print_exception(error, file=sys.stderr)
    said = one_line(str(error)) or type(error).__name__
    return f"It could not be made: {said} (the study's logs have the details)."
