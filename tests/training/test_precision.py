"""What saves memory, and what of a training it changes: bfloat16, layers computed again, and fewer
windows at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from safetensors.torch import load_file
from support.encoded_tracks import encoded_tracks
from support.many_processes import PLAIN, TRAININGS, trained

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.training.batches import windows_of
from engine.training.folder import RunFolder
from engine.training.material import Material
from engine.training.model import open_trainable
from engine.training.processes import Processes
from engine.training.recipe import Recipe
from engine.training.said import Progress, Step
from engine.training.state import FILE
from engine.training.updates import Updater

FLOAT32 = Processes(torch.device("cpu"))
BFLOAT16 = Processes(torch.device("cpu"), torch.bfloat16)
DROPOUT = TRAININGS["dropout"]


def updater(tiny_base: Checkpoint, recipe: Recipe, processes: Processes) -> Updater:
    data, split, encoded = encoded_tracks()
    trainable = open_trainable(tiny_base, recipe, processes.device, processes.format)
    material = Material(data, encoded, windows_of(encoded, split.train))
    return Updater(trainable, recipe, material, PLAIN.steps or 1, processes)


def second_step(updater: Updater) -> tuple[Step, Any]:
    """It, and the gradient that it followed. At the first only half of LoRA has one, since B is
    0."""
    assert updater.update(1, lambda: False)
    step = updater.update(2, lambda: False)
    assert step is not None
    assert all(one.grad is not None and one.grad.any() for one in updater.trained.values())
    return step, updater.gradients.clone()


def test_what_is_trained_stays_float32_beside_a_bfloat16_base(
    tiny_base: Checkpoint, tmp_path: Path
) -> None:
    """And so do AdamW's moments: a step of 1e-4 would be lost in bfloat16's 8 bits."""
    half = updater(tiny_base, DROPOUT, BFLOAT16)
    weights = dict(half.trainable.named_parameters())
    trained_names = set(half.trained)
    assert {one.dtype for name, one in weights.items() if name in trained_names} == {torch.float32}
    assert {one.dtype for name, one in weights.items() if name not in trained_names} == {
        torch.bfloat16
    }
    said: list[Step] = []

    def say(progress: Progress) -> None:
        if progress.step is not None:
            said.append(progress.step)

    for processes in (FLOAT32, BFLOAT16):
        trained(tiny_base, tmp_path / str(processes.format), DROPOUT, processes, say=say)
    kept = load_file(RunFolder(tmp_path / "torch.bfloat16").state / FILE)
    assert {one.dtype for name, one in kept.items() if name != "step"} == {torch.float32}
    full, rounded = said[: len(said) // 2], said[len(said) // 2 :]
    for one, other in zip(full, rounded, strict=True):
        assert one.loss != other.loss
        assert other.losses == pytest.approx(one.losses, rel=5e-3)


def test_products_are_bfloat16_s_also_those_of_what_is_kept_in_float32(
    tiny_base: Checkpoint,
) -> None:
    half = updater(tiny_base, DROPOUT, BFLOAT16)
    found: set[Any] = set()
    for name, part in half.trainable.named_modules():
        if name.endswith((".lora_A.default", ".lora_B.default")):
            part.register_forward_hook(lambda _part, _given, made: found.add(made.dtype))
    assert half.update(1, lambda: False)
    assert found == {torch.bfloat16}


def test_bfloat16_gives_the_gradient_of_float32_but_for_rounding(tiny_base: Checkpoint) -> None:
    _, full = second_step(updater(tiny_base, PLAIN, FLOAT32))
    _, rounded = second_step(updater(tiny_base, PLAIN, BFLOAT16))
    assert 0.0 < float((rounded - full).norm() / full.norm()) < 0.05


@pytest.mark.parametrize("processes", [FLOAT32, BFLOAT16], ids=["float32", "bfloat16"])
def test_layers_computed_again_give_the_same_gradient(
    tiny_base: Checkpoint, processes: Processes
) -> None:
    """Bit for bit, with LoRA's dropout too."""
    kept = second_step(updater(tiny_base, DROPOUT, processes))
    recipe = msgspec.structs.replace(DROPOUT, checkpointing=True)
    again = second_step(updater(tiny_base, recipe, processes))
    assert again[0].losses == kept[0].losses
    assert torch.equal(again[1], kept[1])


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_fewer_windows_at_once_give_the_same_update(tiny_base: Checkpoint, at_once: int) -> None:
    """But for the order in which is summed, also where windows of unequal length are padded to
    others, and with dropout."""
    together = updater(tiny_base, DROPOUT, FLOAT32)
    recipe = msgspec.structs.replace(DROPOUT, at_once=at_once)
    apart = updater(tiny_base, recipe, FLOAT32)
    step, gradient = second_step(together)
    other, parts = second_step(apart)
    assert other.losses == pytest.approx(step.losses, rel=1e-6)
    assert float((parts - gradient).norm() / gradient.norm()) < 1e-5
    for name, one in together.trained.items():
        torch.testing.assert_close(apart.trained[name], one, rtol=1e-4, atol=1e-5)
