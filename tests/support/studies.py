"""Small studies, for tests of what is around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.study.design import Design, lay_out
from engine.study.folder import Result, Spent
from engine.study.jobs import Job
from engine.study.study_file import parse_study

SMALL = """
title = "Small"
minutes = 1
seeds = {seeds}
[paths]
pairs = [["sad", "calm"]]
{more}
"""


def small(seeds: int = 2, more: str = "") -> Design:
    """So many jobs of a minute, with ``more`` tables in the study's file."""
    return lay_out(parse_study(SMALL.format(seeds=seeds, more=more).encode()), Path())


def made_up(job: Job) -> tuple[Result, Spent]:
    """A result that its digest determines."""
    number = int(job.digest[:8], 16)
    names: Sequence[str] = ("meter_way", "loudness", "silence")
    result = Result(
        job=job.digest,
        sound="session.flac",
        sound_digest=job.digest,
        seconds=job.request.seconds,
        figures={name: number / (place + 3) for place, name in enumerate(names)},
    )
    return result, Spent(host="here", device="CPU", composing=2.0, measuring=1.0)
