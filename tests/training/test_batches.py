"""What a step learns from depends on the recipe and the step alone."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from support.encoded_tracks import MOODS, encoded_tracks

from engine.errors import MusmedError
from engine.training import batches
from engine.training.recipe import Lora, Recipe

DATA, SPLIT, ENCODED = encoded_tracks()
WINDOWS = batches.windows_of(ENCODED, SPLIT.train)


def drawn(recipe: Recipe, step: int) -> tuple[batches.Drawn, ...]:
    return batches.batch(recipe, step, DATA, ENCODED, WINDOWS)


def many(recipe: Recipe, steps: int = 500) -> list[batches.Drawn]:
    return [one for step in range(1, steps + 1) for one in drawn(recipe, step)]


def test_windows_of_tracks_to_learn_from() -> None:
    assert {ENCODED.windows[one].track for one in WINDOWS} == set(SPLIT.train)
    assert len(WINDOWS) == 6


def test_every_epoch_has_each_window_once_in_an_order_of_its_own() -> None:
    order = [one.window for one in many(Recipe(batch=4), steps=9)]
    epochs = [tuple(order[first : first + 6]) for first in range(0, 36, 6)]
    assert all(sorted(epoch) == sorted(WINDOWS) for epoch in epochs)
    assert len(set(epochs)) > 3


def test_a_step_does_not_depend_on_those_before() -> None:
    recipe = Recipe(batch=4, affect_keys=2)
    later = drawn(recipe, 7)
    many(recipe, 7)
    assert drawn(recipe, 7) == later
    assert drawn(msgspec.structs.replace(recipe, seed=1), 7) != later
    assert [one.place for one in later] == [0, 1, 2, 3]


def test_a_window_hears_what_its_track_may_be_told() -> None:
    heard = many(Recipe(batch=4, text_dropout=0.0))
    for one in heard:
        assert one.caption in DATA.tracks[ENCODED.windows[one.window].track].captions
        assert one.affect is None
    assert len({one.caption for one in heard}) == 3 + 2


def test_shares_of_what_is_left_out() -> None:
    recipe = Recipe(batch=4, text_dropout=0.1, affect_keys=2, affect_dropout=0.2)
    heard = many(recipe, 1000)
    kinds = [(one.caption is not None, one.affect is not None) for one in heard]
    wanted = {(False, False): 0.1, (True, False): 0.2, (False, True): 0.2, (True, True): 0.5}
    for kind, share in wanted.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(share, abs=0.03)
    for one in heard:
        mood = DATA.tracks[ENCODED.windows[one.window].track].mood
        assert one.affect in (None, MOODS[mood or ""])


def test_a_track_that_lies_nowhere_hears_its_text_instead_of_the_prefix() -> None:
    nowhere = tuple(msgspec.structs.replace(track, affect=None) for track in DATA.tracks)
    data = msgspec.structs.replace(DATA, tracks=nowhere)
    recipe = Recipe(batch=4, text_dropout=0.1, affect_keys=2, affect_dropout=0.4)
    steps = range(1, 501)
    heard = [one for step in steps for one in batches.batch(recipe, step, data, ENCODED, WINDOWS)]
    assert all(one.affect is None for one in heard)
    silent = sum(one.caption is None for one in heard) / len(heard)
    assert silent == pytest.approx(0.1, abs=0.03)


def test_shares_that_are_more_than_all() -> None:
    recipe = Recipe(text_dropout=0.5, affect_dropout=0.3)
    batches.check(recipe)
    with pytest.raises(MusmedError, match="more than 1"):
        batches.check(msgspec.structs.replace(recipe, affect_keys=4))


def test_dropout_is_drawn_by_place() -> None:
    recipe = Recipe(lora=Lora(dropout=0.25))
    masks = [batches.kept(recipe, step, place, 4000) for step in (1, 2) for place in (0, 1)]
    for mask in masks:
        assert mask.mean() == pytest.approx(0.75, abs=0.03)
    assert all((one != other).any() for one, other in itertools.combinations(masks, 2))
    assert (batches.kept(recipe, 2, 1, 4000) == masks[3]).all()


def test_steps_and_watchings() -> None:
    assert batches.steps_of(Recipe(epochs=4.0, batch=16), 100) == 25
    assert batches.steps_of(Recipe(epochs=0.1, batch=16), 10) == 1
    assert batches.steps_of(Recipe(steps=7), 1000) == 7
    assert batches.watch_every(Recipe(), 25) == 3
    assert batches.watch_every(Recipe(), 4) == 1
    assert batches.watch_every(Recipe(watch_every=5), 1000) == 5


def test_the_rate_rises_and_falls_in_straight_lines() -> None:
    recipe = Recipe(learning_rate=1.0, warm_up=0.2)
    rates = [batches.learning_rate(recipe, step, 10) for step in range(1, 11)]
    assert rates == pytest.approx([0.5, 1.0, *(one / 8 for one in range(8, 0, -1))])
    falling = [
        batches.learning_rate(Recipe(learning_rate=1.0, warm_up=0.0), step, 4)
        for step in range(1, 5)
    ]
    assert falling == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert batches.learning_rate(recipe, 1, 1) == 1.0
