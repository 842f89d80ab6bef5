"""Tracks that were kept from training, told as they are, as another is, and not at all."""

from __future__ import annotations

import itertools

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.encoded_tracks import EncodedTracks, encoded_tracks
from support.tiny_trainings import ALONE, RECIPE

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.training.batches import windows_of
from engine.training.held_out import MOST_WINDOWS, HeldOutWindows
from engine.training.material import Material
from engine.training.model import open_trainable
from engine.training.said import StoppedError
from engine.training.tensors import in_tensors
from engine.training.updates import Updater


def held_out(windows: tuple[tuple[int, ...], ...], count: int) -> HeldOutWindows:
    data, split, encoded = encoded_tracks(windows, held_out=count)
    return HeldOutWindows(RECIPE, Material(data, encoded, ()), split)


def test_each_window_is_told_as_another_track_is() -> None:
    found = held_out(((5,), (5,), (5, 4), (5,)), 2)
    assert [one.window for one in found.own] == [2, 3, 4]
    captions = [one.caption for one in found.own]
    assert captions == ["a calm piece, number 2"] * 2 + ["a energetic piece, number 3"]
    assert [one.caption for one in found.another] == [captions[2]] * 2 + [captions[0]]
    assert [one.caption for one in found.none] == [None] * 3


def test_one_track_alone_is_told_as_one_that_was_learnt_from() -> None:
    found = held_out(((5,), (5,), (5,)), 1)
    assert found.another[0].caption in {"a calm piece, number 0", "a energetic piece, number 1"}


def test_there_are_not_too_many() -> None:
    found = held_out(((2,), (2,) * 300), 1)
    windows = [one.window for one in found.own]
    assert len(windows) == MOST_WINDOWS
    assert {later - sooner for sooner, later in itertools.pairwise(windows)} <= {4, 5}


def test_tracks_that_are_all_told_alike_have_no_other(tiny_base: Checkpoint) -> None:
    data, split, _ = encoded_tracks(((5,), (5,)))
    tracks = tuple(msgspec.structs.replace(one, captions=("music",)) for one in data.tracks)
    data = msgspec.structs.replace(data, tracks=tracks)
    encoded = EncodedTracks(data, ((5,), (5,)), 4)
    found = HeldOutWindows(RECIPE, Material(data, encoded, ()), split)
    losses = found.losses(open_trainable(tiny_base, RECIPE), ALONE, lambda: False)
    assert losses is not None
    assert losses.another is None


def test_no_track_kept_has_no_loss(tiny_base: Checkpoint) -> None:
    found = held_out(((5,), (5,)), 0)
    assert found.losses(open_trainable(tiny_base, RECIPE), ALONE, lambda: False) is None


def test_the_loss_is_that_of_its_codes(tiny_base: Checkpoint) -> None:
    data, split, encoded = encoded_tracks(((5,), (5,), (5, 9)))
    found = HeldOutWindows(RECIPE, Material(data, encoded, ()), split)
    trainable = open_trainable(tiny_base, RECIPE)
    losses = found.losses(trainable, ALONE, lambda: False)
    assert losses is not None
    with torch.no_grad():
        told = [trainable(in_tensors(trainable, encoded, (one,))) for one in found.own]
    assert losses.own == pytest.approx(float((told[0] + told[1]).mean() / 14), rel=1e-5)


def test_a_model_that_listens_tells_them_better_by_their_own_words(tiny_base: Checkpoint) -> None:
    data, split, encoded = encoded_tracks(((9,),) * 10, held_out=2)
    tracks = tuple(
        msgspec.structs.replace(one, captions=(f"{one.mood} music",)) for one in data.tracks
    )
    data = msgspec.structs.replace(data, tracks=tracks)
    encoded = EncodedTracks(data, ((9,),) * 10, 4)
    recipe = msgspec.structs.replace(RECIPE, steps=60, batch=4, learning_rate=0.01)
    material = Material(data, encoded, windows_of(encoded, split.train))
    trainable = open_trainable(tiny_base, recipe)
    updater = Updater(trainable, recipe, material, 60, ALONE)
    found = HeldOutWindows(recipe, material, split)
    before = found.losses(trainable, ALONE, lambda: False)
    for step in range(1, 61):
        updater.update(step, lambda: False)
    after = found.losses(trainable, ALONE, lambda: False)
    assert before is not None
    assert after is not None
    assert before.another is not None
    assert after.another is not None
    assert abs(before.own - before.another) < 0.01
    assert after.own < before.own - 0.2
    assert after.own < after.none < after.another


def test_it_is_stopped_within_a_batch(tiny_base: Checkpoint) -> None:
    data, split, encoded = encoded_tracks()
    found = HeldOutWindows(RECIPE, Material(data, encoded, ()), split)
    asked = []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) == 2

    with pytest.raises(StoppedError):
        found.losses(open_trainable(tiny_base, RECIPE), ALONE, stopped)
    assert len(asked) == 2
