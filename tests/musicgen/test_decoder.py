"""The decoder against transformers' ``generate``, float32 on the CPU: the same codes wherever
rounding can't decide (``margins``)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from support import oracles

from engine.composers.musicgen.decoders.reference import ReferenceDecoder
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.delay import positions_of, undelayed
from engine.composers.musicgen.model.sampler import draw
from engine.composers.musicgen.model.step import DRAWN_STEPS
from engine.composers.musicgen.model.weights import Model, from_transformers

FRAMES = 70
CALM, DARK = "calm piano music", "dark drums and slow strings, for the epic"


@pytest.fixture(scope="module")
def model(tiny_model: Any, tokenizer: Any) -> Model:
    return from_transformers(tiny_model, tokenizer)


@pytest.fixture(scope="module")
def decoder(model: Model) -> Decoder:
    return Decoder(model)


@pytest.fixture(scope="module")
def theirs(tiny_model: Any, tokenizer: Any, generate_codes: Any) -> Any:
    """What transformers' ``generate`` says on texts after a prompt (batch, codebooks, n) or None:
    (texts, prompt, ...) -> Run."""

    def generate(texts: list[str], prompt: Any = None, **how: Any) -> oracles.Run:
        inputs = tokenizer(texts, return_tensors="pt", padding=True)
        known = 0
        if prompt is not None:
            known = prompt.shape[-1]
            how["decoder_input_ids"] = prompt.flatten(0, 1)

        def run() -> Any:
            return generate_codes(tiny_model, inputs, FRAMES, **how)[..., known:]

        return oracles.watch_transformers(tiny_model, prompt, run)

    return generate


def decoded(decoder: Any, conditioning: Any, prompt: Any = None, **how: Any) -> Any:
    """All new frames of one clip, greedily unless told otherwise."""
    how = {"count": FRAMES, "seed": 0, "temperature": 0.0} | how
    return torch.cat(list(decoder.frames(conditioning, prompt, **how)), dim=-1)


def about(model: Model, prompt: str, bias: Any = None) -> Conditioning:
    return Conditioning(model.text_states(prompt), bias)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("known", [0, 1, 30])
def test_greedy_tokens_are_transformers(
    theirs: Any, model: Model, decoder: Decoder, guidance: float, known: int
) -> None:
    how = {"do_sample": False, "guidance_scale": guidance}
    said = theirs([CALM], **how)
    if known:
        prompt = said.codes[..., :known].roll(1, dims=1)  # not what it would have said itself
        said = theirs([CALM], prompt, **how)
    assert said.codes.unique().numel() > 20
    oracles.assert_same_codes(decoder, about(model, CALM), said, guidance=guidance)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("known", [0, 12])
def test_a_batch_is_transformers_batch(
    theirs: Any, model: Model, decoder: Decoder, guidance: float, known: int
) -> None:
    """Two prompts of unequal length, padded by transformers, simply shorter here."""
    prompt = torch.randint(0, 64, (2, 4, known)) if known else None
    said = theirs([CALM, DARK], prompt, do_sample=False, guidance_scale=guidance)
    both = [about(model, CALM), about(model, DARK)]
    oracles.assert_same_codes(decoder, both, said, guidance=guidance)
    # alone it goes through matrices of other shapes, and so through other kernels
    ours = oracles.decode(decoder, both, prompt, FRAMES, guidance=guidance).row(1)
    oracles.assert_same_codes(decoder, both[1], ours, guidance=guidance)


def test_a_stereo_model_is_transformers(
    tiny_stereo_model: Any, tokenizer: Any, generate_codes: Any
) -> None:
    inputs = tokenizer([CALM], return_tensors="pt")
    how = {"do_sample": False, "guidance_scale": 3.0}
    said = oracles.watch_transformers(
        tiny_stereo_model, None, lambda: generate_codes(tiny_stereo_model, inputs, FRAMES, **how)
    )
    model = from_transformers(tiny_stereo_model, tokenizer)
    assert (model.channels, model.codebooks) == (2, 8)
    oracles.assert_same_codes(Decoder(model), about(model, CALM), said)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
@pytest.mark.parametrize("merged", [True, False])
def test_an_adapter_is_peft_s(
    build: Any, tokenizer: Any, generate_codes: Any, merged: bool
) -> None:
    """Ours merges before it fuses; peft adds the difference at every step, or merges as well."""
    peft = pytest.importorskip("peft")
    base = build.model(build.config(), seed=5)
    plain = decoded(Decoder(from_transformers(base, tokenizer)), about_of(base, tokenizer))
    names = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
    torch.manual_seed(1)
    adapted = peft.get_peft_model(
        base, peft.LoraConfig(r=4, lora_alpha=8, target_modules=names, init_lora_weights=False)
    ).eval()
    inputs = tokenizer([CALM], return_tensors="pt")
    how = {"do_sample": False, "guidance_scale": 3.0}
    whole = adapted.merge_and_unload() if merged else adapted.base_model.model
    said = oracles.watch_transformers(
        whole, None, lambda: generate_codes(whole, inputs, FRAMES, **how)
    )
    model = from_transformers(base if merged else adapted.merge_and_unload(), tokenizer)
    ours = oracles.assert_same_codes(Decoder(model), about(model, CALM), said)
    assert not torch.equal(ours[0], plain)


def about_of(model: Any, tokenizer: Any) -> Conditioning:
    return about(from_transformers(model, tokenizer), CALM)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_sampled_tokens_are_transformers_given_the_same_draws(
    theirs: Any, model: Model, decoder: Decoder, monkeypatch: pytest.MonkeyPatch, guidance: float
) -> None:
    """transformers' temperature, top-k and softmax, with our draws instead of multinomial's."""
    known, seed = 10, 11
    prompt = torch.randint(0, 64, (1, 4, known))
    generator = torch.Generator().manual_seed(seed)
    position = known
    draws: Any = None

    def multinomial(probabilities: Any, num_samples: int) -> Any:
        nonlocal position, draws
        assert num_samples == 1
        if (position - known) % DRAWN_STEPS == 0:
            draws = draw((DRAWN_STEPS, 1, 4, 64), generator)
        row = draws[position % DRAWN_STEPS, 0]
        position += 1
        return (probabilities / row).argmax(-1, keepdim=True)

    sampling = {"top_k": 20, "temperature": 1.3}
    with monkeypatch.context() as patched:
        patched.setattr(torch, "multinomial", multinomial)
        said = theirs([CALM], prompt, do_sample=True, guidance_scale=guidance, **sampling)
    assert position == positions_of(FRAMES, (0, 1, 2, 3)) - 1
    how = {"seed": seed, "guidance": guidance, **sampling}
    oracles.assert_same_codes(decoder, about(model, CALM), said, **how)


def test_seeds(model: Model, decoder: Decoder) -> None:
    calm = about(model, CALM)
    first = decoded(decoder, calm, seed=1, temperature=1.0)
    assert torch.equal(first, decoded(decoder, calm, seed=1, temperature=1.0))
    assert not torch.equal(first, decoded(decoder, calm, seed=2, temperature=1.0))
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    decoded(decoder, calm, seed=3, temperature=1.0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_new_clip_does_not_remember_the_last(model: Model, decoder: Decoder) -> None:
    fresh = decoded(Decoder(model), about(model, CALM))
    decoded(decoder, about(model, DARK), torch.randint(0, 64, (4, 40)), count=300)
    assert torch.equal(decoded(decoder, about(model, CALM)), fresh)


def test_frames_come_whole_in_order_and_early(model: Model, decoder: Decoder) -> None:
    pieces = list(decoder.frames(about(model, CALM), None, 120, seed=0, temperature=0.0))
    sizes = [piece.shape[-1] for piece in pieces]
    assert sizes == [22, 25, 25, 25, 23]
    assert all(piece.device.type == "cpu" and piece.dtype == torch.long for piece in pieces)
    assert all((piece >= 0).all() and (piece < 64).all() for piece in pieces)
    with torch.inference_mode():
        assert decoder._state is not None
        grid = decoder._state.grid
    assert torch.equal(torch.cat(pieces, dim=-1), undelayed(grid[0], 0, 120, (0, 1, 2, 3)))


class TestBias:
    """Log-weights on the text's keys."""

    def both(self, model: Model) -> tuple[Any, int]:
        calm, dark = model.text_states(CALM), model.text_states(DARK)
        return torch.cat([calm, dark]), len(calm)

    @pytest.mark.parametrize("guidance", [1.0, 3.0])
    def test_zero_is_none(self, model: Model, decoder: Decoder, guidance: float) -> None:
        states, _ = self.both(model)
        ours = decoded(
            decoder, Conditioning(states, torch.zeros(FRAMES, len(states))), guidance=guidance
        )
        assert torch.equal(ours, decoded(decoder, Conditioning(states), guidance=guidance))

    @pytest.mark.parametrize("temperature", [0.0, 1.0])
    def test_a_prompt_of_weight_zero_is_absent(
        self, model: Model, decoder: Decoder, temperature: float
    ) -> None:
        states, split = self.both(model)
        for text, absent in ((CALM, slice(split, None)), (DARK, slice(0, split))):
            bias = torch.zeros(FRAMES, len(states))
            bias[:, absent] = -torch.inf
            ours = decoded(decoder, Conditioning(states, bias), temperature=temperature)
            alone = decoded(decoder, about(model, text), temperature=temperature)
            assert torch.equal(ours, alone)

    def test_a_bias_that_moves_is_transformers_with_the_same_bias(
        self, model: Model, decoder: Decoder, tiny_model: Any
    ) -> None:
        states, split = self.both(model)
        weight = torch.linspace(0.02, 0.98, FRAMES)[:, None]
        bias = torch.cat(
            [(1 - weight).log().expand(-1, split), weight.log().expand(-1, len(states) - split)], 1
        )
        prompt = torch.randint(0, 64, (4, 9), generator=torch.Generator().manual_seed(4))
        moving = Conditioning(states * 30, bias)  # so loud that the text decides
        reference = ReferenceDecoder(tiny_model)
        said = oracles.watch_transformers(
            tiny_model, prompt, lambda: decoded(reference, moving, prompt)
        )
        ours = oracles.assert_same_codes(decoder, moving, said)
        still = decoded(decoder, Conditioning(states * 30), prompt)
        assert not torch.equal(ours[0], still)

    def test_each_frame_has_its_own_row(self, model: Model, decoder: Decoder) -> None:
        """Up to the frame at which the bias changes nothing is different."""
        states, split = self.both(model)
        bias = torch.zeros(FRAMES, len(states))
        changed = bias.clone()
        changed[40:, :split] = -torch.inf
        before = decoded(decoder, Conditioning(states * 30, bias))
        after = decoded(decoder, Conditioning(states * 30, changed))
        assert torch.equal(before[0, :40], after[0, :40])
        assert not torch.equal(before[0, 40:], after[0, 40:])

    def test_a_frame_without_any_text_is_an_error(self, model: Model, decoder: Decoder) -> None:
        states, _ = self.both(model)
        bias = torch.zeros(FRAMES, len(states))
        bias[3] = -torch.inf
        with pytest.raises(ValueError, match="-inf"):
            decoded(decoder, Conditioning(states, bias))
        with pytest.raises(ValueError, match="frames"):
            decoded(decoder, Conditioning(states, bias[1:]))


