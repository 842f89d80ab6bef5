"""A training's checkpoint: what is trained and AdamW's moments of it, after some step.

One safetensors file has it all, written beside and renamed: whenever the process is killed, there
is the one before or the one after, whole. What is drawn depends on the step alone, so nothing else
has to be kept.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import MusmedError
from engine.places import look_at, part_of
from engine.private import make_private_folder, open_private
from engine.tensorfile import TensorInfo, read_tensors
from engine.training.folder import RunFolder

if TYPE_CHECKING:
    from engine.training.updates import Updater

FILE = "state.safetensors"
STEP = "step"
_NONE = -1
_WEIGHT = "weight."
_MOMENTS = {"exp_avg": "average.", "exp_avg_sq": "square."}
"""AdamW's names of them, and what their tensors' names begin with."""


def keep(folder: RunFolder, updater: Updater, step: int) -> None:
    """The checkpoint is now that of ``step``. Raises ``MusmedError``; then it is the one before."""
    from safetensors.torch import save

    path = folder.state / FILE
    part = part_of(path)
    tensors = {name: one.detach().cpu() for name, one in _tensors(updater).items()}
    try:
        make_private_folder(folder.state)
        with open_private(part, "wb") as file:
            file.write(save(tensors | {STEP: torch.tensor(step)}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise MusmedError(
            f"The checkpoint can't be written to {path} ({error.strerror}); the one before it is "
            "kept: free some space and go on with --resume."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def restore(folder: RunFolder, updater: Updater) -> int | None:
    """Make ``updater`` what it was at the checkpoint, and give its step; None, and nothing changed,
    where there is no checkpoint. The main process reads it, and all others have it from there.
    Raises ``MusmedError`` for one that is damaged."""
    step = updater.processes.from_main(lambda: _read(folder, updater), int)
    updater.processes.copy_main(_tensors(updater).values())
    if step == _NONE:
        return None
    for parameter in updater.trained.values():
        updater.optimizer.state[parameter]["step"].fill_(step)
    return step


def _read(folder: RunFolder, updater: Updater) -> int:
    from safetensors.torch import load_file

    path = folder.state / FILE
    if look_at(path, "file") == "nothing":
        return _NONE
    wanted = _tensors(updater)
    _check(path, wanted)
    there = load_file(path)
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(there[name])
    return int(there[STEP])


def _check(path: Path, wanted: dict[str, Tensor]) -> None:
    expected = {name: TensorInfo("F32", tuple(one.shape)) for name, one in wanted.items()}
    if read_tensors(path) != expected | {STEP: TensorInfo("I64", ())}:
        raise MusmedError(
            f"{path} is not the checkpoint of this training; give another folder with -o for a new "
            "one."
        )


def _tensors(updater: Updater) -> dict[str, Tensor]:
    """All that changes from step to step but the step's number: not copies."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in updater.trained.items():
        tensors[_WEIGHT + name] = parameter
        for moment, prefix in _MOMENTS.items():
            tensors[prefix + name] = updater.optimizer.state[parameter][moment]
    return tensors
