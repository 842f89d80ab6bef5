"""How much a service takes on."""

from __future__ import annotations

import os

import msgspec

LIVE_FOR_A_JOB = 8
"""Live sessions for each that is composed as fast as it goes: one of them takes less than a
tenth of a core."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """``jobs``: fast sessions composed at once; ``queue``: how many more may wait; ``minutes``: of
    one session at most; ``kept``: sessions at most, those that are over too; ``body``: bytes of a
    request's body; ``connections``: at once; ``room``: bytes of the disk that stay free."""

    jobs: int = msgspec.field(default_factory=lambda: len(os.sched_getaffinity(0)))
    queue: int = 100
    minutes: float = 60.0
    kept: int = 20_000
    body: int = 1024 * 1024
    connections: int = 256
    room: int = 10**9

    @property
    def live(self) -> int:
        """Live sessions at once."""
        return self.jobs * LIVE_FOR_A_JOB
