"""How far an adapter moved a tiny model: the norms against peft's own matrices, what it expects
against transformers' own."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_training import RECIPE, RandomCodes, random_data, trained_adapter

from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.model.delay import delayed, delays_of
from engine.training.adapter_files import save_adapter
from engine.training.moved import Moved
from engine.training.moving import measure, windows_to_hear
from engine.training.tracks import Split


@pytest.fixture(scope="module")
def model() -> Any:
    return random_model(tiny_config())


@pytest.fixture(scope="module")
def base(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return find(str(save_checkpoint(model, tmp_path_factory.mktemp("hub") / "musicgen-small")))


@pytest.fixture(scope="module")
def measured(
    model: Any, base: Checkpoint, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[float], Moved]:
    @functools.cache
    def of(size: float) -> Moved:
        folder = tmp_path_factory.mktemp("adapters")
        save_adapter(trained_adapter(model, size=size), RECIPE, base, folder / "mine")
        return measure(folder / "mine", base, RandomCodes(3), *random_data(folder, 3))

    return of


def test_norms_are_those_of_pefts_matrices(model: Any, measured: Any) -> None:
    moved = measured(0.1)
    trained = trained_adapter(model, size=0.1)
    layers = [one for one in trained.modules() if isinstance(one, peft.tuners.lora.Linear)]
    added = sum(one.get_delta_weight("default").detach().square().sum().item() for one in layers)
    weights = sum(float(one.base_layer.weight.square().sum()) for one in layers)
    assert moved.weights.all.size == pytest.approx((added / weights) ** 0.5, rel=1e-5)
    assert len(moved.weights.kinds) == 2 * 4 + 2
    assert [layer.name for layer in moved.weights.layers] == ["0", "1"]
    # bfloat16 has 8 bits: a weight is rounded by up to 1/512 of itself, evenly.
    assert 1 / 512 / 4 < moved.weights.all.rounding / (1 + moved.weights.all.size) < 1 / 512


def log_probabilities(model: Any, codes: Any, states: Any) -> list[Any]:
    """Of the codes that are there, book by book, by transformers' own decoder."""
    delays = delays_of(4, 1)
    grid = delayed(codes, codes.shape[1], delays, 64)
    heard = model.enc_to_dec_proj(states[None])
    with torch.no_grad():
        said = model.decoder(input_ids=grid, encoder_hidden_states=heard).logits.log_softmax(-1)
    return [said[book, delay : delay + codes.shape[1]] for book, delay in enumerate(delays)]


def test_what_it_expects_is_compared_as_transformers_has_it(model: Any, measured: Any) -> None:
    output = measured(0.1).output
    assert (output.windows, output.codes, output.held_out) == (1, 4 * 50, True)
    adapted = copy.deepcopy(model)
    adapted.decoder = trained_adapter(model, size=0.1).eval().decoder
    encoded = RandomCodes(3)
    codes = torch.from_numpy(encoded.codes(2)).long()
    states = torch.from_numpy(encoded.states("A calm piece for piano"))
    before = torch.cat(log_probabilities(model, codes, states))
    after = torch.cat(log_probabilities(adapted, codes, states))
    divergence = (before.exp() * (before - after)).sum(-1).mean()
    assert output.divergence == pytest.approx(float(divergence), rel=1e-3)
    changed = (before.argmax(-1) != after.argmax(-1)).float().mean()
    assert output.changed == pytest.approx(float(changed), abs=0.011)  # two ties of 200
    assert 0 < output.rounding < output.divergence


def test_one_that_is_smaller_than_rounding_hardly_does_anything(measured: Any) -> None:
    assert not measured(0.1).hardly
    small = measured(0.001)
    assert small.hardly
    assert small.weights.all.size <= small.weights.all.rounding


def test_nothing_held_out_and_nothing_at_all() -> None:
    encoded = RandomCodes(20)
    assert windows_to_hear(encoded, Split((0, 1, 2), (5, 7))) == ([5, 7], True)
    assert windows_to_hear(encoded, Split((0, 1, 2), ())) == ([0, 1, 2], False)
    assert windows_to_hear(encoded, Split((), ())) == ([], False)
    many, _ = windows_to_hear(encoded, Split((), tuple(range(20))))
    assert many == [0, 2, 5, 7, 10, 12, 15, 17]


def test_stopped_it_has_the_norms_alone(model: Any, base: Checkpoint, tmp_path: Path) -> None:
    data, split = random_data(tmp_path, 3)
    save_adapter(trained_adapter(model), RECIPE, base, tmp_path / "mine")
    shares: list[float] = []
    asked = iter([False, False, True])
    moved = measure(
        tmp_path / "mine",
        base,
        RandomCodes(3),
        data,
        split,
        progress=shares.append,
        stopped=lambda: next(asked),
    )
    assert moved.output is None
    assert moved.weights.all.size > 0
    assert shares == [pytest.approx(1 / 3)]
