"""``musmed study``: its processes, stopped, killed and gone on; one study is really composed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import musmed
from support.waiting import HANG_SECONDS, wait_for

import engine.link.client
from engine.composers.options import ComposerOptions
from engine.render import render_session
from engine.study import cluster, crew
from engine.study.claims import Claims, this_process
from engine.study.crew import Outcome
from engine.study.folder import StudyFolder
from engine.study.measuring import digest_of

SUPPORT = Path(__file__).parents[1] / "support"
WORKER = [sys.executable, "-P", str(SUPPORT / "quick_study_worker.py")]
STUDY = """
title = "Quick"
minutes = 1
seeds = 2
[paths]
pairs = [["sad", "calm"]]
"""
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
MAIN = """
import sys
sys.path.insert(0, {root!r})
from engine.study import crew
crew.argv = lambda: {worker!r}
from musmed_tui.cli import main
main()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Iterator[Path]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(crew, "argv", lambda: WORKER)
    (tmp_path / "s.toml").write_text(STUDY)
    yield tmp_path
    monkeypatch.setattr(tempfile, "tempdir", None)


def run(monkeypatch: Patch, home: Path, *options: str) -> int:
    return musmed(
        monkeypatch, "study", "run", str(home / "s.toml"), "-o", str(home / "out"), *options
    )


