"""Training on CUDA: losses and gradients beside the CPU's in float32, bfloat16, memory, resume.

Weights are not compared bit for bit with another device's: kernels add in another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device here", allow_module_level=True)

from safetensors.torch import load_file
from support.encoded_tracks import encoded_tracks
from support.many_processes import TRAININGS, trained
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config

from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model.device import training_format
from engine.training.batches import windows_of
from engine.training.folder import RunFolder
from engine.training.material import Material
from engine.training.model import open_trainable
from engine.training.processes import Processes, open_processes
from engine.training.recipe import Recipe
from engine.training.said import Progress, Step
from engine.training.state import FILE
from engine.training.updates import Updater

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
EXACT, FULL = Processes(CPU), Processes(CUDA)
HALF = Processes(CUDA, torch.bfloat16)
RECIPE = TRAININGS["dropout"]
LONG = ((600, 400), (600,), (600, 600), (500,))
"""Frames of windows that take more memory than the weights."""


@pytest.fixture(autouse=True)
def float32_products() -> Iterator[None]:
    """In float32, not TF32."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32 = before


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """128 wide, 4 layers: enough for the fast kernels' shapes."""
    folder = tmp_path_factory.mktemp("hub") / "musicgen-tiny"
    return find(str(save_checkpoint(random_model(tiny_config(hidden=128, layers=4)), folder)))


def second_step(checkpoint: Any, recipe: Recipe, processes: Processes) -> tuple[Step, Any]:
    """It, and the gradient that it followed, on the CPU."""
    data, split, encoded = encoded_tracks(LONG)
    trainable = open_trainable(checkpoint, recipe, processes.device, processes.format)
    material = Material(data, encoded, windows_of(encoded, split.train))
    updater = Updater(trainable, recipe, material, 4, processes)
    assert updater.update(1, lambda: False)
    step = updater.update(2, lambda: False)
    assert step is not None
    return step, updater.gradients.cpu()


def test_this_process_trains_on_the_gpu() -> None:
    processes = open_processes()
    assert processes.device.type == "cuda"
    assert processes.format == training_format(CUDA)


@pytest.mark.parametrize(
    ("processes", "loss", "gradient"), [(FULL, 1e-4, 1e-2), (HALF, 1e-2, 1e-1)]
)
def test_losses_and_gradient_are_near_the_cpu_s(
    checkpoint: Any, processes: Processes, loss: float, gradient: float
) -> None:
    if processes is HALF and training_format(CUDA) != torch.bfloat16:
        pytest.skip("this GPU does not multiply in bfloat16")
    exact, wanted = second_step(checkpoint, RECIPE, EXACT)
    step, found = second_step(checkpoint, RECIPE, processes)
    assert step.losses == pytest.approx(exact.losses, rel=loss)
    assert float((found - wanted).norm() / wanted.norm()) < gradient
    assert found.dtype == torch.float32


def test_layers_computed_again_give_the_same_gradient_in_less_memory(checkpoint: Any) -> None:
    def measured(recipe: Recipe) -> tuple[int, Any]:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step, gradient = second_step(checkpoint, recipe, FULL)
        assert step.memory == torch.cuda.max_memory_allocated()
        return step.memory - before, gradient

    kept, wanted = measured(RECIPE)
    again, found = measured(msgspec.structs.replace(RECIPE, checkpointing=True))
    assert again < 0.75 * kept
    assert float((found - wanted).norm() / wanted.norm()) < 1e-4


def test_a_resumed_training_has_the_weights_of_an_unbroken_one(
    checkpoint: Any, tmp_path: Path
) -> None:
    """But for what kernels add in no fixed order."""
    made: list[int] = []

    def say(progress: Progress) -> None:
        made.extend([progress.step.number] if progress.step else [])

    trained(checkpoint, tmp_path / "unbroken", RECIPE, FULL)
    first = trained(
        checkpoint, tmp_path / "resumed", RECIPE, FULL, say=say, stopped=lambda: 3 in made
    )
    assert (first.ended, first.step) == ("stopped", 3)
    assert trained(checkpoint, tmp_path / "resumed", RECIPE, FULL, resume=True).ended == "done"
    wanted, found = (
        load_file(RunFolder(tmp_path / name).state / FILE) for name in ("unbroken", "resumed")
    )
    for name, one in wanted.items():
        torch.testing.assert_close(found[name], one, rtol=1e-3, atol=1e-4)