class TestEnds:
    @pytest.mark.parametrize("kind", ["ours", "reference"])
    def test_it_stops_at_the_step_at_which_it_is_told(
        self, model: Model, decoder: Decoder, tiny_model: Any, kind: str
    ) -> None:
        asked = 0

        def cancelled() -> bool:
            nonlocal asked
            asked += 1
            return asked > 30 * each

        each = len(model.decoder.layers) if kind == "ours" else 1
        chosen = decoder if kind == "ours" else ReferenceDecoder(tiny_model)
        pieces = list(chosen.frames(about(model, CALM), None, 200, seed=0, cancelled=cancelled))
        assert asked == 30 * each + 1
        assert sum(piece.shape[-1] for piece in pieces) == (22 if kind == "ours" else 0)

    def test_it_stops_between_two_layers_and_the_next_clip_is_as_ever(self, model: Model) -> None:
        decoder, asked = Decoder(model), itertools.count()
        layers = len(model.decoder.layers)
        first = 40 * layers + 1
        frames = decoder.frames(
            about(model, DARK), None, 200, seed=0, cancelled=lambda: next(asked) >= first
        )
        assert sum(piece.shape[-1] for piece in frames) == 22
        assert next(asked) == first + 1
        exact = decoded(Decoder(model), about(model, CALM))
        assert torch.equal(decoded(decoder, about(model, CALM)), exact)

    def test_a_long_prompt_can_be_stopped_as_well(self, model: Model, decoder: Decoder) -> None:
        answers = iter([False, False, True])
        prompt = torch.randint(0, 64, (4, 300))
        stopped = decoder.frames(
            about(model, CALM), prompt, 400, seed=0, cancelled=lambda: next(answers)
        )
        assert list(stopped) == []

    def test_a_clip_begun_meanwhile_ends_this_one(self, model: Model, decoder: Decoder) -> None:
        first = decoder.frames(about(model, CALM), None, 200, seed=0)
        next(first)
        decoded(decoder, about(model, DARK))
        with pytest.raises(RuntimeError, match="another"):
            next(first)

    def test_what_does_not_fit_is_refused(self, model: Model, decoder: Decoder) -> None:
        short = Decoder(model, max_seconds=5)
        with pytest.raises(ValueError, match="fit"):
            decoded(short, about(model, CALM), count=260)
        with pytest.raises(ValueError, match="prompt"):
            decoded(decoder, about(model, CALM), torch.zeros((3, 5), dtype=torch.long))


