"""audiocraft with the same random weights says the same codes as our decoder, wherever rounding
can't decide (``margins``).

Its own job: audiocraft can't be an extra, requirements-audiocraft.txt says how to install it. Where
it is not installed these tests are skipped, and only MUSMED_AUDIOCRAFT_MUST_RUN=1 forbids that.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from support import margins, oracles

from engine.composers.musicgen.files.audiocraft_packages import missing
from engine.errors import MusmedError

LACKING = missing()
installed = pytest.mark.skipif(
    bool(LACKING) and os.environ.get("MUSMED_AUDIOCRAFT_MUST_RUN") != "1",
    reason=f"audiocraft is not installed ({', '.join(LACKING[:3])} missing)",
)


@pytest.fixture(scope="module")
def small_model() -> Any:
    """musicgen-small's decoder with random weights, sharpened as ``tiny_model``'s."""
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
    )

    text = T5Config(vocab_size=400, d_model=768, d_kv=8, d_ff=48, num_layers=1, num_heads=3)
    audio = EncodecConfig(sampling_rate=32000, upsampling_ratios=[8, 5, 4, 4], num_filters=4)
    decoder = MusicgenDecoderConfig()  # its defaults are the small model's
    assert (decoder.num_hidden_layers, decoder.hidden_size) == (24, 1024)
    config = MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=decoder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MusicgenForConditionalGeneration(config).eval()
    with torch.no_grad():
        for head in model.decoder.lm_heads:
            head.weight.mul_(10)
        for embedding in model.decoder.model.decoder.embed_tokens:
            embedding.weight.mul_(20)
    return model


def conditioning(keys: int, seed: int, bias: Any = None, width: int = 24) -> Any:
    """Random states, large enough for the codes to depend on them."""
    from engine.composers.musicgen.model.decoder import Conditioning

    states = torch.randn(keys, width, generator=torch.Generator().manual_seed(seed))
    return Conditioning(40 * states, bias)


def said_by_audiocraft(
    held: Any, conditioning: Any, prompt: Any, count: int, guidance: float
) -> Any:
    """What audiocraft's decoder says greedily: a ``Run``. Its language model gives the logits of
    the conditional rows and then of the unconditional ones, and guides them after that."""
    from engine.composers.musicgen.decoders import audiocraft

    decoder = audiocraft.open_decoder(held)
    steps: list[Any] = []

    def listen(_module: object, _args: object, logits: Any) -> None:
        conditional, unconditional = logits[..., -1, :].chunk(2)
        steps.append(unconditional + (conditional - unconditional) * guidance)

    hook = decoder._model.register_forward_hook(listen)
    try:
        made = list(
            decoder.frames(conditioning, prompt, count, seed=0, temperature=0, guidance=guidance)
        )
    finally:
        hook.remove()
    known = 0 if prompt is None else prompt.shape[-1]
    logits = torch.stack(steps, dim=2).numpy().astype(np.float64)
    return oracles.Run(oracles.whole_of(prompt, torch.cat(made, dim=-1)), known, logits)


def same_codes(
    model: Any,
    conditioning: Any,
    prompt: Any,
    count: int,
    *,
    guidance: float = 3.0,
    tolerance: float = margins.TOLERANCE,
    share: float = margins.SHARE,
) -> tuple[Any, Any]:
    """Our decoder's codes after the prompt and audiocraft's whole ones, (batch, codebooks, n) each,
    which agree."""
    from engine.composers.musicgen.model import weights
    from engine.composers.musicgen.model.decoder import Decoder

    held = weights.from_transformers(model, None)
    said = said_by_audiocraft(held, conditioning, prompt, count, guidance)
    how = {"guidance": guidance, "tolerance": tolerance, "share": share}
    ours = oracles.assert_same_codes(Decoder(held), conditioning, said, **how)
    return ours, said.codes


@installed
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("prompted", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_greedy_codes_are_the_same(
    guidance: float, prompted: bool, channels: int, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue("tiny_model" if channels == 1 else "tiny_stereo_model")
    prompt = None
    if prompted:
        prompt = torch.randint(64, (4 * channels, 30), generator=torch.Generator().manual_seed(5))
    ours, theirs = same_codes(model, conditioning(6, 1), prompt, 150, guidance=guidance)
    assert theirs.shape == (1, 4 * channels, 150)
    assert ours.shape == (1, 4 * channels, 120 if prompted else 150)
    assert len(ours.unique()) > 20


@pytest.mark.skipif(
    os.environ.get("MUSMED_AUDIOCRAFT_MUST_RUN") != "1",
    reason="half a minute and 6 GB: in audiocraft's own job only",
)
def test_greedy_codes_are_the_same_in_the_small_models_size(small_model: Any) -> None:
    prompt = torch.randint(2048, (4, 10), generator=torch.Generator().manual_seed(5))
    # 24 layers of random weights amplify a rounding: our own two layouts differ by 7e-4
    how = {"tolerance": 3e-3, "share": 0.95}
    ours, _ = same_codes(small_model, conditioning(12, 1, width=768), prompt, 40, **how)
    assert len(ours.unique()) > 20


@installed
def test_matrices_in_bfloat16_are_no_hindrance(tiny_model: Any) -> None:
    """As ``choose_device`` has them on many a processor. The two then round differently."""
    from engine.composers.musicgen.decoders import audiocraft
    from engine.composers.musicgen.model import weights

    held = weights.from_transformers(tiny_model, None, torch.bfloat16)
    frames = audiocraft.open_decoder(held).frames(conditioning(6, 1), None, 20, seed=0)
    assert torch.cat(list(frames), dim=-1).shape == (4, 20)


@installed
def test_a_batch_of_prompts_of_several_lengths(tiny_model: Any) -> None:
    ours, _ = same_codes(tiny_model, [conditioning(3, 1), conditioning(7, 2)], None, 60)
    assert ours.shape == (2, 4, 60)
    assert not torch.equal(ours[0], ours[1])


@installed
def test_weights_that_change_along_the_clip(tiny_model: Any) -> None:
    """Two prompts, the first fading into the second: the same bias on both sides."""
    share = torch.linspace(0, 1, 80)[:, None]
    bias = torch.cat([(1 - share).log().expand(80, 4), share.log().expand(80, 5)], dim=1)
    faded = conditioning(9, 3, bias)
    ours, _ = same_codes(tiny_model, faded, None, 80)
    plain, _ = same_codes(tiny_model, conditioning(9, 3), None, 80)
    assert not torch.equal(ours, plain)


@installed
def test_sampling_is_seeded_and_can_be_stopped(tiny_model: Any) -> None:
    from engine.composers.musicgen.decoders import audiocraft
    from engine.composers.musicgen.model import weights

    decoder = audiocraft.open_decoder(weights.from_transformers(tiny_model, None))

    def codes(seed: int) -> Any:
        (made,) = decoder.frames(conditioning(4, 1), None, 30, seed=seed)
        return made

    before = torch.random.get_rng_state()
    assert torch.equal(codes(1), codes(1))
    assert not torch.equal(codes(1), codes(2))
    assert torch.equal(before, torch.random.get_rng_state())
    asked = iter([False, False, True])
    stopped = decoder.frames(conditioning(4, 1), None, 30, seed=1, cancelled=lambda: next(asked))
    assert list(stopped) == []
    assert torch.equal(codes(1), codes(1)), "a stopped clip leaves nothing behind"


@pytest.mark.skipif(not LACKING, reason="audiocraft is installed")
def test_without_audiocraft_a_sentence_names_what_is_missing(tiny_model: Any) -> None:
    from engine.composers.musicgen.decoders import audiocraft
    from engine.composers.musicgen.model import weights

    with pytest.raises(MusmedError, match=r"audiocraft.*requirements-audiocraft\.txt"):
        audiocraft.open_decoder(weights.from_transformers(tiny_model, None))
