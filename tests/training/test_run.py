"""All parts of a training in their order, in one process and in two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft", reason="needs musmed[train]")
pytest.importorskip("accelerate", reason="needs musmed[train]")

import soundfile
from safetensors.torch import load_file
from support.many_workers import DONE, in_processes

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.training import run, run_record
from engine.training.folder import ADAPTER, CARD, FIGURES, RunFolder
from engine.training.processes import Processes
from engine.training.recipe import Recipe
from engine.training.run import train_adapter
from engine.training.said import Progress, Stage, StoppedError
from engine.training.wanted import Wanted

RATE, SECONDS = 16_000, 6
RECIPE = Recipe(steps=2, batch=2, watch_every=2, held_out=0.3, clips=2, clip_seconds=1.0)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    time = np.arange(SECONDS * RATE) / RATE
    for number, mood in enumerate(("calm", "happy", "calm", "happy")):
        soundfile.write(folder / f"{number}.wav", 0.3 * np.sin(1000.0 * (number + 1) * time), RATE)
        (folder / f"{number}.txt").write_text(f"A {mood} piece")
    return folder


def wanted(music: Path, base: Checkpoint, output: str) -> Wanted:
    return Wanted(
        data=music,
        output=music.parent / output,
        cache=music.parent / "cache",
        base=str(base.folder),
        recipe=RECIPE,
    )


def quiet(_: Progress) -> None: ...


def unstopped() -> bool:
    return False


def test_two_processes_make_what_one_makes(music: Path, tiny_base: Checkpoint) -> None:
    """The second one is given data, split and what is encoded by the first, and leaves with it."""

    def work(processes: Processes) -> None:
        asked = wanted(music, tiny_base, "two")
        made = run._Run(asked, processes, quiet, unstopped).made()
        assert made.ended == "done"
        assert (made.best is None) == (not processes.main)
        assert (music.parent / "two" / FIGURES).exists()

    assert in_processes(2, work, music.parent) == [DONE, DONE]
    made = train_adapter(wanted(music, tiny_base, "one"), quiet, unstopped)
    assert (made.ended, made.step, made.best) == ("done", 2, 2)
    one, two = (music.parent / name for name in ("one", "two"))
    assert all((folder / name).exists() for folder in (one, two) for name in (*ADAPTER, CARD))
    here, there = load_file(one / ADAPTER[1]), load_file(two / ADAPTER[1])
    assert here.keys() == there.keys()
    assert all(float((here[name] - there[name]).abs().max()) < 1e-4 for name in here)


def test_its_folder_is_nobody_else_s_until_all_is_written(
    music: Path, tiny_base: Checkpoint
) -> None:
    asked = wanted(music, tiny_base, "made")
    stages: list[Stage] = []

    def say(progress: Progress) -> None:
        if progress.stage in ("training", "watching", "writing"):
            stages.append(progress.stage)
            with (
                pytest.raises(MusmedError, match="Another training is at work"),
                run_record.held(RunFolder(asked.output)),
            ):
                pass

    train_adapter(asked, say, unstopped)
    assert {"training", "watching", "writing"} == set(stages)
    with run_record.held(RunFolder(asked.output)):
        pass


@pytest.mark.parametrize("stage", ["reading", "encoding"])
def test_stopped_before_it_trains_leaves_no_training_behind(
    stage: Stage, music: Path, tiny_base: Checkpoint
) -> None:
    seen: list[Stage] = []
    asked = wanted(music, tiny_base, "made")
    with pytest.raises(StoppedError):
        train_adapter(asked, lambda p: seen.append(p.stage), lambda: stage in seen)
    assert not asked.output.exists()


def test_what_is_cheap_to_refuse_is_refused_before_a_sound_is_read(
    music: Path, tiny_base: Checkpoint
) -> None:
    asked = wanted(music, tiny_base, "made")
    (asked.output / "training").mkdir(parents=True)
    (asked.output / "training/run.json").touch()
    seen: list[Progress] = []
    with pytest.raises(MusmedError, match="--resume"):
        train_adapter(asked, seen.append, unstopped)
    assert not seen