def test_nothing_is_left_to_decode(model: Model, decoder: Decoder) -> None:
    prompt = torch.randint(0, 64, (4, FRAMES))
    assert list(decoder.frames(about(model, CALM), prompt, FRAMES, seed=0)) == []


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_teacher_forced_logits_are_transformers(
    tiny_model: Any, tokenizer: Any, model: Model, decoder: Decoder, guidance: float
) -> None:
    codes = torch.randint(0, 64, (4, 50), generator=torch.Generator().manual_seed(2))
    ours = decoder.logits(about(model, CALM), codes, guidance)
    theirs = transformers_logits(tiny_model, tokenizer, codes)
    assert ours.shape == (2 if guidance > 1 else 1, 4, 53, 64)
    assert (ours[0] - theirs).abs().max() < 1e-4 * theirs.abs().max()


def transformers_logits(model: Any, tokenizer: Any, codes: Any) -> Any:
    start = torch.cat([torch.full((4, 1), 64), codes], dim=1)
    _, pattern = model.decoder.build_delay_pattern_mask(start, 64, codes.shape[1] + 4)
    with torch.inference_mode():
        inputs = tokenizer([CALM], return_tensors="pt")
        return model(**inputs, decoder_input_ids=pattern[:, :-1]).logits


def test_a_step_over_a_bucket_is_a_step_over_the_past(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a CUDA graph captures, here run on the CPU: the later positions are masked. Attention
    over another length adds in another order."""
    from engine.composers.musicgen.model import attention
    from engine.composers.musicgen.model import decoder as module

    monkeypatch.setattr(attention, "gathers", lambda _: False)
    exact = oracles.decode(Decoder(model), about(model, CALM), None, 300)
    real: Callable[..., None] = module.step

    def bucketed(
        weights: Any, state: Any, sampling: Any, span: int, *, masked: bool, **how: Any
    ) -> None:
        assert not masked
        state.past.cache[..., span:, :] = 1e4  # what is left there must not be heard
        real(weights, state, sampling, -(-span // 256) * 256, masked=True, **how)

    monkeypatch.setattr(module, "step", bucketed)
    oracles.assert_same_codes(Decoder(model), about(model, CALM), exact)


def test_plain_matrices_say_the_same(
    tiny_model: Any, tokenizer: Any, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layout that CUDA and MPS take, on the CPU: another library's product."""
    from engine.composers.musicgen.model import matrices

    monkeypatch.setattr(matrices, "packs", lambda _: False)
    plain = from_transformers(tiny_model, tokenizer)
    assert isinstance(plain.decoder.layers[0].qkv, matrices.Dense)
    for guidance in (1.0, 3.0):
        prompt, text = torch.randint(0, 64, (4, 20)), about(model, CALM)
        packed = oracles.decode(Decoder(model), text, prompt, FRAMES, guidance=guidance)
        oracles.assert_same_codes(Decoder(plain), text, packed, guidance=guidance)
