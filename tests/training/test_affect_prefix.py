"""The affect prefix, trained: what it hears, where gradients go, and whether points are learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.encoded_tracks import CODES, EncodedTracks, encoded_tracks
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_trainings import ALONE, RECIPE

from engine.affect.circumplex import Affect
from engine.composers.musicgen.conditioning import PointWeights, with_points
from engine.composers.musicgen.files.adapters import AdapterWish, find_adapters
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.affect_prefix import AffectPrefix
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.errors import MusmedError
from engine.training.adapter_files import save_adapter
from engine.training.batches import Drawn
from engine.training.encoded import Codes
from engine.training.material import Material
from engine.training.model import Trainable, open_trainable
from engine.training.recipe import Lora, Recipe
from engine.training.tensors import in_tensors
from engine.training.tracks import Data
from engine.training.updates import Updater

KEYS = 3
WITH_KEYS = msgspec.structs.replace(RECIPE, affect_keys=KEYS)
DATA, SPLIT, ENCODED = encoded_tracks()
HERE, THERE = Affect(-0.6, -0.5), Affect(0.6, 0.5)
WORDS = "A piece for piano"


def prefix_of(trainable: Trainable) -> AffectPrefix:
    assert trainable.affect is not None
    return trainable.affect


def shaken(base: Checkpoint, recipe: Recipe = WITH_KEYS) -> Trainable:
    """What is trained, moved away from where it begins."""
    trainable = open_trainable(base, recipe)
    dice = torch.Generator().manual_seed(1)
    for parameter in trainable.trained().values():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=dice)
    return trainable


def losses(trainable: Trainable, *drawn: Drawn, encoded: Any = ENCODED) -> Any:
    trainable.eval()
    trainable.kept.mask = None
    with torch.no_grad():
        return trainable(in_tensors(trainable, encoded, drawn))


def test_gradients_reach_it_where_a_window_hears_its_point_and_are_none_elsewhere(
    tiny_base: Checkpoint,
) -> None:
    trainable = shaken(tiny_base)
    named = dict(prefix_of(trainable).named_parameters())
    for place, reached in ((HERE, True), (None, False)):
        trainable.zero_grad()
        drawn = [Drawn(0, 0, WORDS, place), Drawn(1, 1, None, None)]
        trainable(in_tensors(trainable, ENCODED, drawn)).sum().backward()
        for name, parameter in named.items():
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.any() == reached, name


def test_who_does_not_hear_a_point_is_told_as_without_a_prefix(tiny_base: Checkpoint) -> None:
    trainable = shaken(tiny_base)
    drawn = (Drawn(0, 0, WORDS, None), Drawn(1, 1, None, None))
    beside = losses(trainable, *drawn, Drawn(2, 2, WORDS, HERE)) - losses(
        trainable, Drawn(2, 2, WORDS, HERE)
    )
    trainable.affect = None
    torch.testing.assert_close(beside, losses(trainable, *drawn), rtol=1e-5, atol=1e-4)


def test_a_point_is_heard_with_text_and_without(tiny_base: Checkpoint) -> None:
    trainable = shaken(tiny_base)
    for words in (WORDS, None):
        told = [losses(trainable, Drawn(0, 0, words, at)) for at in (None, HERE, THERE)]
        assert not torch.allclose(told[0], told[1], rtol=1e-5)
        assert not torch.allclose(told[1], told[2], rtol=1e-5)


def test_the_same_seed_begins_with_the_same_keys(tiny_base: Checkpoint) -> None:
    one, same, other = (
        prefix_of(open_trainable(tiny_base, msgspec.structs.replace(WITH_KEYS, seed=seed)))
        for seed in (0, 0, 1)
    )
    assert torch.equal(one.rest, same.rest)
    assert not torch.equal(one.rest, other.rest)


@pytest.mark.parametrize("place", [HERE, None])
@pytest.mark.parametrize("words", [WORDS, None])
def test_what_was_trained_is_what_plays(
    words: str | None, place: Affect | None, listening_base: Checkpoint, tmp_path: Path
) -> None:
    """The likelihood of a window's codes, by transformers' decoder as it is trained and by ours
    with the adapter read from its folder."""
    trainable = shaken(listening_base)
    save_adapter(trainable, WITH_KEYS, listening_base, tmp_path / "adapter")
    adapters = find_adapters([AdapterWish(str(tmp_path / "adapter"))], listening_base)
    cpu = torch.device("cpu")
    model = weights.load(listening_base, device=cpu, dtype=torch.float32, adapters=adapters)
    said = heard_in_playing(model, words, place)
    codes = torch.from_numpy(ENCODED.codes(0)).long()
    batch = in_tensors(trainable, ENCODED, [Drawn(0, 0, words, place)])
    # without words or a point: the row that guidance leaves alone
    row, guidance = (0, 1.0) if said is not None else (1, 3.0)
    logits = Decoder(model, max_seconds=1.0).logits(
        said or Conditioning(torch.zeros(1, 24)), codes, guidance
    )[row]
    ours = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.labels[0].flatten(), reduction="none"
    )
    theirs = losses(trainable, Drawn(0, 0, words, place))
    torch.testing.assert_close(ours.view(4, -1).sum(dim=1), theirs, rtol=1e-4, atol=1e-4)


def heard_in_playing(
    model: weights.Model, words: str | None, place: Affect | None
) -> Conditioning | None:
    """None for nothing."""
    states = torch.from_numpy(ENCODED.states(words)) if words else torch.zeros(0, 24)
    if place is None:
        return Conditioning(states) if words else None
    frames = ENCODED.windows[0].frames
    always = PointWeights(np.array([[place.valence, place.arousal]]), np.ones((frames, 1)))
    return with_points(Conditioning(states), model.prefixes, always)


def test_one_that_holds_no_numbers_is_not_kept(tiny_base: Checkpoint, tmp_path: Path) -> None:
    trainable = shaken(tiny_base)
    prefix_of(trainable).rest.data.fill_(torch.nan)
    with pytest.raises(MusmedError, match="values that are no numbers"):
        save_adapter(trainable, WITH_KEYS, tiny_base, tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


# whether points are learnt

LEARNT, HELD_OUT, FRAMES, STEPS = 512, 64, 8, 80
POINTS = Recipe(
    steps=STEPS, batch=16, learning_rate=3e-3, affect_keys=KEYS, lora=Lora(rank=4, alpha=8.0)
)


class TwoKinds(EncodedTracks):
    """Tracks of two kinds in turn: nine codes of ten are of the kind's half."""

    def codes(self, window: int) -> Codes:
        source = np.random.default_rng([2, window])
        shape = (4, FRAMES)
        other = source.random(shape) < 0.1
        half = source.integers(CODES // 2, size=shape)
        return (half + CODES // 2 * ((window % 2 == 1) != other)).astype(np.int16)


def told_alike(data: Data, *, shuffled: bool) -> Data:
    """Every track has the same words; its point goes with its kind, or has nothing to do with
    it."""
    places = [(HERE, THERE)[(n // 2 if shuffled else n) % 2] for n in range(len(data.tracks))]
    return msgspec.structs.replace(
        data,
        tracks=tuple(
            msgspec.structs.replace(track, captions=(WORDS,), affect=place)
            for track, place in zip(data.tracks, places, strict=True)
        ),
    )


def leanings(base: Checkpoint, words: str | None, *, shuffled: bool) -> list[float]:
    """After a training, along the line from one kind's point to the other's: by how many nats a
    code the first kind is likelier than the second, of windows that were not learnt from."""
    data, _, _ = encoded_tracks(((FRAMES,),) * (LEARNT + HELD_OUT), held_out=0)
    data = told_alike(data, shuffled=shuffled)
    encoded = TwoKinds(data, ((FRAMES,),) * (LEARNT + HELD_OUT), 4)
    material = Material(data, encoded, tuple(range(LEARNT)))
    trainable = open_trainable(base, POINTS)
    updater = Updater(trainable, POINTS, material, STEPS, ALONE)
    for step in range(1, STEPS + 1):
        updater.update(step, lambda: False)
    found = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        place = HERE.toward(THERE, share)
        first, second = (
            losses(
                trainable,
                *(Drawn(0, n, words, place) for n in range(LEARNT + kind, LEARNT + HELD_OUT, 2)),
                encoded=encoded,
            ).mean()
            / (HELD_OUT // 2 * FRAMES)
            for kind in (0, 1)
        )
        found.append(float(second - first))
    return found


@pytest.fixture(scope="module")
def listening_base(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """One that listens to its text: random cross-attention is next to nothing."""
    model = random_model(tiny_config())
    with torch.no_grad():
        model.enc_to_dec_proj.weight.mul_(20)
        model.enc_to_dec_proj.bias.fill_(0.1)  # it is 0 in a new model, in no trained one
        for layer in model.decoder.model.decoder.layers:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                getattr(layer.encoder_attn, projection).weight.mul_(10)
    return find(str(save_checkpoint(model, tmp_path_factory.mktemp("hub") / "listening")))


def test_codes_follow_the_point_and_shuffled_points_teach_nothing(
    listening_base: Checkpoint,
) -> None:
    """Beside words that all tracks share, the way from one point to the other turns two tenths of a
    nat a code, and goes in one direction; with points dealt out anew a tenth of that at most."""
    along = leanings(listening_base, WORDS, shuffled=False)
    assert along == sorted(along, reverse=True)
    turned = along[0] - along[-1]
    assert turned > 0.1
    assert along[0] - along[2] > 0.2 * turned
    assert along[2] - along[-1] > 0.2 * turned
    dealt = leanings(listening_base, WORDS, shuffled=True)
    assert max(dealt) - min(dealt) < 0.2 * turned
