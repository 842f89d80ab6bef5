"""What training's tests have in common: a tiny base, what is trained of it, and codes to hear."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np

from engine.training.encoded import Codes, States, Window
from engine.training.recipe import Lora, Recipe
from engine.training.tracks import Data, Split, Track

RECIPE = Recipe(lora=Lora(rank=4, alpha=6.0))


def trained_adapter(model: Any, seed: int = 0, size: float = 0.1, recipe: Recipe = RECIPE) -> Any:
    """What is trained of a MusicGen, with LoRA in it whose numbers are random: the parts of the
    whole model by their own names."""
    import peft
    import torch

    from engine.training.adapter_files import lora_config

    trained = torch.nn.Module()
    trained.decoder = copy.deepcopy(model.decoder)
    trained.enc_to_dec_proj = copy.deepcopy(model.enc_to_dec_proj)
    peft.inject_adapter_in_model(lora_config(recipe), trained)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in trained.named_parameters():
        if "lora_" in name:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data.copy_(size * noise)
    return trained


class RandomCodes:
    """Windows of a second with codes and text states drawn by their numbers, for a tiny model."""

    def __init__(self, windows: int, frames: int = 50) -> None:
        self.windows = tuple(Window(track, 0.0, frames) for track in range(windows))

    def codes(self, window: int) -> Codes:
        shape = (4, self.windows[window].frames)
        return np.random.default_rng(window).integers(0, 64, shape).astype(np.int16)

    def states(self, caption: str) -> States:
        return np.random.default_rng(len(caption)).normal(size=(5, 24)).astype(np.float32)


def random_data(folder: Path, tracks: int, kind: str = "flac") -> tuple[Data, Split]:
    """Tracks that ``RandomCodes`` has windows of, the last of them held out. The sounds are names
    only."""
    made = tuple(
        Track(
            name=f"{number}.{kind}",
            sound=folder / f"{number}.{kind}",
            captions=("A calm piece for piano",),
            group=f"{number}",
        )
        for number in range(tracks)
    )
    data = Data(folder, "captions.csv", made, (), "0" * 64)
    return data, Split(tuple(range(tracks - 1)), (tracks - 1,))
