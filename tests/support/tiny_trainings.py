"""Trainings of ``support.encoded_tracks`` that take a second or two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from support.encoded_tracks import FixedWatcher, encoded_tracks

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.training.folder import RunFolder
from engine.training.loop import Trained, train
from engine.training.processes import Processes
from engine.training.recipe import Lora, Recipe
from engine.training.said import Progress
from engine.training.state import FILE

ALONE = Processes(torch.device("cpu"))
RECIPE = Recipe(steps=6, batch=3, learning_rate=1e-3, watch_every=2, lora=Lora(rank=4, dropout=0.1))


def train_tiny(base: Checkpoint, folder: Path, recipe: Recipe = RECIPE, **other: Any) -> Trained:
    """Train on ``encoded_tracks()``, or with whatever of ``train`` is given."""
    data, split, encoded = encoded_tracks()
    given: dict[str, Any] = {
        "data": data,
        "split": split,
        "encoded": encoded,
        "watcher": FixedWatcher(),
        "processes": ALONE,
        "say": lambda _: None,
        "stopped": lambda: False,
    }
    return train(checkpoint=base, recipe=recipe, folder=RunFolder(folder), **(given | other))


def stop_after(step: int) -> tuple[Callable[[Progress], None], Callable[[], bool]]:
    """A ``say`` and a ``stopped`` that stop a training once it has made update ``step``."""
    made = [0]

    def say(progress: Progress) -> None:
        if progress.step is not None:
            made[0] = progress.step.number

    return say, lambda: made[0] >= step


def kept(folder: Path) -> bytes:
    """The checkpoint's bytes."""
    return (RunFolder(folder).state / FILE).read_bytes()
