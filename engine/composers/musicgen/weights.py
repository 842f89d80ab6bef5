"""The weights of a MusicGen: from a checkpoint folder or from transformers, fused for decoding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.composers.musicgen.adapters import Adapter
from engine.composers.musicgen.checkpoints import Checkpoint
from engine.composers.musicgen.delay import delays_of
from engine.composers.musicgen.merging import merge
from engine.errors import MusmedError

if TYPE_CHECKING:
    from transformers import (
        EncodecModel,
        MusicgenConfig,
        MusicgenForConditionalGeneration,
        PreTrainedTokenizerBase,
        T5EncoderModel,
    )

TEXT_TOKENS = 256
"""A prompt's tokens beyond this many are cut off."""

State = dict[str, Tensor]
Norm = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LayerWeights:
    """One transformer layer, matrices as (out, in). ``qkv`` is q, k and v one below the other.
    The cross-attention's k and v are in ``DecoderWeights.cross_kv``."""

    self_norm: Norm
    qkv: Tensor
    self_out: Tensor
    cross_norm: Norm
    cross_q: Tensor
    cross_out: Tensor
    feed_norm: Norm
    feed_in: Tensor
    feed_out: Tensor


@dataclass(frozen=True)
class DecoderWeights:
    """The language model over codes.

    ``embedding`` (codebooks * (codes + 1), hidden): the tables of all codebooks one below the
    other, each ending with the pad code; ``offsets`` says where each begins. ``heads``
    (codebooks * codes, hidden) likewise. ``positions`` (positions, hidden): sinusoids. ``text``:
    weight and bias from the text encoder's width to ours. ``cross_kv`` (layers * 2 * hidden,
    hidden): k and v of every layer's cross-attention, used once for a clip.
    """

    layers: tuple[LayerWeights, ...]
    embedding: Tensor
    offsets: Tensor
    positions: Tensor
    norm: Norm
    heads: Tensor
    text: tuple[Tensor, Tensor] | None
    cross_kv: Tensor
    delays: tuple[int, ...]
    codes: int
    attention_heads: int

    @property
    def hidden(self) -> int:
        return self.embedding.shape[-1]

    @property
    def codebooks(self) -> int:
        return len(self.delays)

    @property
    def pad(self) -> int:
        return self.codes

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.embedding.dtype

    def step_bytes(self) -> int:
        """How many bytes of weights one step has to read: the floor of its time is this (and the
        keys and values) over the memory's bandwidth."""
        matrices = [self.heads]
        for layer in self.layers:
            matrices += [layer.qkv, layer.self_out, layer.cross_q, layer.cross_out]
            matrices += [layer.feed_in, layer.feed_out]
        return sum(matrix.numel() * matrix.element_size() for matrix in matrices)


@dataclass(frozen=True)
class Model:
    """Everything between a prompt and audio. ``text`` is a T5 encoder with its ``tokenizer``,
    ``codec`` an EnCodec; both stay transformers' own, in float32, for they take little time."""

    decoder: DecoderWeights
    text: T5EncoderModel
    tokenizer: PreTrainedTokenizerBase
    codec: EncodecModel
    frame_rate: int
    sample_rate: int
    channels: int
    codebooks: int
    config: MusicgenConfig

    @torch.inference_mode()
    def text_states(self, prompt: str) -> Tensor:
        """The text encoder's states of ``prompt``: (tokens, text width), float32."""
        ids = self.tokenizer(prompt, truncation=True, max_length=TEXT_TOKENS)["input_ids"]
        tokens = torch.tensor([ids], device=self.decoder.device)
        states: Tensor = self.text(input_ids=tokens).last_hidden_state[0]
        return states


def load(
    checkpoint: Checkpoint,
    *,
    device: torch.device,
    dtype: torch.dtype,
    adapters: Sequence[Adapter] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> Model:
    """Read a checkpoint; the decoder in ``dtype``, adapters merged into it before that.

    ``progress`` is given the share done, 0 to 1. Raises ``MusmedError`` for a folder whose files
    don't make a MusicGen.
    """
    from transformers import AutoTokenizer, EncodecModel, MusicgenConfig, T5EncoderModel

    state = _read(checkpoint, adapters, lambda share: progress(0.5 * share))
    try:
        config = MusicgenConfig(**checkpoint.config)
        decoder = fuse(state, config, device, dtype, lambda share: progress(0.5 + 0.3 * share))
        text = T5EncoderModel.from_pretrained(
            None, config=config.text_encoder, state_dict=_part(state, "text_encoder.")
        )
        progress(0.9)
        codec = EncodecModel.from_pretrained(
            None, config=config.audio_encoder, state_dict=_part(state, "audio_encoder.")
        )
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True)
    except (KeyError, ValueError, OSError, RuntimeError) as error:
        raise _unusable(checkpoint, error) from error
    model = _model(decoder, config, text.to(device), codec.to(device), tokenizer)
    progress(1.0)
    return model


def load_transformers(
    checkpoint: Checkpoint,
    *,
    device: torch.device,
    dtype: torch.dtype,
    adapters: Sequence[Adapter] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[MusicgenForConditionalGeneration, PreTrainedTokenizerBase]:
    """The same checkpoint as transformers' own model and tokenizer, for the reference decoder."""
    from transformers import AutoTokenizer, MusicgenConfig, MusicgenForConditionalGeneration

    state = _read(checkpoint, adapters, lambda share: progress(0.5 * share))
    try:
        config = MusicgenConfig(**checkpoint.config)
        model = MusicgenForConditionalGeneration.from_pretrained(
            None, config=config, state_dict=state
        )
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True)
    except (KeyError, ValueError, OSError, RuntimeError) as error:
        raise _unusable(checkpoint, error) from error
    model.decoder.to(dtype)
    model.to(device).eval()
    progress(1.0)
    return model, tokenizer


