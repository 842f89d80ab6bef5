"""What a training does not fit into, and in which number format its base stands."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.tiny_trainings import train_tiny

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model.device import training_format
from engine.errors import MusmedError
from engine.training.memory import fitting, most_taken
from engine.training.recipe import Recipe

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def said(base: str, device: torch.device, at_once: int, *, checkpointing: bool) -> str:
    with (
        pytest.raises(MusmedError) as told,
        fitting(base, device, at_once=at_once, checkpointing=checkpointing),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    return str(told.value)


def test_what_would_take_less_is_named_the_quickest_first() -> None:
    assert said("musicgen-large", GPU, 16, checkpointing=False) == (
        "musicgen-large with 16 windows at once does not fit into the GPU's memory; close what "
        "else uses it, or choose --at-once 8, --checkpointing or --base musicgen-medium."
    )
    assert said("musicgen-medium", CPU, 1, checkpointing=True) == (
        "musicgen-medium with one window at once does not fit into this machine's memory; close "
        "what else uses it, or choose --base musicgen-small."
    )
    assert said("musicgen-small", GPU, 1, checkpointing=True).endswith("train where there is more.")


def test_a_training_says_what_it_works_on_at_once(tiny_base: Checkpoint, tmp_path: Path) -> None:
    """The most that a process has to do, or what ``--at-once`` says of it."""

    def full() -> bool:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    recipe = Recipe(batch=6, steps=1)
    for at_once, words in ((None, "6 windows at once"), (4, "4 windows at once")):
        root = tmp_path / words
        with pytest.raises(MusmedError, match=f"^musicgen-tiny with {words} .* --checkpointing"):
            train_tiny(
                tiny_base, root, msgspec.structs.replace(recipe, at_once=at_once), stopped=full
            )


def test_other_errors_stay_what_they_are() -> None:
    for error in (RuntimeError("shapes differ"), MusmedError("This was said already.")):
        with (
            pytest.raises(type(error), match=str(error)),
            fitting("musicgen-small", CPU, at_once=1, checkpointing=False),
        ):
            raise error


def test_the_most_that_was_taken_holds_what_is_held() -> None:
    held = torch.ones(1 << 20)
    assert most_taken(CPU) > held.nbytes


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_trains_in_bfloat16_where_it_multiplies_in_it(
    native: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(*, including_emulation: bool) -> bool:
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert training_format(GPU) == dtype
    assert training_format(CPU) == torch.float32
