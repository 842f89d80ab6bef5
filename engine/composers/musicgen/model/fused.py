"""The language model's weights, with what is used together in one piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from engine.composers.musicgen.model.attention import kept_as
from engine.composers.musicgen.model.delay import delays_of
from engine.composers.musicgen.model.matrices import Matrix, matrix
from engine.composers.musicgen.model.one_place import Norm, OnePlace, layers_of

if TYPE_CHECKING:
    from transformers import MusicgenConfig, MusicgenMelodyConfig


@dataclass(frozen=True)
class CrossWeights:
    """A layer's attention to the text; its k and v are in ``DecoderWeights.cross_kv``."""

    norm: Norm
    q: Matrix
    out: Matrix


@dataclass(frozen=True)
class LayerWeights:
    """One transformer layer. ``qkv`` is q, k and v one below the other; ``cross`` is None in a
    model that has its text as a prefix."""

    self_norm: Norm
    qkv: Matrix
    self_out: Matrix
    cross: CrossWeights | None
    feed_norm: Norm
    feed_in: Matrix
    feed_out: Matrix


@dataclass(frozen=True)
class DecoderWeights:
    """The language model over codes.

    ``embedding`` (codebooks * (codes + 1), hidden): the tables of all codebooks one below the
    other, each ending with the pad code; ``offsets`` says where each begins. ``heads``
    (codebooks * codes, hidden) likewise. ``positions`` (positions, hidden): sinusoids. ``text``:
    weight and bias from the text encoder's width to ours. ``cross_kv`` (layers, 2 * hidden,
    hidden): k and v of every layer's cross-attention, used once for a clip. The melody models have
    no cross-attention but a prefix: ``melody`` (steps, hidden), which says that there is no melody,
    then the text; for others it is empty. ``kept``: the format of keys and
    values.
    """

    layers: tuple[LayerWeights, ...]
    embedding: Tensor
    offsets: Tensor
    positions: Tensor
    norm: Norm
    heads: Matrix
    text: tuple[Tensor, Tensor] | None
    cross_kv: Tensor | None
    melody: Tensor
    delays: tuple[int, ...]
    codes: int
    attention_heads: int
    kept: torch.dtype

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

    @cached_property
    def at_one_place(self) -> tuple[OnePlace, ...]:
        """The layers for one position on a CPU."""
        return layers_of(self.layers)

    def step_bytes(self) -> int:
        """How many bytes of weights one step has to read: the floor of its time is this (and the
        keys and values) over the memory's bandwidth."""
        matrices = [self.heads]
        for layer in self.layers:
            matrices += [layer.qkv, layer.self_out, layer.feed_in, layer.feed_out]
            if layer.cross is not None:
                matrices += [layer.cross.q, layer.cross.out]
        return sum(matrix.bytes() for matrix in matrices)