def from_transformers(
    model: MusicgenForConditionalGeneration, tokenizer: PreTrainedTokenizerBase
) -> Model:
    """The same from a ``MusicgenForConditionalGeneration`` in memory, on its device and in its
    decoder's dtype. The weights are copied; text encoder and codec are shared."""
    dtype = next(model.decoder.parameters()).dtype
    decoder = fuse(model.state_dict(), model.config, model.device, dtype)
    return _model(decoder, model.config, model.text_encoder, model.audio_encoder, tokenizer)


def _model(
    decoder: DecoderWeights,
    config: MusicgenConfig,
    text: T5EncoderModel,
    codec: EncodecModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Model:
    return Model(
        decoder=decoder,
        text=text.eval().requires_grad_(False),
        tokenizer=tokenizer,
        codec=codec.eval().requires_grad_(False),
        frame_rate=config.audio_encoder.frame_rate,
        sample_rate=config.audio_encoder.sampling_rate,
        channels=config.decoder.audio_channels,
        codebooks=config.decoder.num_codebooks,
        config=config,
    )


def fuse(
    state: Mapping[str, Tensor],
    config: MusicgenConfig,
    device: torch.device,
    dtype: torch.dtype,
    progress: Callable[[float], None] = lambda _: None,
) -> DecoderWeights:
    """Concatenate what is used together. ``state`` has transformers' names; ``KeyError`` for
    one that is missing."""
    settings = config.decoder
    if settings.activation_function != "gelu":
        raise ValueError(f"a decoder with {settings.activation_function} instead of gelu")
    base = "decoder.model.decoder."

    def together(*names: str) -> Tensor:
        rows = [state[name + ".weight"].to(device=device, dtype=dtype) for name in names]
        return torch.cat(rows).contiguous()

    def norm(name: str) -> Norm:
        weight, bias = (state[f"{name}.{part}"].to(device, dtype) for part in ("weight", "bias"))
        return weight.clone(), bias.clone()

    def layers() -> Iterator[LayerWeights]:
        for index in range(settings.num_hidden_layers):
            at = f"{base}layers.{index}."
            yield LayerWeights(
                self_norm=norm(at + "self_attn_layer_norm"),
                qkv=together(*(f"{at}self_attn.{part}_proj" for part in "qkv")),
                self_out=together(at + "self_attn.out_proj"),
                cross_norm=norm(at + "encoder_attn_layer_norm"),
                cross_q=together(at + "encoder_attn.q_proj"),
                cross_out=together(at + "encoder_attn.out_proj"),
                feed_norm=norm(at + "final_layer_norm"),
                feed_in=together(at + "fc1"),
                feed_out=together(at + "fc2"),
            )
            progress((index + 1) / settings.num_hidden_layers)

    books, count = range(settings.num_codebooks), settings.num_hidden_layers
    text = None
    if "enc_to_dec_proj.weight" in state:
        text = norm("enc_to_dec_proj")
    return DecoderWeights(
        layers=tuple(layers()),
        embedding=together(*(f"{base}embed_tokens.{k}" for k in books)),
        offsets=torch.arange(len(books), device=device) * (settings.vocab_size + 1),
        positions=sinusoids(settings.max_position_embeddings, settings.hidden_size).to(
            device, dtype
        ),
        norm=norm(base + "layer_norm"),
        heads=together(*(f"decoder.lm_heads.{k}" for k in books)),
        text=text,
        cross_kv=together(
            *(f"{base}layers.{i}.encoder_attn.{part}_proj" for i in range(count) for part in "kv")
        ),
        delays=delays_of(settings.num_codebooks, settings.audio_channels),
        codes=settings.vocab_size,
        attention_heads=settings.num_attention_heads,
    )


def sinusoids(positions: int, width: int) -> Tensor:
    """Cosines and sines of the positions, frequencies from 1 to 1/10000 (Vaswani et al. 2017,
    in the order of audiocraft): (positions, width), float32."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
    phase = torch.arange(positions).float()[:, None] * frequencies
    return torch.cat([phase.cos(), phase.sin()], dim=1)


def _read(
    checkpoint: Checkpoint, adapters: Sequence[Adapter], progress: Callable[[float], None]
) -> State:
    """All tensors of a checkpoint by name, the adapters merged."""
    if checkpoint.config.get("model_type") != "musicgen":
        raise MusmedError(
            f"{checkpoint.name} is a model of type {checkpoint.config.get('model_type')!r}, which "
            "musmed cannot decode; choose one of `musmed models list`."
        )
    state: State = {}
    for number, path in enumerate(checkpoint.weights):
        try:
            with safe_open(path, framework="pt") as file:
                names = list(file.keys())
                for done, name in enumerate(names):
                    state[name] = file.get_tensor(name)
                    progress((number + done / len(names)) / len(checkpoint.weights))
        except (SafetensorError, OSError) as error:
            raise _unusable(checkpoint, error) from error
    merge(state, adapters)
    progress(1.0)
    return state


def _part(state: State, prefix: str) -> State:
    """The tensors under ``prefix``, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }


def _unusable(checkpoint: Checkpoint, error: Exception) -> MusmedError:
    return MusmedError(
        f"The model files in {checkpoint.folder} can't be used ({error}); fetch them again with "
        f"`musmed models get {checkpoint.name}`."
    )
