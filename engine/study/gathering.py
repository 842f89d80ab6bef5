"""The results of a study as one table, in the order of its sessions."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from engine.plan.generation import file_name
from engine.study.design import Design, Session, features_text, gentle_text
from engine.study.figures import figure_names
from engine.study.folder import Result, StudyFolder
from engine.study.jobs import Job
from engine.study.table import SPEEDS, Row, Table, write_table


class Gathered(NamedTuple):
    """``table`` of the sessions that are done; ``files`` that were written; ``lacking``: a sentence
    where there is no Parquet, else ''."""

    table: Table
    files: tuple[Path, ...]
    lacking: str


def gather(folder: StudyFolder, design: Design) -> Gathered:
    """Read every result and write the table's files, and beside them how fast each session was
    made, which differs from run to run. Raises ``MusmedError``."""
    table = table_of(folder, design)
    files, lacking = write_table(folder.path, table)
    folder.put(folder.path / SPEEDS, _speeds(folder, design).encode())
    return Gathered(table, (*files, folder.path / SPEEDS), lacking)


def table_of(folder: StudyFolder, design: Design) -> Table:
    """The rows of the sessions that are done; the columns are the same however many these are."""
    jobs = {job.digest: job for job in design.jobs}
    names = tuple(dict.fromkeys(n for job in design.jobs for n in figure_names(job.evaluate)))
    results = {digest: folder.result(digest) for digest in jobs}
    rows = (
        _row(session, jobs[session.job], result, names)
        for session in design.sessions
        if (result := results[session.job]) is not None
    )
    return Table(names, tuple(rows))


def _row(session: Session, job: Job, result: Result, names: tuple[str, ...]) -> Row:
    request = job.request.published()
    generation = request.generation
    return Row(
        session=session.number,
        job=session.job,
        condition=session.condition,
        path=session.path,
        listener=session.listener,
        start_word=request.start_word or "",
        target_word=request.target_word or "",
        start_valence=request.start.valence,
        start_arousal=request.start.arousal,
        target_valence=request.target.valence,
        target_arousal=request.target.arousal,
        minutes=request.minutes,
        seed=request.seed,
        strategy=request.strategy,
        composer=request.composer,
        adapters=" ".join(file_name(adapter) for adapter in generation.adapters),
        temperature=request.temperature,
        instrument=request.instrument or "",
        genre=request.genre or "",
        gentle=gentle_text(request),
        features=features_text(request.features),
        guidance=generation.guidance,
        top_k=generation.top_k,
        sampling_temperature=generation.temperature,
        decoder=generation.decoder,
        precision=generation.precision,
        composer_version=int(job.versions["composer"]),
        musmed=job.versions["musmed"],
        sound_digest=result.sound_digest,
        figures={name: result.figures.get(name) for name in names},
    )


def _speeds(folder: StudyFolder, design: Design) -> str:
    """Seconds of music in a second, by job."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("job", "composer", "host", "device", "seconds", "composing_s", "measuring_s", "speed")
    )
    for job in design.jobs:
        spent = folder.spent(job.digest)
        if spent is not None and folder.is_done(job.digest):
            composer = job.request.published().composer
            seconds = job.request.seconds
            speed = seconds / max(spent.composing, 1e-6)
            took = (f"{spent.composing:.3f}", f"{spent.measuring:.3f}", f"{speed:.3f}")
            writer.writerow((job.digest, composer, spent.host, spent.device, seconds, *took))
    return out.getvalue()
