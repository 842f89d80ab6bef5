"""A layer in torch's script interpreter does what it does in Python."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from support.tiny_musicgen import random_model, tiny_melody_config

from engine.composers.musicgen.model.attention import gathers
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.matrices import packs
from engine.composers.musicgen.model.weights import Model, from_transformers

FRAMES = 80
"""Past the edge of a block of keys."""


@pytest.fixture(scope="module", params=["cross-attention", "prefix"])
def whole(request: pytest.FixtureRequest, tiny_model: Any) -> Any:
    return tiny_model if request.param == "cross-attention" else random_model(tiny_melody_config())


def decoded(model: Model) -> Any:
    text = Conditioning(model.text_states("calm ambient piano"))
    frames = Decoder(model, max_seconds=4).frames(text, None, FRAMES, seed=3, top_k=8)
    return torch.cat(list(frames), dim=-1)


@pytest.mark.parametrize("name", ["float32", "bfloat16", "int8"])
def test_the_same_codes_as_in_python(
    whole: Any, tokenizer: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python runs the layers where a torch has no interpreter; here it has one."""
    dtype = getattr(torch, name)
    if not gathers(torch.device("cpu")) or (name == "bfloat16" and not packs(dtype)):
        pytest.skip("this processor has other kernels")
    interpreted = from_transformers(whole, tokenizer, dtype)
    assert all(
        isinstance(each, torch.jit.ScriptModule) for each in interpreted.decoder.at_one_place
    )
    monkeypatch.delattr(torch.jit, "script")
    plain = from_transformers(whole, tokenizer, dtype)
    assert not any(isinstance(each, torch.jit.ScriptModule) for each in plain.decoder.at_one_place)
    assert torch.equal(decoded(interpreted), decoded(plain))


def test_a_warm_decoder_has_its_layers(tiny_model: Any, tokenizer: Any) -> None:
    model = from_transformers(tiny_model, tokenizer, torch.float32)
    if not gathers(torch.device("cpu")):
        pytest.skip("this processor has other kernels")
    Decoder(model, max_seconds=1).warm()
    assert "at_one_place" in vars(model.decoder)


def test_texts_of_other_lengths_are_as_with_a_new_decoder(tiny_model: Any, tokenizer: Any) -> None:
    """Their room is made anew, and nothing of the text before is heard."""
    model = from_transformers(tiny_model, tokenizer, torch.int8)
    generator = torch.Generator().manual_seed(0)
    states = torch.randn((40, len(model.text_states("calm")[0])), generator=generator)
    used = Decoder(model, max_seconds=4)
    for count in (40, 5, 17):
        text = Conditioning(states[:count])
        said = [
            torch.cat(list(each.frames(text, None, 12, seed=3)), dim=-1)
            for each in (used, Decoder(model, max_seconds=2))
        ]
        assert torch.equal(*said)
