"""What is trained: LoRA in a frozen decoder, by the names of the whole model."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

from support.encoded_tracks import encoded_tracks
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config, tiny_melody_config
from support.tiny_trainings import RECIPE

from engine.affect.circumplex import Affect
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.errors import MusmedError
from engine.training.adapter_files import lora_config, save_adapter
from engine.training.batches import Drawn, kept
from engine.training.model import Trainable, WindowDropout, open_trainable
from engine.training.recipe import PROJECTIONS
from engine.training.tensors import in_tensors

DATA, SPLIT, ENCODED = encoded_tracks()
TOLD = (Drawn(0, 0, "calm music", None), Drawn(1, 2, "energetic music", None))


@pytest.fixture(scope="module")
def whole() -> Any:
    """The model of ``tiny_base``, as transformers has it."""
    return random_model(tiny_config())


def opened(base: Checkpoint, size: float = 0.0) -> Trainable:
    """With B matrices of that size, since zeros hide what A's inputs are."""
    trainable = open_trainable(base, RECIPE)
    generator = torch.Generator().manual_seed(1)
    for parameter in trainable.trained().values():
        parameter.data += size * torch.randn(parameter.shape, generator=generator)
    return trainable


def losses(trainable: Trainable, drawn: tuple[Drawn, ...]) -> Any:
    trainable.eval()
    trainable.kept.mask = None
    with torch.no_grad():
        return trainable(in_tensors(trainable, ENCODED, drawn))


def test_it_is_trained_as_the_whole_model_would_be(
    tiny_base: Checkpoint, whole: Any, tmp_path: Path
) -> None:
    trainable = opened(tiny_base, 0.1)
    save_adapter(trainable, RECIPE, tiny_base, tmp_path / "mine")
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(whole), tmp_path / "mine")
    batch = in_tensors(trainable, ENCODED, TOLD)
    with torch.no_grad():
        loss = theirs(
            encoder_outputs=(batch.text,),
            attention_mask=batch.text_heard.long(),
            labels=batch.labels.transpose(1, 2),
        ).loss
        base = whole(
            encoder_outputs=(batch.text,),
            attention_mask=batch.text_heard.long(),
            labels=batch.labels.transpose(1, 2),
        ).loss
    ours = losses(trainable, TOLD).mean() / (12 + 12)
    assert float(ours) == pytest.approx(float(loss), rel=1e-5)
    assert float(ours) != pytest.approx(float(base), rel=1e-3)


def test_gradients_are_where_they_should_be(tiny_base: Checkpoint, whole: Any) -> None:
    trainable = opened(tiny_base, 0.1)
    trainable.train()
    trainable(in_tensors(trainable, ENCODED, TOLD)).sum().backward()
    wrapped = peft.get_peft_model(copy.deepcopy(whole), lora_config(RECIPE))
    theirs = {
        name.removeprefix("base_model.model.")
        for name, parameter in wrapped.named_parameters()
        if parameter.requires_grad
    }
    assert set(trainable.trained()) == theirs
    assert len(theirs) == 2 * 2 * (4 + 4 + 2)
    for name, parameter in trainable.named_parameters():
        if name in theirs:
            assert name.split(".")[-4] in PROJECTIONS
            assert parameter.grad is not None
            assert float(parameter.grad.norm()) > 0.0
        else:
            assert parameter.grad is None


def test_a_new_adapter_changes_nothing(tiny_base: Checkpoint, whole: Any) -> None:
    trainable = opened(tiny_base)
    batch = in_tensors(trainable, ENCODED, TOLD)
    with torch.no_grad():
        base = whole(
            encoder_outputs=(batch.text,),
            attention_mask=batch.text_heard.long(),
            labels=batch.labels.transpose(1, 2),
        ).loss
    assert float(losses(trainable, TOLD).mean() / 24) == pytest.approx(float(base), rel=1e-6)


def test_who_hears_nothing_hears_zeros_beside_whom_ever(tiny_base: Checkpoint) -> None:
    trainable = opened(tiny_base, 0.1)
    assert trainable.enc_to_dec_proj is not None
    trainable.enc_to_dec_proj.bias.data.fill_(0.5)  # it is 0 in a new model, in no trained one
    silent = Drawn(0, 0, None, None)
    alone = losses(trainable, (silent,))
    assert torch.isfinite(alone).all()
    beside = losses(trainable, (silent, TOLD[1]))
    torch.testing.assert_close(beside - losses(trainable, (TOLD[1],)), alone, rtol=1e-5, atol=1e-4)
    states, mask = trainable.heard(in_tensors(trainable, ENCODED, (silent, TOLD[1])))
    assert not states[0].any()
    assert mask[0].tolist() == [True] + [False] * (mask.shape[1] - 1)


