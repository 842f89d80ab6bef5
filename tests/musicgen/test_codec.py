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
    CodecWeights,
    encode,
    fold,
    reach,
)
from engine.composers.musicgen.model.codec_layers import Streamed

HOP = 640


def codes_of(books: int, frames: int, seed: int = 0) -> Any:
    return torch.randint(0, 64, (books, frames), generator=torch.Generator().manual_seed(seed))


def at_once(codec: Any, codes: Any) -> Any:
    with torch.inference_mode():
        return codec.decode(codes[None, None], [None]).audio_values[0].T.numpy()


def stream_of(codec: Any, context: Any = None) -> CodecStream:
    return CodecStream(CodecWeights(codec), context)


def in_pieces(stream: CodecStream, codes: Any, sizes: list[int]) -> Any:
    out = [stream.push(piece) for piece in codes.split(sizes, dim=1)]
    return np.concatenate([*out, stream.flush()])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_any_pieces_give_the_full_decode(tiny_model: Any, sizes: list[int]) -> None:
    codes = codes_of(4, sum(sizes))
    full = at_once(tiny_model.audio_encoder, codes)
    ours = in_pieces(stream_of(tiny_model.audio_encoder), codes, sizes)
    assert ours.shape == full.shape == (HOP * sum(sizes), 1)
    assert np.abs(full).max() > 0.1
    assert np.abs(ours - full).max() < 1e-5


def test_it_gives_all_but_the_last_tenth_of_a_second(tiny_model: Any) -> None:
    stream = stream_of(tiny_model.audio_encoder)
    assert 0 <= len(stream.push(codes_of(4, 50))) - (50 - 4) * HOP < HOP
    assert len(stream.push(codes_of(4, 25, 1))) == 25 * HOP


def test_no_frame_of_a_context_is_sounded_but_what_reaches_into_what_follows(
    tiny_model: Any,
) -> None:
    weights = CodecWeights(tiny_model.audio_encoder)
    sounded: list[int] = []
    first = weights.sounded[0]

    class Watched:
        def begin(self) -> Streamed:
            layer = first.begin()

            class Counted:
                def push(self, x: Any, last: bool) -> Any:
                    sounded.append(x.shape[1])
                    return layer.push(x, last)

            return Counted()

    weights.sounded[0] = Watched()
    stream = CodecStream(weights, context=codes_of(4, 100))
    stream.push(codes_of(4, 20, 1))
    stream.flush()
    assert sum(sounded) == 20 + reach(tiny_model.audio_encoder.config)


def test_after_a_context_it_goes_on_as_if_it_had_decoded_it(tiny_model: Any) -> None:
    codes = codes_of(4, 120)
    full = at_once(tiny_model.audio_encoder, codes)
    stream = stream_of(tiny_model.audio_encoder, context=codes[:, :70])
    ours = in_pieces(stream, codes[:, 70:], [10, 40])
    assert np.abs(ours - full[70 * HOP :]).max() < 1e-5


def test_without_the_context_it_would_not(tiny_model: Any) -> None:
    codes = codes_of(4, 120)
    full = at_once(tiny_model.audio_encoder, codes)
    ours = in_pieces(stream_of(tiny_model.audio_encoder), codes[:, 70:], [50])
    assert np.abs(ours - full[70 * HOP :]).max() > 1e-2


def test_left_and_right_are_decoded_apart(tiny_model: Any) -> None:
    codec = tiny_model.audio_encoder
    codes = codes_of(8, 60)
    ours = in_pieces(stream_of(codec), codes, [30, 30])
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
    ours = in_pieces(stream_of(codec), codes, [25, 25])
    assert np.abs(ours - full).max() < 1e-5 * max(1.0, float(np.abs(full).max()))


@pytest.mark.parametrize(
    "other",
    [
        {"use_causal_conv": True},
        {"use_causal_conv": True, "trim_right_ratio": 0.5},
        {"use_conv_shortcut": True},
        {"num_residual_layers": 3},
        {"pad_mode": "constant"},
        {"upsampling_ratios": [5, 3, 2], "sampling_rate": 1500},
        {"audio_channels": 2},
    ],
)
def test_other_encodecs_are_exact_too(other: dict[str, Any]) -> None:
    transformers = pytest.importorskip("transformers")
    usual = {
        "target_bandwidths": [1.2],
        "sampling_rate": 32000,
        "num_filters": 4,
        "hidden_size": 16,
        "codebook_dim": 16,
        "codebook_size": 64,
        "upsampling_ratios": [8, 5, 4, 4],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
    }
    codec = transformers.EncodecModel(transformers.EncodecConfig(**usual | other)).eval()
    for quantizer in codec.quantizer.layers:
        quantizer.codebook.embed.normal_()
    codes = codes_of(codec.config.num_quantizers, 30)
    with torch.inference_mode():
        full = codec.decode(codes[None, None], [None]).audio_values[0, :1].T.numpy()
    ours = in_pieces(stream_of(codec), codes, [1, 2, 12, 15])
    assert ours.shape == full.shape
    assert np.abs(ours - full).max() < 1e-6 * max(1.0, float(np.abs(full).max()))


def test_a_codec_that_looks_at_the_whole_sound_is_refused() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.EncodecConfig(norm_type="time_group_norm", num_filters=2)
    with pytest.raises(ValueError, match="cannot be streamed"):
        CodecWeights(transformers.EncodecModel(config))


def test_nothing_pushed_is_nothing_heard(tiny_model: Any) -> None:
    assert stream_of(tiny_model.audio_encoder).flush().shape == (0, 1)


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
