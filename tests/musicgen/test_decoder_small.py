"""The decoder in the small model's real shape against transformers: 24 layers, 1024 wide."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from support import oracles

from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.weights import Model, from_transformers

TEXTS = ("calm piano music", "dark energetic drums and synthesizer")
NEW = 4


@pytest.fixture(scope="module")
def small(build: Any) -> Any:
    """420 million random weights. The test of adapters changes them, and comes last."""
    from transformers import MusicgenDecoderConfig

    config = build.config()
    config.decoder = MusicgenDecoderConfig(pad_token_id=2048, bos_token_id=2048, dropout=0.0)
    config.audio_encoder.codebook_size = 2048
    config.audio_encoder.target_bandwidths = [2.2]
    return build.model(config)


Case = tuple[tuple[str, ...], Any, float]
"""Texts, a prompt (batch, codebooks, n) or None, guidance."""


def assert_ours(model: Model, case: Case, said: oracles.Run) -> None:
    """Our decoder says greedily what was ``said``."""
    texts, _, guidance = case
    clips = [Conditioning(model.text_states(text)) for text in texts]
    decoder = Decoder(model, max_seconds=1)
    # one of 16 codes may be a tie
    oracles.assert_same_codes(decoder, clips, said, guidance=guidance, share=0.9)


def theirs(whole: Any, tokenizer: Any, generate_codes: Any, case: Case) -> oracles.Run:
    texts, prompt, guidance = case
    how: dict[str, Any] = {"do_sample": False, "guidance_scale": guidance}
    known = 0
    if prompt is not None:
        known = prompt.shape[-1]
        how["decoder_input_ids"] = prompt.flatten(0, 1)
    inputs = tokenizer(list(texts), return_tensors="pt", padding=True)
    return oracles.watch_transformers(
        whole, prompt, lambda: generate_codes(whole, inputs, known + NEW, **how)[..., known:]
    )


def test_greedy_codes_are_transformers(small: Any, tokenizer: Any, generate_codes: Any) -> None:
    model = from_transformers(small, tokenizer)
    assert 400e6 < model.decoder.step_bytes() / 4 + model.decoder.cross_kv.numel() < 430e6
    for guidance, known, batch in ((1.0, 5, 2), (3.0, 0, 1)):
        prompt = torch.randint(0, 2048, (batch, 4, known)) if known else None
        case = (TEXTS[:batch], prompt, guidance)
        assert_ours(model, case, theirs(small, tokenizer, generate_codes, case))


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
def test_with_an_adapter_too(small: Any, tokenizer: Any, generate_codes: Any) -> None:
    """peft adds the difference at every step, or merges as well."""
    peft = pytest.importorskip("peft")
    names = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
    torch.manual_seed(1)
    adapted = peft.get_peft_model(
        small, peft.LoraConfig(r=4, lora_alpha=8, target_modules=names, init_lora_weights=False)
    ).eval()
    case = (TEXTS[:1], torch.randint(0, 2048, (1, 4, 5)), 3.0)
    beside = theirs(adapted.base_model.model, tokenizer, generate_codes, case)
    merged = adapted.merge_and_unload()
    model = from_transformers(merged, tokenizer)
    assert_ours(model, case, beside)
    assert_ours(model, case, theirs(merged, tokenizer, generate_codes, case))
