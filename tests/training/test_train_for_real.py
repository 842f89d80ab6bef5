"""The real command trains a tiny model on real files: stopped, gone on with, played."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft", reason="needs musmed[train]")
pytest.importorskip("accelerate", reason="needs musmed[train]")

from support.commands import musmed
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config

from engine.composers.musicgen.files.adapters import AdapterWish, find_adapters
from engine.composers.musicgen.files.checkpoints import find
from engine.training.folder import ADAPTER, CARD, RunFolder
from engine.training.run import train_adapter
from engine.training.said import Progress
from musmed_tui.commands import train as command

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
SECONDS = 6


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    save_checkpoint(random_model(tiny_config()), tmp_path / "base")
    music = tmp_path / "music"
    music.mkdir()
    time = np.arange(SECONDS * 16_000) / 16_000
    for number, mood in enumerate(("calm", "happy", "calm", "happy")):
        tone = 0.3 * np.sin(2 * np.pi * 220.0 * (number + 1) * time)
        soundfile.write(music / f"{number}.flac", tone, 16_000)
        (music / f"{number}.txt").write_text(f"A {mood} piece")
    (music / "empty.mp3").touch()
    return tmp_path


def pressed_at(monkeypatch: Patch, stop_at: int | None = None) -> None:
    """Ctrl-C is pressed at a step."""

    def train(wanted: Any, say: Callable[[Progress], None], stopped: Any) -> Any:
        def told(progress: Progress) -> None:
            say(progress)
            if progress.stage == "training" and progress.done == stop_at:
                os.kill(os.getpid(), signal.SIGINT)

        return train_adapter(wanted, told, stopped)

    monkeypatch.setattr(command, "_loaded", lambda: SimpleNamespace(train_adapter=train))


def test_stopped_resumed_and_written(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    made = home / "made"
    typed = ["train", str(home / "music"), "--base", str(home / "base"), "-o", str(made)]
    typed += ["--steps", "3", "--batch", "2", "--watch-every", "3", "--rank", "2"]
    typed += ["--clips", "2", "--clip-seconds", f"{SECONDS}"]
    pressed_at(monkeypatch, stop_at=1)
    assert musmed(monkeypatch, *typed) == 130
    told = capsys.readouterr()
    assert "Stopping; " in told.err
    assert "Stopped after 1 of 3 steps" in told.err
    assert "Training: 1 of 3 steps, loss " in told.out
    assert not (made / ADAPTER[1]).exists()

    pressed_at(monkeypatch)
    assert musmed(monkeypatch, *typed) == 2
    assert "--resume" in capsys.readouterr().err
    assert musmed(monkeypatch, *typed, "--resume") == 0
    told = capsys.readouterr()
    assert soundfile.info(next(RunFolder(made).sounds_at(3).glob("02-*.flac"))).duration == SECONDS
    assert "Training: 2 of 3 steps" in told.out
    assert "Watched at step 3: " in told.out
    assert "empty.mp3\tleft out\tIt is empty (0 bytes)" in told.out
    assert f"Wrote {made}." in told.out
    assert all((made / name).exists() for name in (*ADAPTER, CARD))
    assert len(RunFolder(made).steps.read_bytes().splitlines()) == 3

    assert musmed(monkeypatch, "models", "add", str(made), "--name", "mine") == 0
    (added,) = find_adapters([AdapterWish("mine")], find(str(home / "base")))
    assert added.changes
    assert not (added.file.parent / "training").exists()
