"""Affect along a clip as weights of moods, and as what the decoder's cross-attention hears."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clip_along import spec_along

from engine.affect.circumplex import Affect
from engine.affect.moods import MOODS, MoodTable, PlacedMood, mood
from engine.affect.path import Path, Waypoint
from engine.composers.musicgen.conditioning import (
    MOST_MOODS,
    NEIGHBOURS,
    Conditioner,
    mixture,
    mood_weights,
)

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.weights import Model, from_transformers

RATE = 50
PLACE = st.builds(Affect, st.floats(-1, 1), st.floats(-1, 1))


def place_of(name: str) -> Affect:
    affect = mood(name).affect
    assert affect is not None
    return affect


def straight(start: Affect, end: Affect, seconds: float = 30.0) -> Path:
    return Path((Waypoint(0.0, start), Waypoint(seconds, end)))


@pytest.fixture(scope="module")
def model(tiny_model: Any) -> Model:
    """One that listens to its text: random cross-attention is next to nothing."""
    listening = copy.deepcopy(tiny_model)
    with torch.no_grad():
        listening.enc_to_dec_proj.weight.mul_(20)
        for layer in listening.decoder.model.decoder.layers:
            for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                getattr(layer.encoder_attn, projection).weight.mul_(20)
    return from_transformers(listening, None)


@given(PLACE, PLACE)
def test_weights_are_shares_of_few_neighbours_and_change_without_a_jump(
    start: Affect, end: Affect
) -> None:
    times = np.linspace(0.0, 30.0, 301)
    moods, weights = mood_weights(straight(start, end), times)
    assert weights.shape == (301, len(moods))
    assert 1 <= len(moods) <= MOST_MOODS
    assert (weights >= 0.0).all()
    assert np.allclose(weights.sum(axis=1), 1.0)
    assert ((weights > 0.0).sum(axis=1) <= NEIGHBOURS).all()


def test_weights_change_without_a_jump() -> None:
    path = straight(Affect(-0.2, 0.4), Affect(0.3, -0.1))
    _, weights = mood_weights(path, np.linspace(0.0, 30.0, 1501))
    assert np.abs(np.diff(weights, axis=0)).max() < 0.02


def test_a_mood_that_the_path_touches_is_heard_alone() -> None:
    path = straight(place_of("sad"), place_of("happy"))
    moods, weights = mood_weights(path, np.array([0.0, 15.0, 30.0]))
    first = dict(zip(moods, weights[0], strict=True))
    last = dict(zip(moods, weights[-1], strict=True))
    assert first["sad"] == 1.0
    assert last["happy"] == 1.0
    assert sum(first.values()) == sum(last.values()) == 1.0
    assert weights[1].max() < 1.0


CORNERS = {"epic": (0.6, 0.6), "love": (0.6, -0.6), "action": (-0.6, 0.6), "dark": (-0.6, -0.6)}


def table_of(places: dict[str, tuple[float, float]]) -> MoodTable:
    return MoodTable("x", tuple(PlacedMood(tag, Affect(*at)) for tag, at in places.items()))


def test_the_moods_of_a_table_are_mixed_where_it_sees_them() -> None:
    path = straight(Affect(-0.6, 0.6), Affect(0.6, -0.6))
    moods, weights = mood_weights(path, np.array([0.0, 9.0, 30.0]), table_of(CORNERS))
    assert set(moods) <= CORNERS.keys()
    assert dict(zip(moods, weights[0], strict=True))["action"] == 1.0
    assert dict(zip(moods, weights[2], strict=True))["love"] == 1.0
    assert 0.5 < dict(zip(moods, weights[1], strict=True))["action"] < 1.0


def test_four_moods_equally_far_and_many_in_one_place_have_weights() -> None:
    """In the middle of four corners all are the nearest; moods that share a place share alike."""
    path = straight(Affect(0.0, 0.0), Affect(0.1, 0.1))
    moods, weights = mood_weights(path, np.array([0.0, 30.0]), table_of(CORNERS))
    assert dict(zip(moods, weights[0], strict=True)) == dict.fromkeys(CORNERS, 0.25)
    more = CORNERS | dict.fromkeys(("party", "fun"), (0.6, 0.6))
    moods, weights = mood_weights(path, np.array([0.0, 30.0]), table_of(more))
    assert np.isfinite(weights).all()
    assert np.allclose(weights.sum(axis=1), 1.0)
    last = dict(zip(moods, weights[1], strict=True))
    assert last["epic"] == last["party"] == last["fun"] > last["love"] > 0.0


@given(PLACE, PLACE)
def test_musmeds_own_places_as_a_table_weigh_the_same(start: Affect, end: Affect) -> None:
    own = {m.name: (m.affect.valence, m.affect.arousal) for m in MOODS if m.affect is not None}
    times = np.linspace(0.0, 30.0, 31)
    moods, weights = mood_weights(straight(start, end), times)
    others, same = mood_weights(straight(start, end), times, table_of(own))
    assert others == moods
    assert (same == weights).all()


def codes_of(model: Model, conditioning: Conditioning, count: int = 20) -> list[list[int]]:
    decoder = Decoder(model, max_seconds=2.0)
    frames = decoder.frames(conditioning, None, count, seed=3, temperature=0.0)
    found: list[list[int]] = torch.cat(list(frames), dim=1).tolist()
    return found


@pytest.mark.parametrize("heard", [0, 1])
def test_at_both_ends_the_mixture_is_the_single_prompt(model: Model, heard: int) -> None:
    width = model.config.text_encoder.d_model
    states = [torch.randn(5, width), torch.randn(8, width)]
    weights = np.zeros((20, 2))
    weights[:, heard] = 1.0
    mixed = mixture(states, weights)
    alone = Conditioning(states[heard])
    assert codes_of(model, mixed) == codes_of(model, alone)
    assert codes_of(model, mixed) != codes_of(model, Conditioning(states[1 - heard]))
    codes = torch.randint(0, 64, (4, 20))
    decoder = Decoder(model, max_seconds=2.0)
    assert torch.allclose(
        decoder.logits(mixed, codes, 3.0), decoder.logits(alone, codes, 3.0), atol=1e-4
    )


def test_in_between_it_is_neither(model: Model) -> None:
    width = model.config.text_encoder.d_model
    states = [torch.randn(5, width), torch.randn(8, width)]
    codes = torch.randint(0, 64, (4, 20))
    decoder = Decoder(model, max_seconds=2.0)
    half = decoder.logits(mixture(states, np.full((20, 2), 0.5)), codes)
    for state in states:
        assert not torch.allclose(half, decoder.logits(Conditioning(state), codes), atol=1e-2)


def test_the_weights_follow_the_path_frame_by_frame() -> None:
    asked: list[str] = []

    def text_states(prompt: str) -> Any:
        asked.append(prompt)
        return torch.full((len(prompt.split()), 4), float(len(asked)))

    conditioner = Conditioner(text_states)
    spec = spec_along(straight(place_of("sad"), place_of("happy")))
    first = conditioner.along(spec, 0, 1501, RATE)
    assert first.bias is not None
    assert first.bias.shape == (1501, len(first.states))
    lengths = [len(prompt.split()) for prompt in asked]
    sad = next(i for i, prompt in enumerate(asked) if prompt.startswith("A sad ambient piece"))
    own = slice(sum(lengths[:sad]), sum(lengths[: sad + 1]))
    assert (first.bias[0, own] == 0.0).all()
    others = torch.ones(len(first.states), dtype=torch.bool)
    others[own] = False
    assert torch.isneginf(first.bias[0, others]).all()
    before = len(asked)
    again = conditioner.along(spec, 750, 100, RATE)
    assert len(asked) == before, "a prompt's states are computed once"
    assert again.bias is not None


def test_where_nothing_moves_and_one_mood_is_meant_there_is_no_bias() -> None:
    calm = place_of("calm")
    conditioner = Conditioner(lambda prompt: torch.zeros(len(prompt.split()), 4))
    made = conditioner.along(spec_along(straight(calm, calm)), 0, 100, RATE)
    assert made.bias is None


def test_nobody_waits_for_the_text_of_a_cancelled_clip() -> None:
    read: list[str] = []

    def states(prompt: str) -> Any:
        read.append(prompt)
        return torch.zeros((3, 4))

    spec = spec_along(straight(place_of("sad"), place_of("happy")))
    conditioner = Conditioner(states)
    assert conditioner.along(spec, 0, 1501, RATE, lambda: len(read) == 2) is None
    assert len(read) == 2
