"""EnCodec in a stream against EnCodec at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from support import oracles

from engine.composers.musicgen.model.codec import (
    CodecStream,
    encode,
    fold,
    reach,
)

HOP = 640


def codes_of(books: int, frames: int, seed: int = 0) -> Any:
    return torch.randint(0, 64, (books, frames), generator=torch.Generator().manual_seed(seed))


def at_once(codec: Any, codes: Any) -> Any:
    with torch.inference_mode():
        return codec.decode(codes[None, None], [None]).audio_values[0].T.numpy()


def in_pieces(stream: CodecStream, codes: Any, sizes: list[int]) -> Any:
    out = [stream.push(piece) for piece in codes.split(sizes, dim=1)]
    return np.concatenate([*out, stream.flush()])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_any_pieces_give_the_full_decode(tiny_model: Any, sizes: list[int]) -> None:
    codes = codes_of(4, sum(sizes))
    full = at_once(tiny_model.audio_encoder, codes)
    ours = in_pieces(CodecStream(tiny_model.audio_encoder), codes, sizes)
    assert ours.shape == full.shape == (HOP * sum(sizes), 1)
    assert np.abs(full).max() > 0.1
    assert np.abs(ours - full).max() < 1e-5


def test_it_gives_all_but_the_last_tenth_of_a_second(tiny_model: Any) -> None:
    stream = CodecStream(tiny_model.audio_encoder)
    behind = sum(reach(tiny_model.audio_encoder.config))
    assert behind == 5
    assert len(stream.push(codes_of(4, 50))) == (50 - behind) * HOP
    assert len(stream.push(codes_of(4, 25, 1))) == 25 * HOP


def test_after_a_context_it_goes_on_as_if_it_had_decoded_it(tiny_model: Any) -> None:
    codes = codes_of(4, 120)
    full = at_once(tiny_model.audio_encoder, codes)
    stream = CodecStream(tiny_model.audio_encoder, context=codes[:, :70])
    ours = in_pieces(stream, codes[:, 70:], [10, 40])
    assert np.abs(ours - full[70 * HOP :]).max() < 1e-5


def test_without_the_context_it_would_not(tiny_model: Any) -> None:
    codes = codes_of(4, 120)
    full = at_once(tiny_model.audio_encoder, codes)
    ours = in_pieces(CodecStream(tiny_model.audio_encoder), codes[:, 70:], [50])
    assert np.abs(ours - full[70 * HOP :]).max() > 1e-2


def test_left_and_right_are_decoded_apart(tiny_model: Any) -> None:
    codec = tiny_model.audio_encoder
    codes = codes_of(8, 60)
    ours = in_pieces(CodecStream(codec), codes, [30, 30])
    assert ours.shape == (60 * HOP, 2)
    for channel in (0, 1):
        full = at_once(codec, codes[channel::2])
        assert np.abs(ours[:, channel : channel + 1] - full).max() < 1e-5


def test_the_real_shape_is_exact_too() -> None:
    """EnCodec 32 kHz's own configuration, random weights, one second."""
    transformers = pytest.importorskip("transformers")
    config = transformers.EncodecConfig(
        target_bandwidths=[2.2],
        sampling_rate=32000,
        num_filters=64,
        codebook_size=2048,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        use_conv_shortcut=False,
    )
    codec = transformers.EncodecModel(config).eval()
    for quantizer in codec.quantizer.layers:
        quantizer.codebook.embed.normal_()
    codes = torch.randint(0, 2048, (4, 50))
    full = at_once(codec, codes)
    ours = in_pieces(CodecStream(codec), codes, [25, 25])
    assert np.abs(ours - full).max() < 1e-5 * max(1.0, float(np.abs(full).max()))


def test_nothing_pushed_is_nothing_heard(tiny_model: Any) -> None:
    assert CodecStream(tiny_model.audio_encoder).flush().shape == (0, 1)


@pytest.mark.parametrize(("given_channels", "wanted"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_encoding_gives_the_models_codebooks(
    tiny_model: Any, given_channels: int, wanted: int
) -> None:
    codec = tiny_model.audio_encoder
    audio = np.random.default_rng(0).normal(0, 0.2, (HOP * 30, given_channels))
    codes = encode(codec, audio.astype(np.float32), wanted)
    assert codes.shape == (4 * wanted, 30)
    mono = audio.mean(axis=1, dtype=np.float64)
    heard = {0: mono} if wanted == 1 else {0: audio[:, 0], 1: audio[:, -1]}
    for channel, samples in heard.items():
        wave = torch.from_numpy(samples.astype(np.float32))
        oracles.assert_same_encoding(codec, codes[channel::wanted], wave)


def test_folding_the_norms_changes_nothing_heard(tiny_model: Any) -> None:
    codes = codes_of(4, 40)
    codec = tiny_model.audio_encoder
    folded = type(codec)(codec.config).eval()
    folded.load_state_dict(codec.state_dict())
    fold(folded)
    names = [name for name, _ in folded.named_parameters()]
    assert not any("parametrizations" in name for name in names)
    difference = at_once(folded, codes) - at_once(tiny_model.audio_encoder, codes)
    assert np.abs(difference).max() < 1e-6
