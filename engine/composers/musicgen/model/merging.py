"""Merging adapters into the weights: what peft's ``merge_and_unload`` does, without peft.

Once merged an adapter costs nothing per step, and the decoder need not know of it.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

import torch
from safetensors.torch import load_file

from engine.composers.musicgen.files.adapters import Adapter, Change
from engine.errors import MusmedError


def merge(state: MutableMapping[str, torch.Tensor], adapters: Sequence[Adapter]) -> None:
    """Add ``adapters`` to the weights in ``state``, which are named as in the checkpoint.

    float32 weights are changed in place; others become float32 first, since a trained difference
    is often smaller than a half-precision weight's last bit. Raises ``MusmedError`` for an
    adapter that holds no numbers (NaN or infinity).
    """
    for adapter in adapters:
        tensors = load_file(adapter.file)
        for change in adapter.changes:
            weight = state[change.weight]
            if weight.dtype != torch.float32:
                weight = state[change.weight] = weight.float()
            with torch.no_grad():
                _apply(weight, change, tensors, adapter)


def _apply(
    weight: torch.Tensor, change: Change, tensors: dict[str, torch.Tensor], adapter: Adapter
) -> None:
    a = tensors[change.a].to(weight.device, torch.float32)
    if change.b:
        b = tensors[change.b].to(weight.device, torch.float32)
        # peft's order of operations, so that the sums are its sums to the last bit
        product = (b @ a).T if change.embedding else b @ a
        delta = product * (adapter.scale * change.scaling)
    else:
        delta = (a - weight) * adapter.scale
    if not bool(torch.isfinite(delta).all()):
        raise MusmedError(
            f"The adapter {adapter.name} holds values that are no numbers; train it again."
        )
    if not change.b and adapter.scale == 1.0:
        weight.copy_(a)  # a - w + w would be rounded
    else:
        weight.add_(delta)