def fuse(
    state: Mapping[str, Tensor],
    config: MusicgenConfig | MusicgenMelodyConfig,
    device: torch.device,
    dtype: torch.dtype,
    progress: Callable[[float], None] = lambda _: None,
) -> DecoderWeights:
    """Concatenate what is used together. ``state`` has transformers' names; ``KeyError`` for
    one that is missing. On a CPU only the layers' matrices are in ``dtype`` (int8: rounded, and
    the heads with them), the rest is float32."""
    settings: Any = config.decoder
    if settings.activation_function != "gelu":
        raise ValueError(f"a decoder with {settings.activation_function} instead of gelu")
    base = "decoder.model.decoder."

    prefixed = config.model_type == "musicgen_melody"
    plain = torch.float32 if device.type == "cpu" else dtype

    def together(*names: str) -> Tensor:
        return torch.cat([state[name + ".weight"].to(device, plain) for name in names])

    def fast(*names: str) -> Matrix:
        return matrix(torch.cat([state[name + ".weight"] for name in names]), device, dtype)

    def after(given: Norm, *names: str) -> tuple[Norm, Matrix]:
        """What a norm gives, and what multiplies it."""
        weight = torch.cat([state[name + ".weight"] for name in names])
        if dtype == torch.int8:
            given, weight = balanced(given, weight.to(device, plain))
        return given, matrix(weight, device, dtype)

    def norm(name: str) -> Norm:
        weight, bias = (state[f"{name}.{part}"].to(device, plain) for part in ("weight", "bias"))
        return weight.clone(), bias.clone()

    def cross(at: str) -> CrossWeights:
        given, q = after(norm(at + "encoder_attn_layer_norm"), at + "encoder_attn.q_proj")
        return CrossWeights(
            norm=given,
            q=q,
            out=fast(at + "encoder_attn.out_proj"),
        )

    def layers() -> Iterator[LayerWeights]:
        for index in range(settings.num_hidden_layers):
            at = f"{base}layers.{index}."
            past = (f"{at}self_attn.{part}_proj" for part in "qkv")
            self_norm, qkv = after(norm(at + "self_attn_layer_norm"), *past)
            feed_norm, feed_in = after(norm(at + "final_layer_norm"), at + "fc1")
            yield LayerWeights(
                self_norm=self_norm,
                qkv=qkv,
                self_out=fast(at + "self_attn.out_proj"),
                cross=None if prefixed else cross(at),
                feed_norm=feed_norm,
                feed_in=feed_in,
                feed_out=fast(at + "fc2"),
            )
            progress((index + 1) / settings.num_hidden_layers)

    def no_melody() -> Tensor:
        if not prefixed:
            return torch.empty((0, settings.hidden_size), device=device, dtype=plain)
        weight, bias = norm("audio_enc_to_dec_proj")
        return (weight[:, 0] + bias).expand(config.chroma_length, -1)

    books, count = range(settings.num_codebooks), settings.num_hidden_layers
    text = None
    if "enc_to_dec_proj.weight" in state:
        text = norm("enc_to_dec_proj")
    return DecoderWeights(
        layers=tuple(layers()),
        embedding=together(*(f"{base}embed_tokens.{k}" for k in books)),
        offsets=torch.arange(len(books), device=device) * (settings.vocab_size + 1),
        positions=sinusoids(settings.max_position_embeddings, settings.hidden_size).to(
            device, plain
        ),
        norm=norm(base + "layer_norm"),
        heads=matrix(
            together(*(f"decoder.lm_heads.{k}" for k in books)),
            device,
            dtype if dtype == torch.int8 else plain,
        ),
        text=text,
        cross_kv=None
        if prefixed
        else together(
            *(f"{base}layers.{i}.encoder_attn.{part}_proj" for i in range(count) for part in "kv")
        ).view(count, -1, settings.hidden_size),
        melody=no_melody(),
        delays=delays_of(settings.num_codebooks, settings.audio_channels),
        codes=settings.vocab_size,
        attention_heads=settings.num_attention_heads,
        kept=kept_as(device, dtype),
    )


def balanced(norm: Norm, weight: Tensor) -> tuple[Norm, Tensor]:
    """The same product, with what is loud in each channel shared between the norm that gives it and
    the ``weight`` (out, in) that multiplies it: a few loud channels on either side would leave the
    others few of the steps that a row is rounded to. As SmoothQuant (Xiao et al. 2023), but with
    the norm's own numbers in the place of measured ones."""
    gain, offset = norm
    loud, soft = gain.hypot(offset), weight.abs().amax(0)
    loud, soft = (each.clamp_min(1e-4 * float(each.max()) + 1e-30) for each in (loud, soft))
    shared = (loud / soft).sqrt()
    return (gain / shared, offset / shared), weight * shared


def sinusoids(positions: int, width: int) -> Tensor:
    """Cosines and sines of the positions, frequencies from 1 to 1/10000 (Vaswani et al. 2017,
    in the order of audiocraft): (positions, width), float32."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
    phase = torch.arange(positions).float()[:, None] * frequencies
    return torch.cat([phase.cos(), phase.sin()], dim=1)
