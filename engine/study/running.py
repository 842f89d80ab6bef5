"""A study from its file to its table: looked at, run on this machine or a cluster, gathered."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.composers.base import EMBEDDED, has_model
from engine.composers.choice import check_composer
from engine.composers.speeds import Speeds, measured_as
from engine.errors import MusmedError
from engine.evaluation.judges.registry import check_judge, is_clap
from engine.study.claims import Claims, this_process
from engine.study.crew import Outcome, Place, run_crew
from engine.study.design import Design, lay_out
from engine.study.folder import StudyFolder
from engine.study.progress import Progress, lengths_of
from engine.study.study_file import read_study
from engine.study.working import shard

EMBEDDED_SPEED = 8.0
"""Seconds of music that one core composes and measures in a second; a guess, before the study has
measured its own."""
FLAC_BYTES, WAV_BYTES = 100_000, 288_000
"""Of a second."""
OTHER_BYTES = 600
"""Of a second's share of the sidecar."""
MODEL_BYTES = 4 * 1024**3
"""Of memory, for a process with a model."""


class Estimate(NamedTuple):
    """``seconds`` of music, ``time`` in seconds on ``places`` processes (None where a composer's
    speed is not known), ``disk`` in bytes."""

    sessions: int
    jobs: int
    seconds: float
    places: int
    time: float | None
    disk: int


def read_design(file: Path) -> Design:
    """The study in ``file``, laid out and checked. Raises ``MusmedError``."""
    study = read_study(file)
    for word in study.evaluate.judges:
        if is_clap(word):
            raise MusmedError(
                "evaluate.judges: clap compares many sounds; run 'musmed evaluate --judge clap' on "
                "the study's sounds."
            )
        try:
            check_judge(word)
        except MusmedError as error:
            raise MusmedError(f"evaluate.judges: {error}") from error
    names = [word.partition("=")[0] for word in study.evaluate.judges]
    if len(set(names)) < len(names):
        raise MusmedError("evaluate.judges names a judge twice; leave one out.")
    return lay_out(study, file.absolute().parent)


def check_composers(design: Design) -> None:
    """Raises ``MusmedError`` where one of the composers can't play here."""
    told = {(job.request.composer, job.request.generation) for job in design.jobs}
    for composer, generation in sorted(told, key=repr):
        check_composer(composer, generation)


def estimate(design: Design, places: int, speeds: Speeds) -> Estimate:
    """What the study will take, before anything of it is run."""
    spent: float | None = 0.0
    for job in design.jobs:
        speed = _speed(job.request.composer, speeds.of, job.request.generation)
        spent = None if spent is None or speed is None else spent + job.request.seconds / speed
    kept = {"flac": FLAC_BYTES, "wav": WAV_BYTES, "none": 0}
    disk = sum(job.request.seconds * (kept[job.sound] + OTHER_BYTES) for job in design.jobs)
    return Estimate(
        sessions=len(design.sessions),
        jobs=len(design.jobs),
        seconds=design.seconds,
        places=places,
        time=None if spent is None else spent / max(1, min(places, len(design.jobs))),
        disk=int(disk),
    )


def _speed(composer: str, of: Callable[[str], float | None], generation: object) -> float | None:
    from engine.plan.generation import Generation

    assert isinstance(generation, Generation)
    return EMBEDDED_SPEED if composer == EMBEDDED else of(measured_as(composer, generation))


def cores_here() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def memory_here() -> int:
    """Bytes that are free."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return MODEL_BYTES


def gpus_here(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """NVIDIA's GPUs, as CUDA_VISIBLE_DEVICES calls them: those it names, or all."""
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(one.strip() for one in named.split(",") if one.strip())
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip().isdigit())


def places_here(design: Design, asked: int | None) -> tuple[Place, ...]:
    """Where the processes work: one on each GPU where a composer has a model, else one on
    each core; ``asked``: so many."""
    if any(has_model(job.request.composer) for job in design.jobs):
        gpus = gpus_here()
        if gpus:
            count = asked or len(gpus)
            return tuple(Place(gpus[number % len(gpus)]) for number in range(count))
        most = max(1, memory_here() // MODEL_BYTES)
        return (Place(),) * (asked or min(cores_here(), most))
    return (Place(),) * (asked or cores_here())


class Prepared(NamedTuple):
    """A study that may begin. ``progress`` is of the shard."""

    folder: StudyFolder
    design: Design
    progress: Progress
    part: int
    parts: int


def prepare_run(
    design: Design, path: Path, *, part: int = 1, parts: int = 1, retry: bool = False
) -> Prepared:
    """The folder at ``path`` made ready: what is done already stays. Raises ``MusmedError``."""
    folder = StudyFolder(path)
    folder.make()
    folder.check_room()
    folder.keep(design)
    ours = shard(design.jobs, part, parts)
    done = [job.digest for job in ours if folder.mend(job.digest)]
    if retry:
        for job in ours:
            folder.forgive(job.digest)
    return Prepared(folder, design, Progress(lengths_of(ours), done), part, parts)


def run_here(
    prepared: Prepared,
    places: Sequence[Place],
    *,
    stopped: Callable[[], bool],
) -> Outcome:
    """Make what is to be made, with processes of this machine. Raises ``MusmedError``."""
    stand = prepared.progress.stand()
    places = places[: stand.total - stand.done]
    if not places:
        return Outcome(stopped=False, reason="")
    return run_crew(
        prepared.folder,
        places,
        prepared.progress,
        part=prepared.part,
        parts=prepared.parts,
        stopped=stopped,
    )


class Status(NamedTuple):
    """How the jobs of a study stand; ``failed``: by digest, the last reason of those that wait for
    a retry."""

    done: int
    making: int
    waiting: int
    failed: dict[str, str]
    tried_again: int


def status_of(folder: StudyFolder, design: Design, part: int = 1, parts: int = 1) -> Status:
    """Of a shard, looked up in the folder. Raises ``MusmedError``."""
    claims = Claims(this_process())
    jobs = shard(design.jobs, part, parts)
    done = making = tried = 0
    failed: dict[str, str] = {}
    for job in jobs:
        digest = job.digest
        failures = folder.failures(digest)
        if folder.is_done(digest):
            done += 1
            tried += bool(failures.failures)
        elif claims.standing(folder.job(digest)) in ("lives", "unseen"):
            making += 1
        elif folder.has_failed(digest):
            failed[digest] = failures.failures[-1].reason
    waiting = len(jobs) - done - making - len(failed)
    return Status(done, making, waiting, failed, tried)
