"""How far an adapter moved its base, as groups and as sentences. No torch."""

from __future__ import annotations

import math

import pytest

from engine.training.moved import Moved, MovedOutput, Size, in_words, moved_weights

LAYER = "decoder.model.decoder.layers"
SIZES = [
    Size(f"{LAYER}.0.self_attn.q_proj.weight", base=4.0, added=0.04, rounding=1e-6),
    Size(f"{LAYER}.10.self_attn.q_proj.weight", base=12.0, added=0.12, rounding=3e-6),
    Size(f"{LAYER}.10.fc1.weight", base=100.0, added=0.0, rounding=1e-4),
    Size(f"{LAYER}.2.fc1.weight", base=0.0, added=0.0, rounding=0.0),
]


def output(divergence: float, rounding: float, *, held_out: bool = True) -> MovedOutput:
    return MovedOutput(
        windows=8,
        codes=16_000,
        held_out=held_out,
        divergence=divergence,
        changed=0.123,
        rounding=rounding,
        rounding_changed=0.004,
    )


def test_norms_add_up_as_squares_by_kind_and_layer() -> None:
    moved = moved_weights(SIZES)
    assert moved.all.size == pytest.approx(math.sqrt(0.16 / 116))
    assert moved.all.rounding == pytest.approx(math.sqrt(1.04e-4 / 116))
    kinds = {kind.name: kind.size for kind in moved.kinds}
    assert kinds == pytest.approx({"fc1": 0.0, "self_attn.q_proj": 0.1})
    assert [layer.name for layer in moved.layers] == ["0", "2", "10"]
    assert moved.layers[2].size == pytest.approx(math.sqrt(0.12 / 112))


def test_what_is_said_of_one_that_moved() -> None:
    said = in_words(Moved(moved_weights(SIZES), output(0.031, 0.0004)))
    assert said.startswith("The adapter moved the model: over 8 windows kept from training ")
    for words in ("12 % of places", "0.031 nats", "0.4 % and 0.0004", "self_attn.q_proj (10 %)"):
        assert words in said
    trained = in_words(Moved(moved_weights(SIZES), output(0.031, 0.0004, held_out=False)))
    assert "8 windows it was trained on" in trained


def test_what_is_said_of_one_that_does_no_more_than_rounding() -> None:
    moved = Moved(moved_weights(SIZES), output(0.0003, 0.0004))
    assert moved.hardly
    assert in_words(moved).startswith("The adapter hardly does anything: ")
    assert in_words(moved).endswith("with a higher --learning-rate.")
    small = [Size(SIZES[0].weight, base=4.0, added=1e-7, rounding=1e-6)]
    assert Moved(moved_weights(small)).hardly
    assert "rounding to bfloat16 makes 0.05 %" in in_words(Moved(moved_weights(small)))
    assert not Moved(moved_weights(SIZES)).hardly
