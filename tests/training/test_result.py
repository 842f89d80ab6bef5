"""A training's end: the best step's adapter in the folder, with card and figures beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_training import RECIPE, RandomCodes, random_data, trained_adapter

from engine.composers.musicgen.files.adapters import AdapterWish, find_adapter
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError
from engine.training.adapter_files import save_adapter
from engine.training.figures import read_result
from engine.training.folder import ADAPTER, RunFolder
from engine.training.result import Made, put_at_root, write_result
from engine.training.said import Progress
from engine.training.watched import Figure, Watched

STEPS = (2, 4, 6)


@pytest.fixture(scope="module")
def model() -> Any:
    return random_model(tiny_config())


@pytest.fixture(scope="module")
def base(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return find(str(save_checkpoint(model, tmp_path_factory.mktemp("hub") / "musicgen-small")))


@pytest.fixture(scope="module")
def trained(model: Any, base: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A training's own files, nothing at its root yet."""
    folder = RunFolder(tmp_path_factory.mktemp("trained") / "mine")
    for step in STEPS:
        save_adapter(trained_adapter(model, step), RECIPE, base, folder.adapter_at(step))
    return folder


@pytest.fixture
def made(trained: RunFolder, base: Checkpoint, tmp_path: Path) -> Callable[..., Made]:
    def of(*scores: float | None) -> Made:
        folder = RunFolder(tmp_path / "mine")
        shutil.copytree(trained.root, folder.root)
        data, split = random_data(tmp_path, 3)
        watched = [
            Watched(step, score, (Figure("meter", "r", score or 0.0),), remarks=("A secret.",))
            for step, score in zip((0, *STEPS), scores, strict=False)
        ]
        return Made(folder, base, RECIPE, data, split, RandomCodes(3), 6, watched)

    return of


def same(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in ADAPTER)


def test_the_best_step_is_the_one_in_the_folder(made: Callable[..., Made]) -> None:
    run = made(0.9, 0.1, 0.5, 0.3)
    said: list[Progress] = []
    result = write_result(run, said.append, lambda: False)
    folder = run.folder
    assert result is not None
    assert (result.step, result.steps, result.gained) == (4, 6, False)
    assert same(folder.root, folder.adapter_at(4))
    assert {path.name for path in folder.root.iterdir()} == {
        *ADAPTER,
        "README.md",
        "figures.json",
        "training",
    }
    find_adapter(AdapterWish(str(folder.root)), run.base)
    assert read_result(folder) == result
    assert result.moved is not None
    assert result.moved.output is not None
    assert "# mine" in folder.card.read_text()
    assert {one.stage for one in said} == {"writing"}
    assert [one.done for one in said] == sorted(one.done for one in said)
    # Sounds and clips that are not there are a remark, not an end.
    assert result.copied is None
    assert "copies could not be measured" in result.remarks[0]
    assert "A secret." not in json.dumps(folder.card.read_text() + folder.figures.read_text())


def test_a_second_end_replaces_the_first_and_its_prefix(made: Callable[..., Made]) -> None:
    run = made()
    (run.folder.adapter_at(2) / PREFIX).write_bytes(b"prefix")
    put_at_root(run.folder, 2)
    assert (run.folder.root / PREFIX).read_bytes() == b"prefix"
    put_at_root(run.folder, 6)
    assert same(run.folder.root, run.folder.adapter_at(6))
    assert not (run.folder.root / PREFIX).exists()


def test_before_any_step_was_watched_nothing_is_written(made: Callable[..., Made]) -> None:
    run = made(0.9)
    assert write_result(run, lambda _: None, lambda: False) is None
    assert [path.name for path in run.folder.root.iterdir()] == ["training"]


def test_stopped_it_has_the_adapter_all_the_same(made: Callable[..., Made]) -> None:
    run = made(0.1, 0.2)
    result = write_result(run, lambda _: None, lambda: True)
    assert result is not None
    assert result.moved is not None
    assert (result.moved.output, result.copied, result.remarks) == (None, None, ())
    assert same(run.folder.root, run.folder.adapter_at(2))


def test_a_full_disk_leaves_the_adapter_that_was_there(
    made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made()
    put_at_root(run.folder, 2)

    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.training.result.shutil.copyfile", full)
    with pytest.raises(MusmedError, match=r"No space left on device.*--resume"):
        put_at_root(run.folder, 4)
    assert same(run.folder.root, run.folder.adapter_at(2))
    assert {path.name for path in run.folder.root.iterdir()} == {*ADAPTER, "training"}
