"""Weights that somebody else wrote, as tensors: safetensors, or a pickle read without running it.

PyTorch's own ``weights_only`` reader takes tensors and plain containers and refuses anything else,
so nothing in such a file is ever run. What was read so is written as safetensors beside it, once,
and read from there from then on.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import MusmedError
from engine.places import look_at, part_of

SUFFIXES = (".pth", ".pt", ".bin", ".ckpt")
MAX_BYTES = 4_000_000_000

Tensors = dict[str, Any]
"""Name -> ``torch.Tensor``."""


def read_weights(path: Path, whose: str) -> Tensors:
    """The tensors of ``path``, a ``.safetensors`` file or one of ``SUFFIXES``; of a checkpoint
    those of its 'state_dict' or 'model', and as tensors the fractional numbers beside that.
    ``whose``: for the sentence when it holds none. Raises ``MusmedError``."""
    if look_at(path, "file") != "file":
        raise MusmedError(f"There is no file {path}; give the weights of {whose}.")
    if path.stat().st_size > MAX_BYTES:
        raise MusmedError(f"{path} has over 4 GB and can't be the weights of {whose}.")
    if path.suffix == ".safetensors":
        return _read_safe(path, whose)
    if path.suffix not in SUFFIXES:
        raise MusmedError(f"{path} is no file of weights; give one that ends in .safetensors.")
    converted = path.with_suffix(".safetensors")
    if look_at(converted, "file") == "file" and converted.stat().st_mtime >= path.stat().st_mtime:
        return _read_safe(converted, whose)
    tensors = _read_pickle(path, whose)
    if not path.is_symlink():  # into the hub's cache nothing is written
        _convert(tensors, converted)
    return tensors


def check_shapes(tensors: Tensors, shapes: Mapping[str, Sequence[int]], whose: str) -> None:
    """Raises ``MusmedError`` for tensors that are not ``whose``."""
    for name, shape in shapes.items():
        found = tensors.get(name)
        if found is None or tuple(found.shape) != tuple(shape):
            raise MusmedError(f"These are not the weights of {whose}: {name} is another.")


def _read_safe(path: Path, whose: str) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise MusmedError(f"{path} is damaged; get the weights of {whose} again.") from error


def _read_pickle(path: Path, whose: str) -> Tensors:
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        raise MusmedError(
            f"{path} holds more than tensors, which could run programs, or is damaged; get the "
            f"weights of {whose} as safetensors."
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise MusmedError(f"{path} is damaged; get the weights of {whose} again.") from error
    for part in ("state_dict", "model"):
        if isinstance(held, dict) and isinstance(held.get(part), dict):
            held = {**_numbers(held), **held[part]}
    tensors = held if isinstance(held, dict) else {}
    found = {str(name): tensor for name, tensor in tensors.items() if torch.is_tensor(tensor)}
    if not found:
        raise MusmedError(f"{path} holds no tensors; give the weights of {whose}.")
    return found


def _numbers(held: Mapping[str, object]) -> Tensors:
    """What stands beside the tensors of a checkpoint that a network is to be used with."""
    import torch

    numbers = {name: one for name, one in held.items() if isinstance(one, float)}
    return {name: torch.tensor(one, dtype=torch.float64) for name, one in numbers.items()}


def _convert(tensors: Tensors, path: Path) -> None:
    """Where it can't be written, the pickle is read again next time."""
    from safetensors.torch import save_file

    part = part_of(path)
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        try:
            save_file({name: one.contiguous().clone() for name, one in tensors.items()}, part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
