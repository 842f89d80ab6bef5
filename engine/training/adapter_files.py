"""A trained adapter as files that peft has, and whoever reads peft's: config and matrices, no
pickle. Written by peft's own functions, so that any program that takes such folders takes ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.composers.musicgen.files.catalogue import repo_of
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError
from engine.places import part_of
from engine.private import make_private_folder, write_private
from engine.training.folder import ADAPTER
from engine.training.recipe import PROJECTIONS, Recipe

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import nn

_NAMES = "base_model.model."
"""What peft's tensors begin with: its own two wrappers around the model that was trained."""
_CLASS = {
    "base_model_class": "MusicgenForConditionalGeneration",
    "parent_library": "transformers.models.musicgen.modeling_musicgen",
}
"""By which peft's AutoPeftModel opens the base too."""


def base_name(base: Checkpoint) -> str:
    """What an adapter says it was trained on: the hub repository, or of a folder the name alone,
    since where it lies here is nobody's concern elsewhere."""
    return repo_of(base.name) or base.name


def lora_config(recipe: Recipe) -> LoraConfig:
    """The recipe's LoRA as peft has it."""
    import peft

    lora = recipe.lora
    return peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # peft divides it, whole or not
        lora_dropout=lora.dropout,
        target_modules=list(PROJECTIONS),
    )


def save_adapter(trainable: nn.Module, recipe: Recipe, base: Checkpoint, folder: Path) -> None:
    """``folder`` becomes the adapter of ``trainable`` (an ``nn.Module`` with the adapter 'default'
    of ``lora_config(recipe)``, wrapped by peft or not) with its affect prefix, trained on ``base``;
    what was there goes. It is written beside and renamed. Raises ``MusmedError`` where it can't be
    written."""
    import peft
    import torch
    from safetensors.torch import save

    from engine.composers.musicgen.model.affect_prefix import AffectPrefix

    tensors = {
        name if name.startswith(_NAMES) else _NAMES + name: tensor.detach().cpu().contiguous()
        for name, tensor in peft.get_peft_model_state_dict(
            trainable, save_embedding_layers=False
        ).items()
    }
    prefixes = [one for one in trainable.modules() if isinstance(one, AffectPrefix)]
    trained = [*tensors.values(), *(weight for one in prefixes for weight in one.parameters())]
    if not all(bool(torch.isfinite(tensor).all()) for tensor in trained):
        raise MusmedError(
            "The adapter holds values that are no numbers (NaN or infinity) and is not kept; "
            "train with a lower learning rate."
        )
    with folder_written(folder, "adapter") as new:
        config, weights = ADAPTER
        write_private(new / config, _config(recipe, base))
        write_private(new / weights, save(tensors, {"format": "pt"}))
        for prefix in prefixes:
            prefix.save(new / PREFIX, base_name(base))


@contextmanager
def folder_written(folder: Path, what: str) -> Iterator[Path]:
    """A folder beside ``folder``, its owner's alone, that takes its place once it is whole. Raises
    ``MusmedError`` about ``what`` where it can't be written; then nothing of it is left."""
    new, old = part_of(folder), part_of(folder.with_name(f"{folder.name}.old"))
    try:
        make_private_folder(folder.parent)
        shutil.rmtree(new, ignore_errors=True)
        make_private_folder(new)
        yield new
        shutil.rmtree(old, ignore_errors=True)
        if folder.is_dir():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise MusmedError(
            f"The {what} can't be written to {folder} ({error.strerror or error}); free some "
            "space or make its folder writable, and go on with --resume."
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _config(recipe: Recipe, base: Checkpoint) -> bytes:
    config = lora_config(recipe)
    config.base_model_name_or_path = base_name(base)
    config.inference_mode = True
    config.auto_mapping = _CLASS
    plain = {
        key: sorted(value) if isinstance(value, set) else value
        for key, value in config.to_dict().items()  # type: ignore[no-untyped-call]
    }
    return json.dumps(plain, indent=2, sort_keys=True).encode() + b"\n"
