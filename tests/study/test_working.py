"""Jobs are made once, failed ones are listed and tried again, none is lost; with a made-up make."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.studies import made_up, small

from engine.errors import MusmedError
from engine.render import CancelledError
from engine.study.claims import Claims, this_process
from engine.study.design import Design
from engine.study.folder import ATTEMPTS, Result, Spent, StudyFolder
from engine.study.gathering import gather
from engine.study.jobs import Job
from engine.study.progress import Progress, lengths_of
from engine.study.running import prepare_run, status_of
from engine.study.table import csv_text, read_table
from engine.study.working import Begun, Composed, Done, Failed, Full, Word, work


class Run:
    """A process's run over a study, with what was made and said."""

    def __init__(
        self, folder: StudyFolder, fails: frozenset[int] = frozenset(), most: int = 99
    ) -> None:
        self.folder, self.fails, self.most = folder, fails, most
        self.made: list[str] = []
        self.said: list[Word] = []

    def make(self, job: Job, _place: Path) -> tuple[Result, Spent]:
        if len(self.made) >= self.most:
            raise CancelledError("stopped")
        if job.request.seed in self.fails:
            raise MusmedError("It can't be made.")
        self.made.append(job.digest)
        return made_up(job)

    def go(self, design: Design) -> Run:
        claims = Claims(this_process())
        work(
            design.jobs,
            self.folder,
            claims,
            self.make,
            host="here",
            say=self.said.append,
            wait=lambda _seconds: False,
        )
        return self


def test_what_is_done_is_not_made_again_and_a_stopped_study_goes_on(tmp_path: Path) -> None:
    design = small(5)
    prepared = prepare_run(design, tmp_path / "study")
    first = Run(prepared.folder, most=2).go(design)
    assert status_of(prepared.folder, design)[:3] == (2, 0, 3)
    again = prepare_run(design, tmp_path / "study")
    assert again.progress.stand().done == 2
    second = Run(again.folder).go(design)
    assert [*first.made, *second.made] == [job.digest for job in design.jobs]
    assert status_of(again.folder, design)[:3] == (5, 0, 0)


def test_the_table_is_the_same_in_whatever_order_it_was_made(tmp_path: Path) -> None:
    design = small(4)
    texts = []
    for name, jobs in (("a", design.jobs), ("b", design.jobs[::-1])):
        folder = prepare_run(design, tmp_path / name).folder
        for job in jobs:
            folder.job(job.digest).mkdir(parents=True)
            folder.finish(*made_up(job))
        gathered = gather(folder, folder.design())
        texts.append(csv_text(read_table(gathered.files[0])))
        assert len(gathered.table.rows) == 4
    assert texts[0] == texts[1]


def test_what_fails_is_tried_again_then_listed_and_retried_on_request(tmp_path: Path) -> None:
    design = small(3)
    prepared = prepare_run(design, tmp_path)
    run = Run(prepared.folder, fails=frozenset({2})).go(design)
    assert len(run.made) == 2
    failed = [word for word in run.said if isinstance(word, Failed)]
    assert len(failed) == ATTEMPTS
    digest = design.jobs[1].digest
    assert status_of(prepared.folder, design).failed == {digest: "It can't be made."}
    assert Run(prepared.folder).go(design).made == []
    prepared = prepare_run(design, tmp_path, retry=True)
    assert Run(prepared.folder).go(design).made == [digest]
    status = status_of(prepared.folder, design)
    assert (status.done, status.failed, status.tried_again) == (3, {}, 1)
    assert len(prepared.folder.failures(digest).failures) == ATTEMPTS


def test_a_defect_is_a_failure_and_no_end(tmp_path: Path) -> None:
    design = small(2)
    folder = prepare_run(design, tmp_path).folder
    run = Run(folder)

    def make(job: Job, place: Path) -> tuple[Result, Spent]:
        if job.request.seed == 1:
            raise ZeroDivisionError("oh")
        return Run.make(run, job, place)

    run.make = make  # type: ignore[method-assign]
    run.go(design)
    assert list(status_of(folder, design).failed) == [design.jobs[0].digest]
    assert run.made == [design.jobs[1].digest]


def test_a_full_disk_is_a_sentence_and_no_failure_of_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = small(2)
    folder = prepare_run(design, tmp_path).folder
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10))
    run = Run(folder).go(design)
    assert run.made == []
    (said,) = run.said
    assert isinstance(said, Full)
    assert "free some space" in said.reason
    assert status_of(folder, design).waiting == 2
    with pytest.raises(MusmedError, match="free some space"):
        prepare_run(design, tmp_path)


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    design = small(1)
    folder = prepare_run(design, tmp_path).folder
    Run(folder).go(design)
    (folder.job(design.jobs[0].digest) / "result.json").write_bytes(b'{"job"')
    assert gather(folder, design).table.rows == ()
    folder = prepare_run(design, tmp_path).folder
    assert Run(folder).go(design).made == [design.jobs[0].digest]


def test_what_somebody_left_half_done_is_taken_away(tmp_path: Path) -> None:
    design = small(1)
    folder = prepare_run(design, tmp_path).folder
    place = folder.job(design.jobs[0].digest)
    place.mkdir(parents=True)
    (place / ".session.flac.12.part.flac").write_bytes(b"half")
    Run(folder).go(design)
    assert sorted(path.name for path in place.iterdir()) == ["result.json", "spent.json"]


def test_a_folder_without_a_study_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="no study in"):
        StudyFolder(tmp_path).design()
    (tmp_path / "design.json").write_bytes(b"{}")
    with pytest.raises(MusmedError, match="damaged"):
        StudyFolder(tmp_path).design()


def test_progress_says_what_is_left_from_what_was_measured() -> None:
    now = 0.0
    jobs = small(4).jobs
    progress = Progress(lengths_of(jobs), [jobs[0].digest], lambda: now)
    assert progress.stand()[:3] == (1, 0, 4)
    assert progress.stand().left is None
    progress.hear(Begun(jobs[1].digest))
    now = 10.0
    progress.hear(Composed(jobs[1].digest, 30.0))
    assert progress.stand().left == pytest.approx(150.0 * 10.0 / 30.0)
    progress.hear(Done(jobs[1].digest))
    progress.hear(Failed(jobs[2].digest, "no"))
    assert progress.stand()[:3] == (2, 1, 4)
    assert progress.stand().left == pytest.approx(60.0 * 10.0 / 60.0)


def test_files_of_something_else_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_text("mine")
    with pytest.raises(MusmedError, match="of no study's"):
        prepare_run(small(1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["figures.csv"]
    prepare_run(small(1), tmp_path / "study")
    prepare_run(small(2), tmp_path / "study")
