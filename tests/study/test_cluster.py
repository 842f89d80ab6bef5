"""A study on Ray: actors and a driver, nodes that die, GPUs; what is made is made up."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.quick_study_actor import SOUND
from support.studies import made_up, small

from engine.errors import MusmedError
from engine.study import cluster
from engine.study.cluster import LOCAL, run_cluster
from engine.study.crew import Outcome, Place
from engine.study.design import Design
from engine.study.gathering import gather
from engine.study.running import Prepared, prepare_run, status_of

Patch = pytest.MonkeyPatch
ROOT = Path(__file__).parents[2]
WELL = Outcome(stopped=False, reason="")


def never() -> bool:
    return False


@pytest.fixture
def ray(monkeypatch: Patch) -> Iterator[Any]:
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # nodes stay on loopback
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'tests'}")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setattr(cluster, "_ACTOR", "support.quick_study_actor")
    yield ray
    ray.shutdown()


def expected(design: Design, folder: Path) -> bytes:
    """The table of what is made up."""
    prepared = prepare_run(design, folder)
    for job in design.jobs:
        prepared.folder.job(job.digest).mkdir(parents=True)
        prepared.folder.finish(*made_up(job))
    return gather(prepared.folder, design).files[0].read_bytes()


def whole(prepared: Prepared, tmp_path: Path) -> None:
    """All is there, and the table is the same as ever."""
    design, folder = prepared.design, prepared.folder
    assert status_of(folder, design)[:3] == (len(design.jobs), 0, 0)
    assert gather(folder, design).files[0].read_bytes() == expected(design, tmp_path / "other")
    for job in design.jobs:
        place = folder.job(job.digest)
        assert (place / "session.flac").read_bytes() == SOUND
        assert {path.name for path in place.iterdir()} == {
            "session.flac",
            "session.json",
            "result.json",
            "spent.json",
        }


@pytest.mark.long
def test_on_this_machine_with_gpus_in_turn(ray: Any, tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("STUDY_MARKS", str(tmp_path / "marks"))
    monkeypatch.setenv("STUDY_TOGETHER", "2")
    monkeypatch.setattr(cluster, "has_model", lambda _name: True)
    prepared = prepare_run(small(6), tmp_path / "study")
    places = (Place("0"), Place("1"))
    assert run_cluster(prepared, LOCAL, places, stopped=never) == WELL
    whole(prepared, tmp_path)
    spent = [prepared.folder.spent(job.digest) for job in prepared.design.jobs]
    assert {one.device for one in spent if one} == {"GPU 0", "GPU 1"}
    assert not ray.is_initialized()


LISTENING = """
import os, psutil
from engine.study.cluster import _connected
from engine.study.crew import Place
with _connected("local", (Place(),)) as ray:
    ray.get(ray.remote(lambda: 1).remote())
    ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [(one.name(), c.laddr.ip) for one in ours for c in one.net_connections("inet")
             if c.status == "LISTEN"]
print(found)
"""


@pytest.mark.long
def test_a_cluster_of_this_machine_listens_on_loopback_alone(ray: Any) -> None:
    assert ray is not None
    made = subprocess.run(
        [sys.executable, "-c", LISTENING], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = ast.literal_eval(made.stdout)
    assert len(found) > 2
    assert {address.removeprefix("::ffff:") for _, address in found} == {"127.0.0.1"}
    assert not any("dashboard" in name.lower() for name, _ in found)


@pytest.mark.long
def test_failures_are_listed(ray: Any, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("STUDY_FAILS", "2")
    prepared = prepare_run(small(3), tmp_path / "study")
    assert run_cluster(prepared, LOCAL, (Place(),), stopped=never) == WELL
    status = status_of(prepared.folder, prepared.design)
    assert (status.done, list(status.failed.values())) == (2, ["It is not to be made."])
    assert ray is not None


@pytest.mark.long
@pytest.mark.parametrize("stops", [False, True])
def test_no_temporary_folder_stays(
    ray: Any, tmp_path: Path, monkeypatch: Patch, stops: bool
) -> None:
    """Neither of actors that have nothing more to do nor of those that are killed at their work."""
    own, marks = tmp_path / "own", tmp_path / "marks"
    own.mkdir()
    marks.mkdir()
    monkeypatch.setenv("STUDY_MARKS", str(marks))
    monkeypatch.setenv("RAY_TMPDIR", tempfile.gettempdir())
    monkeypatch.setenv("TMPDIR", str(own))
    prepared = prepare_run(small(3), tmp_path / "study")
    seen: set[str] = set()

    def stopped() -> bool:
        seen.update(path.name for path in own.iterdir())
        return stops and any(marks.iterdir())

    assert run_cluster(prepared, LOCAL, (Place(),), stopped=stopped).stopped == stops
    assert len(seen) == 1
    assert list(own.iterdir()) == []
    assert ray is not None


@pytest.mark.long
def test_a_node_that_dies_loses_nothing(ray: Any, tmp_path: Path, monkeypatch: Patch) -> None:
    from ray.cluster_utils import Cluster

    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("STUDY_MARKS", str(tmp_path / "marks"))
    monkeypatch.setenv("STUDY_TOGETHER", "2")
    nodes = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False},
    )
    second = nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    prepared = prepare_run(small(8), tmp_path / "study")
    killed = False

    def stopped() -> bool:
        """Kills the second node when two actors have begun something."""
        nonlocal killed
        begun = {path.name.partition("-")[2] for path in (tmp_path / "marks").iterdir()}
        if len(begun) == 2 and not killed:
            nodes.remove_node(second, allow_graceful=False)
            killed = True
        return False

    try:
        assert run_cluster(prepared, nodes.address, (), stopped=stopped) == WELL
    finally:
        ray.shutdown()
        nodes.shutdown()
    assert killed
    whole(prepared, tmp_path)
    assert len(list((tmp_path / "marks").iterdir())) > 8  # one was begun twice


def test_no_cluster_is_a_sentence(ray: Any, tmp_path: Path) -> None:
    prepared = prepare_run(small(1), tmp_path / "study")
    with pytest.raises(MusmedError, match=r"There is no Ray cluster at 127\.0\.0\.1:1 "):
        run_cluster(prepared, "127.0.0.1:1", (), stopped=never)
    assert not ray.is_initialized()


def test_without_ray_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    prepared = prepare_run(small(1), tmp_path)
    with pytest.raises(MusmedError, match=r"pip install 'musmed\[study\]'"):
        run_cluster(prepared, LOCAL, (Place(),), stopped=never)
