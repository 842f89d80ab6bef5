"""The decoder on CUDA: graphs against eager steps, logits against transformers on the CPU.

Tokens are not compared with another device's: kernels round differently, and one other token makes
all that follow others.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device here", allow_module_level=True)

from engine.composers.musicgen.model.codec import CodecStream, CodecWeights
from engine.composers.musicgen.model.decoder import BUCKET, Conditioning, Decoder
from engine.composers.musicgen.model.device import settle
from engine.composers.musicgen.model.sampler import Sampling
from engine.composers.musicgen.model.step import Between, State, step, text_keys
from engine.composers.musicgen.model.weights import Model, from_transformers

TOLERANCE = {torch.float32: 1e-3, torch.float16: 1e-2, torch.bfloat16: 4e-2}
"""Of the logits' RMS difference to float32 on the CPU, relative to their RMS."""
CALM = "calm piano music"


@pytest.fixture(autouse=True)
def settled() -> Any:
    """As the engine has it, and float32 products in float32, not TF32."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    settle(torch.device("cuda"))
    yield
    torch.backends.cuda.matmul.allow_tf32 = before


@pytest.fixture(scope="module")
def whole(build: Any) -> Any:
    """128 wide, 4 layers: enough for the fast kernels' shapes."""
    return build.model(build.config(hidden=128, layers=4), seed=3)


@pytest.fixture(scope="module")
def model(whole: Any, tokenizer: Any) -> Model:
    return from_transformers(whole, tokenizer)


@pytest.fixture(scope="module")
def on_cuda(whole: Any, tokenizer: Any) -> Any:
    """The same model there, by its number format."""

    def moved(dtype: Any) -> Model:
        copied = copy.deepcopy(whole)
        copied.decoder.to(dtype)
        return from_transformers(copied.to("cuda"), tokenizer)

    return moved


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_teacher_forced_logits(model: Model, on_cuda: Any, dtype: Any, guidance: float) -> None:
    codes = torch.randint(0, 64, (4, 300), generator=torch.Generator().manual_seed(1))
    text = Conditioning(model.text_states(CALM))
    exact = Decoder(model).logits(text, codes, guidance)
    ours = Decoder(on_cuda(dtype)).logits(text, codes, guidance).cpu()
    assert (ours - exact).norm() < TOLERANCE[dtype] * exact.norm()


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_graphs_replay_what_eager_steps_do_at_every_bucket_edge(
    model: Model, on_cuda: Any, dtype: Any, temperature: float
) -> None:
    moved = on_cuda(dtype)
    decoder = Decoder(moved, max_seconds=30)
    text = Conditioning(model.text_states(CALM))
    for edge in range(BUCKET, 1536, BUCKET):
        known = edge - 12
        prompt = torch.randint(0, 64, (4, known), generator=torch.Generator().manual_seed(edge))
        how: dict[str, Any] = {"seed": 5, "top_k": 20, "temperature": temperature}
        replayed = torch.cat(list(decoder.frames(text, prompt, edge + 12, **how)), dim=1)
        eager = torch.cat(list(Eager(moved).frames(text, prompt, edge + 12, **how)), dim=1)
        assert torch.equal(replayed, eager), f"at {edge}"


class Eager(Decoder):
    """The same steps over the same buckets, without graphs."""

    def _step(self, state: State, sampling: Sampling, position: int, between: Between) -> None:
        step(self.weights, state, sampling, (position // BUCKET + 1) * BUCKET, masked=True)


def test_another_temperature_makes_other_graphs(model: Model, on_cuda: Any) -> None:
    decoder = Decoder(on_cuda(torch.float32))
    text = Conditioning(model.text_states(CALM))

    def sampled(temperature: float) -> Any:
        frames = decoder.frames(text, None, 80, seed=1, temperature=temperature)
        return torch.cat(list(frames), dim=1)

    warm = sampled(1.0)
    assert not torch.equal(warm, sampled(0.0))
    assert torch.equal(warm, sampled(1.0))


def test_warming_up_changes_nothing(model: Model, on_cuda: Any) -> None:
    text = Conditioning(model.text_states(CALM))
    cold, warmed = Decoder(on_cuda(torch.float32)), Decoder(on_cuda(torch.float32))
    warmed.warm()
    first, second = (
        torch.cat(list(decoder.frames(text, None, 60, seed=2)), dim=1) for decoder in (cold, warmed)
    )
    assert torch.equal(first, second)


def test_the_texts_keys_are_the_cpus(model: Model, on_cuda: Any) -> None:
    states = model.text_states(CALM)
    exact = text_keys(model.decoder, states)
    ours = text_keys(on_cuda(torch.float32).decoder, states).cpu()
    assert (ours - exact).norm() < 1e-5 * exact.norm()


def streamed(model: Model, codes: Any) -> Any:
    """Audio of ``codes`` in pieces of half a second."""
    stream = CodecStream(CodecWeights(model.codec))
    pieces = [stream.push(codes[:, first : first + 25]) for first in range(0, codes.shape[1], 25)]
    return np.concatenate([*pieces, stream.flush()])


def test_the_codec_is_exact_in_pieces_and_the_same_every_time(on_cuda: Any) -> None:
    model = on_cuda(torch.float16)
    codes = torch.randint(0, 64, (4, 100), generator=torch.Generator().manual_seed(2))
    pieces = streamed(model, codes)
    stream = CodecStream(CodecWeights(model.codec))
    whole = np.concatenate([stream.push(codes), stream.flush()])
    assert np.abs(pieces - whole).max() < 1e-5 * np.abs(whole).max()
    assert np.array_equal(pieces, streamed(model, codes))


def test_the_codec_waits_for_the_device_once_a_piece(on_cuda: Any) -> None:
    stream = CodecStream(CodecWeights(on_cuda(torch.float16).codec))
    codes = torch.randint(0, 64, (4, 25))
    stream.push(codes)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as waits:
            warnings.simplefilter("always")
            stream.push(codes)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    waits = [w for w in waits if "synchroniz" in str(w.message)]
    assert 1 <= len(waits) <= 2, [str(w.message) for w in waits]  # the codes in, the audio out
