"""Who trains in ``tests/bench/training.py``: each some steps, and what they took."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model.delay import delayed, delays_of
from engine.composers.musicgen.model.device import training_format
from engine.training.encoded import Codes, States, Window
from engine.training.folder import RunFolder
from engine.training.memory import most_taken
from engine.training.processes import Processes
from engine.training.recipe import PROJECTIONS, Lora, Recipe
from engine.training.said import Progress
from engine.training.tracks import Data, Split, Track
from engine.training.watched import Watched

RATE = 50
"""Code frames a second."""
TOKENS = 16
"""Of text: a prompt of tags."""
Found = dict[str, Any]
"""``seconds`` of each step but the first, ``memory``: bytes at most, ``losses`` of each step."""


@dataclass(frozen=True)
class Asked:
    checkpoint: Path
    device: torch.device
    steps: int
    batch: int
    frames: int
    rank: int
    checkpointing: bool
    cpu_time: bool = False

    def now(self) -> float:
        return time.process_time() if self.cpu_time else time.perf_counter()

    @property
    def format(self) -> torch.dtype:
        return training_format(self.device)

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            steps=self.steps,
            batch=self.batch,
            lora=Lora(rank=self.rank, alpha=float(self.rank)),
            watch_every=self.steps,
            text_dropout=0.0,
            checkpointing=self.checkpointing,
        )


class RandomCodes:
    """``Encoded``: codes and text drawn by chance, which take as long as others."""

    def __init__(self, asked: Asked, config: dict[str, Any]) -> None:
        self.config = config
        self.frames = asked.frames
        seconds = asked.frames / RATE
        self.windows = tuple(Window(n, n * seconds, asked.frames) for n in range(asked.batch))

    def codes(self, window: int) -> Codes:
        decoder = self.config["decoder"]
        shape = (decoder["num_codebooks"], self.frames)
        drawn = np.random.default_rng(window).integers(decoder["vocab_size"], size=shape)
        return drawn.astype(np.int16)

    def states(self, caption: str) -> States:
        width = self.config["text_encoder"]["d_model"]
        drawn = np.random.default_rng(len(caption)).standard_normal((TOKENS, width))
        return drawn.astype(np.float32)


class NobodyListens:
    def watch(self, step: int, adapter: Path | None) -> Watched:
        return Watched(step, 0.0, ())


def ours(asked: Asked) -> Found:
    from engine.training.loop import train

    checkpoint = find(str(asked.checkpoint))
    encoded = RandomCodes(asked, checkpoint.config)
    names = [f"{n}.flac" for n in range(asked.batch)]
    tracks = tuple(Track(name, Path(name), ("a calm piano",), name) for name in names)
    ends, losses = [], []

    def say(progress: Progress) -> None:
        if progress.step is not None:
            ends.append(asked.now())
            losses.append(progress.step.loss)

    with tempfile.TemporaryDirectory(prefix="musmed-trained-") as folder:
        train(
            Data(Path(), "random", tracks, (), "random"),
            Split(tuple(range(asked.batch)), ()),
            encoded,
            checkpoint,
            asked.recipe,
            folder=RunFolder(Path(folder) / "adapter"),
            watcher=NobodyListens(),
            processes=Processes(asked.device, asked.format),
            say=say,
            stopped=lambda: False,
        )
    return found(asked, ends, losses)


def peer(asked: Asked) -> Found:
    import peft
    from transformers import MusicgenForConditionalGeneration

    model: Any = MusicgenForConditionalGeneration.from_pretrained(
        asked.checkpoint, dtype=asked.format
    )
    model.to(asked.device)
    model.config.decoder.decoder_start_token_id = model.config.decoder.pad_token_id
    if asked.checkpointing:
        model.decoder.gradient_checkpointing_enable({"use_reentrant": False})
    recipe = asked.recipe
    lora = peft.LoraConfig(
        r=recipe.lora.rank,
        lora_alpha=recipe.lora.alpha,  # type: ignore[arg-type, unused-ignore]  # it divides it by the rank,
        lora_dropout=recipe.lora.dropout,
        target_modules=rf"decoder\.model\.decoder\.layers\..*\.({'|'.join(PROJECTIONS)})",
    )
    adapted = peft.get_peft_model(model, lora).train()
    trained = [one for one in adapted.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained, recipe.learning_rate, weight_decay=recipe.weight_decay)
    batch = their_batch(asked, model.config.to_dict())
    ends, losses = [], []
    for _ in range(asked.steps):
        with computing(asked):
            loss = adapted(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())  # which waits for the GPU
        ends.append(asked.now())
    return found(asked, ends, losses)


def found(asked: Asked, ends: list[float], losses: list[float]) -> Found:
    seconds = [after - before for before, after in itertools.pairwise(ends)]
    return {"seconds": seconds, "memory": most_taken(asked.device), "losses": losses}


def computing(asked: Asked) -> contextlib.AbstractContextManager[object]:
    if asked.format == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(asked.device.type, dtype=asked.format)


def their_batch(asked: Asked, config: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Text and the delayed codes of the same windows, as ``labels``: (windows, positions,
    codebooks)."""
    decoder = config["decoder"]
    pad, encoded = decoder["pad_token_id"], RandomCodes(asked, config)
    windows = np.stack([encoded.codes(n) for n in range(asked.batch)])
    delays = delays_of(decoder["num_codebooks"], decoder["audio_channels"])
    grid = delayed(torch.from_numpy(windows).long(), asked.frames, delays, pad)
    labels = grid[..., 1:].transpose(1, 2)
    tokens = torch.randint(3, config["text_encoder"]["vocab_size"], (asked.batch, TOKENS))
    given = {
        "input_ids": tokens,
        "attention_mask": torch.ones_like(tokens),
        "labels": labels.masked_fill(labels == pad, -100),
    }
    return {name: value.to(asked.device) for name, value in given.items()}
