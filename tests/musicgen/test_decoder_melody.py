"""A melody model with text alone, against transformers' ``generate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from support import oracles

from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.weights import Model, from_transformers

FRAMES = 60
CALM, DARK = "calm piano music", "dark drums and slow strings"


@pytest.fixture(scope="module")
def whole(build: Any) -> Any:
    return build.model(build.melody_config())


@pytest.fixture(scope="module")
def model(whole: Any, tokenizer: Any) -> Model:
    return from_transformers(whole, tokenizer)


@pytest.fixture(scope="module")
def decoder(model: Model) -> Decoder:
    return Decoder(model)


@pytest.fixture(scope="module")
def theirs(whole: Any, tokenizer: Any, generate_codes: Any) -> Any:
    """What transformers' ``generate`` says after a prompt (1, codebooks, n) or None."""
    inputs = tokenizer([CALM], return_tensors="pt")

    def generate(prompt: Any = None, **how: Any) -> oracles.Run:
        known = 0
        if prompt is not None:
            known, how["decoder_input_ids"] = prompt.shape[-1], prompt[0]

        def run() -> Any:
            return generate_codes(whole, inputs, FRAMES, **how)[..., known:]

        return oracles.watch_transformers(whole, prompt, run)

    return generate


def decoded(decoder: Decoder, conditioning: Any, prompt: Any = None, **how: Any) -> Any:
    how = {"count": FRAMES, "seed": 0, "temperature": 0.0} | how
    return torch.cat(list(decoder.frames(conditioning, prompt, **how)), dim=-1)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("known", [0, 25])
def test_greedy_tokens_are_transformers(
    theirs: Any, model: Model, guidance: float, known: int
) -> None:
    prompt = torch.randint(0, 64, (1, 4, known)) if known else None
    said = theirs(prompt, do_sample=False, guidance_scale=guidance)
    assert said.codes.unique().numel() > 20
    text = Conditioning(model.text_states(CALM))
    oracles.assert_same_codes(Decoder(model), text, said, guidance=guidance)


def test_stereo_too(build: Any, tokenizer: Any, generate_codes: Any) -> None:
    whole = build.model(build.melody_config(channels=2))
    inputs = tokenizer([CALM], return_tensors="pt")
    how = {"do_sample": False, "guidance_scale": 3.0}
    said = oracles.watch_transformers(
        whole, None, lambda: generate_codes(whole, inputs, FRAMES, **how)
    )
    model = from_transformers(whole, tokenizer)
    oracles.assert_same_codes(Decoder(model), Conditioning(model.text_states(CALM)), said)


def test_from_a_folder(
    build: Any, whole: Any, model: Model, decoder: Decoder, tmp_path: Path
) -> None:
    from engine.composers.musicgen.files.checkpoints import Checkpoint
    from engine.composers.musicgen.model.weights import load, load_transformers
    from engine.errors import MusmedError

    folder = build.checkpoint(whole, tmp_path / "musicgen-melody-tiny")
    config = json.loads((folder / "config.json").read_text())
    files = (folder / "model.safetensors",)
    checkpoint = Checkpoint("melody", folder, config, files, "")
    loaded = load(checkpoint, device=torch.device("cpu"), dtype=torch.float32)
    text = Conditioning(model.text_states(CALM))
    oracles.assert_same_codes(Decoder(loaded), text, oracles.decode(decoder, text, None, FRAMES))
    with pytest.raises(MusmedError, match="--decoder"):
        load_transformers(checkpoint, device=torch.device("cpu"), dtype=torch.float32)


class TestBias:
    def both(self, model: Model) -> tuple[Any, int]:
        calm, dark = model.text_states(CALM) * 30, model.text_states(DARK) * 30
        return torch.cat([calm, dark]), len(calm)

    def test_zero_is_none(self, model: Model, decoder: Decoder) -> None:
        states, _ = self.both(model)
        ours = decoded(decoder, Conditioning(states, torch.zeros(FRAMES, len(states))))
        assert torch.equal(ours, decoded(decoder, Conditioning(states)))

    @pytest.mark.parametrize("guidance", [1.0, 3.0])
    def test_a_prompt_of_weight_zero_is_absent(
        self, model: Model, decoder: Decoder, guidance: float
    ) -> None:
        states, split = self.both(model)
        for kept in (slice(0, split), slice(split, None)):
            bias = torch.full((FRAMES, len(states)), -torch.inf)
            bias[:, kept] = 0.0
            ours = decoded(decoder, Conditioning(states, bias), guidance=guidance)
            alone = decoded(decoder, Conditioning(states[kept]), guidance=guidance)
            assert torch.equal(ours, alone)

    def test_the_weights_change_what_is_decoded_from_their_frame_on(
        self, model: Model, decoder: Decoder
    ) -> None:
        states, split = self.both(model)
        bias = torch.zeros(FRAMES, len(states))
        bias[:, :split] = 0.1  # two prompts, not one
        changed = bias.clone()
        changed[30:, :split] = -torch.inf
        loud = {"guidance": 100.0}  # the random model hardly listens to its text
        before = decoded(decoder, Conditioning(states, bias), **loud)
        after = decoded(decoder, Conditioning(states, changed), **loud)
        assert torch.equal(before[0, :30], after[0, :30])
        assert not torch.equal(before[0, 30:], after[0, 30:])

    def test_a_prompt_does_not_hear_the_one_before_it(self, model: Model, decoder: Decoder) -> None:
        """With the first prompt as good as absent in every frame, what it says is all the same."""
        states, split = self.both(model)
        bias = torch.zeros(FRAMES, len(states))
        bias[:, :split] = -1e4
        other = states.clone()
        other[:split] = torch.randn(split, states.shape[1])
        loud = {"guidance": 100.0}
        ours = decoded(decoder, Conditioning(states, bias), **loud)
        assert torch.equal(ours, decoded(decoder, Conditioning(other, bias), **loud))


def test_a_bucketed_step_is_the_same(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the order in which attention over another length adds."""
    from engine.composers.musicgen.model import attention
    from engine.composers.musicgen.model import decoder as module

    monkeypatch.setattr(attention, "gathers", lambda _: False)
    text = Conditioning(model.text_states(CALM))
    exact = oracles.decode(Decoder(model), text, None, 300)
    real = module.step

    def bucketed(
        weights: Any, state: Any, sampling: Any, span: int, *, masked: bool, **how: Any
    ) -> None:
        assert not masked
        real(weights, state, sampling, -(-span // 256) * 256, masked=True, **how)

    monkeypatch.setattr(module, "step", bucketed)
    oracles.assert_same_codes(Decoder(model), text, exact)


def test_a_batch_needs_texts_of_one_length(model: Model, decoder: Decoder) -> None:
    texts = [Conditioning(model.text_states(text)) for text in (CALM, DARK)]
    with pytest.raises(ValueError, match="equally long"):
        decoded(decoder, texts)
    twice = oracles.decode(decoder, [texts[0], texts[0]], None, FRAMES)
    oracles.assert_same_codes(decoder, texts[0], twice.row(1))  # other shapes, other kernels