def test_gradients_of_windows_that_hear_nothing_are_numbers(tiny_base: Checkpoint) -> None:
    trainable = opened(tiny_base, 0.1)
    trainable.train()
    silent = (Drawn(0, 0, None, None), Drawn(1, 1, None, None))
    trainable(in_tensors(trainable, ENCODED, silent)).sum().backward()
    grads = [parameter.grad for parameter in trainable.trained().values()]
    assert all(grad is not None and bool(torch.isfinite(grad).all()) for grad in grads)


def test_layers_computed_again_give_the_same_gradient(tiny_base: Checkpoint) -> None:
    found = []
    for checkpointing in (False, True):
        recipe = msgspec.structs.replace(RECIPE, checkpointing=checkpointing)
        trainable = open_trainable(tiny_base, recipe)
        trainable.train()
        rows = [torch.from_numpy(kept(recipe, 1, k, trainable.lora_inputs)) for k in range(2)]
        trainable.kept.mask = torch.stack(rows).float()
        trainable(in_tensors(trainable, ENCODED, TOLD)).sum().backward()
        found.append([parameter.grad for parameter in trainable.trained().values()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_what_is_left_out_is_left_out_of_one_window_alone(tiny_base: Checkpoint) -> None:
    trainable = opened(tiny_base, 0.1)
    whole_window = losses(trainable, TOLD[:1])
    mask = torch.full((2, trainable.lora_inputs), 1 / 0.9)
    mask[1, ::2] = 0.0
    with torch.no_grad():
        trainable.kept.mask = mask[:1].expand(2, -1)
        scaled = trainable(in_tensors(trainable, ENCODED, TOLD))
        trainable.kept.mask = mask
        dropped = trainable(in_tensors(trainable, ENCODED, TOLD))
        trainable.kept.mask = mask[:1]
        first = trainable(in_tensors(trainable, ENCODED, TOLD[:1]))
        trainable.kept.mask = mask[1:]
        second = trainable(in_tensors(trainable, ENCODED, TOLD[1:]))
    assert not torch.allclose(scaled, dropped, rtol=1e-4)
    assert not torch.allclose(first, whole_window, rtol=1e-6)  # what is kept counts for more
    torch.testing.assert_close(first + second, dropped, rtol=1e-5, atol=1e-4)


def test_every_input_of_every_layer_is_left_out_by_itself(tiny_base: Checkpoint) -> None:
    trainable = opened(tiny_base)
    layers = [one for one in trainable.modules() if isinstance(one, WindowDropout)]
    every = range(trainable.lora_inputs)
    assert len(layers) == 2 * 10
    assert sorted(number for layer in layers for number in every[layer.inputs]) == list(every)


def test_the_same_seed_begins_with_the_same_adapter(tiny_base: Checkpoint) -> None:
    torch.manual_seed(5)
    one = open_trainable(tiny_base, RECIPE).trained()
    torch.manual_seed(6)
    same = open_trainable(tiny_base, RECIPE).trained()
    other = open_trainable(tiny_base, msgspec.structs.replace(RECIPE, seed=1)).trained()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_adapters_are_in_full_precision_over_a_base_that_is_not(tiny_base: Checkpoint) -> None:
    half = open_trainable(tiny_base, RECIPE, dtype=torch.bfloat16)
    full = open_trainable(tiny_base, RECIPE)
    assert {one.dtype for one in half.trained().values()} == {torch.float32}
    assert half.decoder.lm_heads[0].weight.dtype == torch.bfloat16
    for name, parameter in full.trained().items():
        assert torch.equal(half.trained()[name], parameter)
    assert losses(half, TOLD).dtype == torch.float32
    torch.testing.assert_close(losses(half, TOLD), losses(full, TOLD), rtol=0.05, atol=1.0)


def test_a_stereo_model(tmp_path: Path) -> None:
    data, _, encoded = encoded_tracks(codebooks=8)
    base = find(str(save_checkpoint(random_model(tiny_config(2)), tmp_path / "stereo")))
    trainable = open_trainable(base, RECIPE)
    told = (Drawn(0, 0, data.tracks[0].captions[0], Affect(0.0, 0.0)),)
    found = trainable(in_tensors(trainable, encoded, told))
    assert found.shape == (8,)


def test_a_melody_model_is_refused(tmp_path: Path) -> None:
    base = find(str(save_checkpoint(random_model(tiny_melody_config()), tmp_path / "melody")))
    with pytest.raises(MusmedError, match="melody model"):
        open_trainable(base, RECIPE)
