"""The loss is transformers' own, of windows of unequal length too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from support.tiny_musicgen import random_model, tiny_config

from engine.composers.musicgen.model.delay import delays_of
from engine.training.loss import IGNORED, inputs_and_labels, summed


def codes(codebooks: int, frames: int, seed: int = 0) -> Any:
    shape = (codebooks, frames)
    return np.random.default_rng(seed).integers(64, size=shape).astype(np.int16)


def logits_of(model: Any, inputs: Any, states: Any) -> Any:
    said = model.decoder(
        input_ids=inputs.flatten(0, 1), encoder_hidden_states=states, use_cache=False
    ).logits
    return said.view(*inputs.shape, -1)


@pytest.mark.parametrize("channels", [1, 2])
def test_it_is_transformers_loss_on_the_same_batch(channels: int) -> None:
    model = random_model(tiny_config(channels))
    codebooks = 4 * channels
    windows = [codes(codebooks, 11, seed) for seed in range(3)]
    inputs, labels = inputs_and_labels(windows, delays_of(codebooks, channels), 64)
    text = torch.randn(3, 5, 24, generator=torch.Generator().manual_seed(0))
    states = model.enc_to_dec_proj(text)
    with torch.no_grad():
        theirs = model(encoder_outputs=(text,), labels=labels.transpose(1, 2)).loss
        ours = summed(logits_of(model, inputs, states), labels)
    assert ours.shape == (codebooks,)
    assert float((ours / (3 * 11)).mean()) == pytest.approx(float(theirs), rel=1e-5)


def test_windows_of_unequal_length_count_each_of_their_frames_once() -> None:
    model = random_model(tiny_config())
    windows = [codes(4, 9, 1), codes(4, 4, 2)]
    states = torch.zeros(2, 1, 32)
    delays = delays_of(4, 1)
    with torch.no_grad():
        inputs, labels = inputs_and_labels(windows, delays, 64)
        together = summed(logits_of(model, inputs, states), labels)
        alone = []
        for window in windows:
            inputs, one = inputs_and_labels([window], delays, 64)
            alone.append(summed(logits_of(model, inputs, states[:1]), one))
    assert (labels != IGNORED).sum().item() == 4 * (9 + 4)
    torch.testing.assert_close(together, alone[0] + alone[1], rtol=1e-5, atol=1e-5)


def test_a_label_is_what_comes_next_of_its_codebook() -> None:
    inputs, labels = inputs_and_labels([codes(4, 3)], delays_of(4, 1), 64)
    assert inputs.shape == labels.shape == (1, 4, 6)
    for k in range(4):
        row = codes(4, 3)[k].tolist()
        assert labels[0, k].tolist() == [IGNORED] * k + row + [IGNORED] * (3 - k)
        assert inputs[0, k].tolist() == [64] * (k + 1) + row[: 5 - k] + [64] * (2 - k)
