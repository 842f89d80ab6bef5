"""An update is what torch's own parts make of a batch (its mean loss, AdamW, the clipped norm), or
nothing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.encoded_tracks import encoded_tracks
from support.tiny_trainings import ALONE, RECIPE

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.training.batches import batch, kept, learning_rate, windows_of
from engine.training.material import Material
from engine.training.model import open_trainable
from engine.training.recipe import Lora, Recipe
from engine.training.tensors import in_tensors
from engine.training.updates import Updater

STEPS = 4


@pytest.mark.parametrize(("clip", "dropout"), [(0.02, 0.0), (1000.0, 0.25)])
def test_it_is_adamw_on_the_clipped_gradient_of_the_mean(
    tiny_base: Checkpoint, clip: float, dropout: float
) -> None:
    """At a rate that rises and falls, with a decay that is felt; windows are of unequal length."""
    recipe = Recipe(
        steps=STEPS,
        batch=3,
        learning_rate=0.05,
        warm_up=0.5,
        weight_decay=0.5,
        clip=clip,
        lora=Lora(rank=4, dropout=dropout),
    )
    data, split, encoded = encoded_tracks()
    material = Material(data, encoded, windows_of(encoded, split.train))
    updater = Updater(open_trainable(tiny_base, recipe), recipe, material, STEPS, ALONE)
    model = open_trainable(tiny_base, recipe)
    weights = model.trained()
    optimizer = torch.optim.AdamW(weights.values(), lr=1.0, weight_decay=recipe.weight_decay)
    for step in range(1, STEPS + 1):
        told = in_tensors(model, encoded, batch(recipe, step, data, encoded, material.windows))
        codes = int((told.labels >= 0).sum())
        rows = [kept(recipe, step, place, model.lora_inputs) for place in range(recipe.batch)]
        model.kept.mask = torch.from_numpy(np.stack(rows)) / (1.0 - dropout)
        optimizer.zero_grad()
        loss = model(told).sum() / codes
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(weights.values(), clip))
        assert (norm > clip) == (clip < 1.0)
        optimizer.param_groups[0]["lr"] = learning_rate(recipe, step, STEPS)
        optimizer.step()
        made = updater.update(step, lambda: False)
        assert made is not None
        assert made.loss == pytest.approx(loss.item(), rel=1e-5)
        assert made.gradient == pytest.approx(norm, rel=1e-4)
        assert made.learning_rate == learning_rate(recipe, step, STEPS)
        for name, weight in weights.items():
            torch.testing.assert_close(updater.trained[name], weight, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("ask", range(1, 7))
def test_it_is_stopped_within_an_update_and_changes_nothing(
    tiny_base: Checkpoint, ask: int
) -> None:
    data, split, encoded = encoded_tracks()
    recipe = msgspec.structs.replace(RECIPE, at_once=2)
    material = Material(data, encoded, windows_of(encoded, split.train))
    updater = Updater(open_trainable(tiny_base, recipe), recipe, material, 6, ALONE)
    before = {name: one.detach().clone() for name, one in updater.trained.items()}
    asked = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) == ask

    assert updater.update(1, stopped) is None
    assert len(asked) == ask
    assert all(torch.equal(one, before[name]) for name, one in updater.trained.items())
    made = updater.update(1, lambda: False)
    fresh = Updater(open_trainable(tiny_base, recipe), recipe, material, 6, ALONE)
    again = fresh.update(1, lambda: False)
    assert made is not None
    assert again is not None
    assert (made.losses, made.gradient) == (again.losses, again.gradient)
