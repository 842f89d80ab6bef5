"""Where the keys of an affect prefix should begin: how much each beginning disturbs a base, and how
far the point is heard after a training.

    python tests/bench/affect_prefix.py [--steps 200] [--rate 1e-4]

A tiny MusicGen with random weights whose cross-attention is sharpened, since random attention is
next to nothing; eight captions of 5 to 12 tokens, codes of two kinds that only the point tells
apart. 'disturbed': how far the untrained keys move what the base says beside its text (the
Kullback-Leibler divergence, nats a code), and for comparison another caption. 'turned': how far the
likelihood of one kind against the other goes from one point to the other, beside the text. The
numbers are not a trained model's; their order is what counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from support.encoded_tracks import CODES, TEXT_WIDTH, EncodedTracks, encoded_tracks  # noqa: E402
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config  # noqa: E402
from support.tiny_trainings import ALONE  # noqa: E402
from torch import Tensor  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.composers.musicgen.files.checkpoints import Checkpoint, find  # noqa: E402
from engine.composers.musicgen.model.affect_prefix import KEY_NOISE, AffectPrefix  # noqa: E402
from engine.training.batches import Drawn  # noqa: E402
from engine.training.encoded import Codes, States  # noqa: E402
from engine.training.material import Material  # noqa: E402
from engine.training.model import Trainable, open_trainable  # noqa: E402
from engine.training.recipe import Lora, Recipe  # noqa: E402
from engine.training.tensors import in_tensors  # noqa: E402
from engine.training.updates import Updater  # noqa: E402

LEARNT, HELD_OUT, FRAMES, CAPTIONS = 512, 64, 12, 8
POINTS = (Affect(-0.6, -0.5), Affect(0.6, 0.5))
SIZES = (0.03, 0.1, 0.3, 1.0)
"""Of random keys. The captions' states have 0.5."""


class TwoKinds(EncodedTracks):
    """Nine codes of ten are of the kind's half; captions end alike, as T5's do."""

    def codes(self, window: int) -> Codes:
        source = np.random.default_rng([2, window])
        other = source.random((4, FRAMES)) < 0.1
        half = source.integers(CODES // 2, size=(4, FRAMES))
        return (half + CODES // 2 * ((window % 2 == 1) != other)).astype(np.int16)

    def states(self, caption: str) -> States:
        source = np.random.default_rng(int(caption))
        end = 0.5 * np.random.default_rng(99).normal(size=(1, TEXT_WIDTH))
        tokens = 0.5 * source.normal(size=(int(source.integers(4, 12)), TEXT_WIDTH))
        return np.concatenate([tokens, end]).astype(np.float32)


def material() -> Material:
    shapes = ((FRAMES,),) * (LEARNT + HELD_OUT)
    data, _, _ = encoded_tracks(shapes, held_out=0)
    tracks = tuple(
        msgspec.structs.replace(one, captions=(f"{n // 2 % CAPTIONS}",), affect=POINTS[n % 2])
        for n, one in enumerate(data.tracks)
    )
    data = msgspec.structs.replace(data, tracks=tracks)
    return Material(data, TwoKinds(data, shapes, 4), tuple(range(LEARNT)))


def sharpened(folder: Path) -> Checkpoint:
    model = random_model(tiny_config())
    with torch.no_grad():
        model.enc_to_dec_proj.weight.mul_(20)
        for layer in model.decoder.model.decoder.layers:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                getattr(layer.encoder_attn, projection).weight.mul_(12)
    return find(str(save_checkpoint(model, folder)))


def loss(trainable: Trainable, known: Material, kind: int, place: Affect | None) -> float:
    """Of the held-out windows of a kind, nats a code."""
    trainable.eval()
    trainable.kept.mask = None
    windows = range(LEARNT + kind, LEARNT + HELD_OUT, 2)
    drawn = [Drawn(0, n, known.data.tracks[n].captions[0], place) for n in windows]
    with torch.no_grad():
        told = trainable(in_tensors(trainable, known.encoded, drawn))
    return float(told.mean()) / (len(drawn) * FRAMES)


def said(
    trainable: Trainable, known: Material, caption: str | None, place: Affect | None
) -> Tensor:
    """The logarithms of likelihoods of all codes of the held-out windows, by their own captions
    (None) or by one."""
    trainable.eval()
    trainable.kept.mask = None
    tracks = known.data.tracks
    drawn = [
        Drawn(0, n, caption or tracks[n].captions[0], place)
        for n in range(LEARNT, LEARNT + HELD_OUT)
    ]
    with torch.no_grad():
        batch = in_tensors(trainable, known.encoded, drawn)
        states, mask = trainable.heard(batch)
        logits = trainable.decoder(
            input_ids=batch.inputs.flatten(0, 1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
        ).logits
    found: Tensor = logits.log_softmax(-1)
    return found


def divergence(one: Tensor, other: Tensor) -> float:
    return float((one.exp() * (one - other)).sum(-1).mean())


def measure(base: Checkpoint, recipe: Recipe, size: float | None) -> tuple[float, float]:
    """'disturbed' and 'turned' of keys that begin at random numbers of that ``size``, or (None) at
    tokens of captions."""
    known = material()
    trainable = open_trainable(base, recipe)
    prefix = trainable.affect
    assert isinstance(prefix, AffectPrefix)
    with torch.no_grad():
        if size is not None:
            prefix.rest.mul_(size / KEY_NOISE)
        for key in range(prefix.key_count if size is None else 0):
            prefix.rest[key] = torch.from_numpy(known.encoded.states(f"{key}")[key])
    first, second = POINTS
    alone = said(trainable, known, None, None)
    disturbed = divergence(alone, said(trainable, known, None, first))
    updater = Updater(trainable, recipe, known, recipe.steps or 1, ALONE)
    for step in range(1, updater.steps + 1):
        updater.update(step, lambda: False)
    here, there = (
        loss(trainable, known, 1, at) - loss(trainable, known, 0, at) for at in (first, second)
    )
    return disturbed, here - there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1e-4)
    asked = parser.parse_args()
    recipe = Recipe(
        steps=asked.steps,
        batch=16,
        learning_rate=asked.rate,
        affect_keys=4,
        lora=Lora(rank=4, alpha=8.0),
    )
    print("keys begin at     disturbed  turned")
    with tempfile.TemporaryDirectory() as folder:
        base = sharpened(Path(folder) / "tiny")
        plain, known = open_trainable(base, recipe), material()
        own, another = said(plain, known, None, None), said(plain, known, "0", None)
        print(f"another caption   {divergence(own, another):9.4f}", flush=True)
        for size in (*SIZES, None):
            disturbed, turned = measure(base, recipe, size)
            begin = "tokens" if size is None else f"numbers of {size:g}"
            print(f"{begin:16}  {disturbed:9.4f}  {turned:6.3f}", flush=True)


if __name__ == "__main__":
    main()
