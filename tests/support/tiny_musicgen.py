"""Tiny MusicGens with random weights, in memory and as a checkpoint folder in the hub's layout."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any

WORDS = """calm sad happy dark energetic relaxing dream epic piano guitar strings synthesizer drums
ambient classical folk jazz electronic music with and the for slow fast warm a an piece that feels
content excited"""


def tiny_config(channels: int = 1, hidden: int = 32, layers: int = 2) -> Any:
    """A ``MusicgenConfig`` of the real one's shape: 50 Hz codes at 32 kHz, 4 codebooks a channel,
    a T5 of another width than the decoder's; 64 codes instead of 2048."""
    from transformers import EncodecConfig, MusicgenConfig, MusicgenDecoderConfig, T5Config

    t5: Any = T5Config
    text = t5(
        vocab_size=400,
        d_model=24,
        d_kv=8,
        d_ff=48,
        num_layers=2,
        num_heads=3,
        dropout_rate=0.0,
        feed_forward_proj="relu",
        decoder_start_token_id=0,
    )
    audio = EncodecConfig(
        target_bandwidths=[1.2],
        sampling_rate=32000,
        audio_channels=1,
        num_filters=4,
        hidden_size=16,
        codebook_dim=16,
        codebook_size=64,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        use_conv_shortcut=False,
        num_lstm_layers=2,
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=64,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        ffn_dim=2 * hidden,
        num_codebooks=4 * channels,
        audio_channels=channels,
        pad_token_id=64,
        bos_token_id=64,
        dropout=0.0,
    )
    return MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=decoder)


def tiny_melody_config(channels: int = 1) -> Any:
    """A ``MusicgenMelodyConfig`` likewise, with 20 steps for the melody instead of 235."""
    from transformers import MusicgenMelodyConfig, MusicgenMelodyDecoderConfig

    plain = tiny_config(channels)
    kept: tuple[str, ...] = (
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "ffn_dim",
    )
    kept += ("num_codebooks", "audio_channels", "pad_token_id", "bos_token_id", "dropout")
    decoder = MusicgenMelodyDecoderConfig(**{name: getattr(plain.decoder, name) for name in kept})
    return MusicgenMelodyConfig(
        text_encoder=plain.text_encoder,
        audio_encoder=plain.audio_encoder,
        decoder=decoder,
        chroma_length=20,
    )


def random_model(config: Any, seed: int = 0) -> Any:
    """A ``MusicgenForConditionalGeneration`` with random weights, sharpened (heads x10, embeddings
    x20): otherwise every step says the same and equal tokens would prove nothing."""
    import torch
    from transformers import (
        MusicgenForConditionalGeneration,
        MusicgenMelodyForConditionalGeneration,
    )

    melody = config.model_type == "musicgen_melody"
    kind: Any = (
        MusicgenMelodyForConditionalGeneration if melody else MusicgenForConditionalGeneration
    )
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # quicker, for sums as small as these
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config).eval()
        for quantizer in model.audio_encoder.quantizer.layers:
            quantizer.codebook.embed.normal_()
    with torch.no_grad():
        for head in model.decoder.lm_heads:
            head.weight.mul_(10)
        for embedding in model.decoder.model.decoder.embed_tokens:
            embedding.weight.mul_(20)
    start = config.decoder.pad_token_id
    generation = model.generation_config
    generation.decoder_start_token_id = generation.pad_token_id = start
    generation.bos_token_id = start
    model.config.decoder.decoder_start_token_id = start
    return model


def tiny_tokenizer() -> Any:
    """A T5 tokenizer of single letters and a few words."""
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -6.0) for letter in string.ascii_lowercase + string.digits + ".,-:'"]
    pieces += [("▁" + word, -4.0) for word in WORDS.split()]
    return T5Tokenizer(vocab=pieces, extra_ids=0)


def save_checkpoint(model: Any, folder: Path) -> Path:
    """Write ``model`` as the hub has it: config.json, generation_config.json, model.safetensors,
    preprocessor_config.json and the tokenizer's files."""
    from transformers import EncodecFeatureExtractor

    model.save_pretrained(folder)
    EncodecFeatureExtractor(sampling_rate=32000).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def generate_codes(model: Any, inputs: Any, frames: int, **how: Any) -> Any:
    """The codes (batch, codebooks, frames) on which transformers' ``generate`` decodes audio,
    seen on their way into the codec."""
    seen = []
    decode = model.audio_encoder.decode

    def watched(codes: Any, **kwargs: Any) -> Any:
        seen.append(codes)
        return decode(codes, **kwargs)

    known = how["decoder_input_ids"].shape[-1] if "decoder_input_ids" in how else 0
    channels = model.config.decoder.audio_channels
    delays = model.config.decoder.num_codebooks // channels - 1
    model.audio_encoder.decode = watched
    try:
        model.generate(**inputs, max_new_tokens=frames - known + delays, **how)
    finally:
        del model.audio_encoder.decode
    if channels == 1:
        return seen[0][0]
    left, right = seen[0][0], seen[1][0]
    return torch_interleaved(left, right)


def torch_interleaved(left: Any, right: Any) -> Any:
    """The codebooks of left and right in turn: (batch, 2 * codebooks, frames)."""
    import torch

    return torch.stack([left, right], dim=2).flatten(1, 2)
