"""How far a study is, and how long it will take, from what was measured so far. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.study.jobs import Job
from engine.study.working import Begun, Composed, Done, Failed, Word


class Stand(NamedTuple):
    """``done``, ``failed`` and ``total`` count jobs; ``music`` of ``whole`` seconds are there;
    ``left``: seconds that the rest will take, None while that is not known."""

    done: int
    failed: int
    total: int
    music: float
    whole: float
    left: float | None


class Progress:
    """``lengths``: seconds of music of every job that is to be made, by digest; ``done``: of how
    many of the study that holds already. ``now``: a monotonic clock, in seconds."""

    def __init__(
        self,
        lengths: Mapping[str, float],
        done: Iterable[str] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lengths = lengths
        self._done = set(done)
        self._failed: set[str] = set()
        self._under_way: dict[str, float] = {}
        self._before = self._music()
        self._now = now
        self._begun = now()

    def hear(self, word: Word) -> None:
        """Take in what a process says."""
        match word:
            case Begun(job):
                self._failed.discard(job)
                self._under_way[job] = 0.0
            case Composed(job, seconds):
                self._under_way[job] = seconds
            case Done(job):
                self._under_way.pop(job, None)
                self._done.add(job)
            case Failed(job):
                self._under_way.pop(job, None)
                self._failed.add(job)
            case _:
                pass

    def _music(self) -> float:
        whole = sum(self._lengths.get(job, 0.0) for job in self._done)
        return whole + sum(self._under_way.values())

    def stand(self) -> Stand:
        music, whole = self._music(), sum(self._lengths.values())
        came, spent = music - self._before, self._now() - self._begun
        failed = sum(self._lengths.get(job, 0.0) for job in self._failed)
        left = None
        if came > 0.0 and spent > 0.0:
            left = max(0.0, whole - failed - music) * spent / came
        return Stand(len(self._done), len(self._failed), len(self._lengths), music, whole, left)


def lengths_of(jobs: Iterable[Job]) -> dict[str, float]:
    """Seconds of music by digest."""
    return {job.digest: job.request.seconds for job in jobs}