def begun(home: Path, **environment: str) -> subprocess.Popen[bytes]:
    """The command as a process of its own."""
    program = MAIN.format(root=str(SUPPORT.parents[1]), worker=WORKER)
    command = [sys.executable, "-c", program, "study", "run", str(home / "s.toml")]
    return subprocess.Popen(
        [*command, "-o", str(home / "out"), "--jobs", "1"],
        env=os.environ | environment | {"TMPDIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def claims(home: Path) -> list[Path]:
    return list((home / "out" / "jobs").glob("*/claim.*"))


def temporary(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.name.startswith("musmed-")]


def test_a_study_is_the_same_from_one_process_and_two_and_as_musmed_renders_it(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setenv("STUDY_COMPOSES", "1")
    assert run(monkeypatch, home, "--jobs", "1") == 0
    assert "2 of 2 sessions" in capsys.readouterr().out
    table = (home / "out" / "figures.csv").read_bytes()
    (home / "out").rename(home / "one")
    assert run(monkeypatch, home, "--jobs", "2") == 0
    assert (home / "out" / "figures.csv").read_bytes() == table
    assert claims(home) == []
    assert temporary(home) == []

    folder = StudyFolder(home / "out")
    job = folder.design().jobs[1]  # in the first run the same engine made it after another
    monkeypatch.setattr(
        engine.link.client,
        "default_argv",
        lambda: [sys.executable, "-P", str(SUPPORT / "quick_engine.py")],
    )
    alone = render_session(
        job.request,
        home / "alone.flac",
        options=ComposerOptions(generation=job.request.generation),
        progress=lambda _done, _total: None,
        log_file=home / "log",
    )
    result = folder.result(job.digest)
    assert result is not None
    assert digest_of(alone.path) == result.sound_digest
    kept = folder.job(job.digest)
    assert alone.sidecar.read_bytes() == (kept / "session.json").read_bytes()
    assert {path.name for path in kept.iterdir()} == {
        "session.flac",
        "session.json",
        "result.json",
        "spent.json",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "out").rglob("*"))


def test_shards_make_a_whole_and_status_and_figures_say_how_it_stands(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    assert run(monkeypatch, home, "--shard", "2/2") == 0
    assert "1 of 2 sessions" in capsys.readouterr().out
    assert musmed(monkeypatch, "study", "status", str(home / "out"), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["done"], said["waiting"], said["failed"]) == (1, 1, {})
    assert run(monkeypatch, home, "--shard", "1/2") == 0
    assert "2 of 2 sessions" in capsys.readouterr().out
    table = (home / "out" / "figures.csv").read_bytes()
    (home / "out" / "figures.csv").unlink()
    assert musmed(monkeypatch, "study", "figures", str(home / "out")) == 0
    assert (home / "out" / "figures.csv").read_bytes() == table


def test_failures_are_listed_and_retried(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    monkeypatch.setenv("STUDY_FAILS", "1")
    assert run(monkeypatch, home, "--jobs", "1") == 2
    told = capsys.readouterr()
    assert "1 of 2 sessions" in told.out
    assert "It is not to be made." in told.err
    assert "--retry" in told.err
    monkeypatch.delenv("STUDY_FAILS")
    assert run(monkeypatch, home) == 2
    assert run(monkeypatch, home, "--retry") == 0


def test_a_process_that_dies_is_a_failure_of_its_job_alone(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setenv("STUDY_DIES", "1")
    assert run(monkeypatch, home, "--jobs", "1") == 2
    assert "ended with signal 9" in capsys.readouterr().err
    assert len((home / "out" / "figures.csv").read_text().splitlines()) == 2
    assert temporary(home) == []


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> tuple[int, bytes]:
    process.send_signal(how)
    _, said = process.communicate(timeout=HANG_SECONDS)
    return process.returncode, said


def test_ctrl_c_gives_back_what_was_being_made(home: Path, monkeypatch: Patch) -> None:
    process = begun(home, STUDY_SLEEPS="1")
    wait_for(lambda: bool(claims(home)), what="a claim")
    code, said = stop(process, signal.SIGINT)
    assert (code, said) == (130, b"")
    assert claims(home) == []
    assert temporary(home) == []
    assert run(monkeypatch, home) == 0


def test_a_study_that_is_killed_goes_on(home: Path, monkeypatch: Patch) -> None:
    process = begun(home, STUDY_SLEEPS="1")
    wait_for(lambda: bool(claims(home)), what="a claim")
    (claim,) = claims(home)
    worker = json.loads(claim.read_bytes())["pid"]
    os.kill(worker, signal.SIGSTOP)  # it can give nothing back
    assert stop(process, signal.SIGKILL)[0] == -9
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: Claims(this_process()).standing(claim.parent) == "dead", what="its end")
    assert temporary(home) != []
    assert run(monkeypatch, home) == 0
    assert claims(home) == []
    assert temporary(home) == []
    assert len((home / "out" / "figures.csv").read_text().splitlines()) == 3


def test_check_says_what_it_would_be(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "study", "check", str(home / "s.toml"), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["sessions"], said["jobs"], said["seconds"]) == (2, 2, 120.0)
    assert said["time"] > 0
    assert not (home / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "-o is missing"),
        (("run", "-o", "x"), "The study file is missing"),
        (("run", "nothing.toml", "-o", "x"), "can't be read"),
        (("run", "s.toml", "-o", "x", "--shard", "3/2"), "--shard is I/N"),
        (("run", "s.toml", "-o", "x", "--jobs", "0"), "--jobs must be"),
        (("run", "s.toml", "-o", "x", "--address", "a:1", "--jobs", "2"), "--jobs is for this"),
        (("run", "s.toml", "-o", "s.toml"), "can't be written"),
        (("status", "nothing"), "There is no study in"),
        (("figures",), "The folder is missing"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    arguments: tuple[str, ...], said: str, home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.chdir(home)
    assert musmed(monkeypatch, "study", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert said in told.err


def test_what_ray_writes_goes_into_the_studys_log(
    home: Path, monkeypatch: Patch, capfd: pytest.CaptureFixture[str]
) -> None:
    def drive(*_: object, **__: object) -> Outcome:
        os.write(2, b"(raylet) a node has died\n")
        return Outcome(stopped=False, reason="")

    monkeypatch.setattr(cluster, "run_cluster", drive)
    assert run(monkeypatch, home, "--address", "local") == 0
    assert "raylet" not in capfd.readouterr().err
    assert "a node has died" in (home / "out" / "logs" / "ray.log").read_text()
