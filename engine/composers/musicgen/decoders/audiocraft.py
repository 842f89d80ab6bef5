"""audiocraft's language model with our weights, behind the decoder's signature.

audiocraft is where MusicGen comes from. It is imported when it is asked for (``--decoder
audiocraft``) and needed for nothing else: the same weights give the same codes in our decoder,
which the tests assert where audiocraft is installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from engine.composers.musicgen.files.audiocraft_packages import HOW, check_installed
from engine.composers.musicgen.model.decoder import Conditioning
from engine.composers.musicgen.model.fused import CrossWeights, DecoderWeights
from engine.composers.musicgen.model.weights import Model
from engine.errors import MusmedError


def open_decoder(model: Model) -> AudiocraftDecoder:
    """audiocraft's decoder with the weights of ``model``, merged adapters included.

    Raises ``MusmedError`` where audiocraft is not installed or can't be imported.
    """
    check_installed()
    if model.decoder.cross_kv is None:
        raise MusmedError(
            "--decoder audiocraft is for models with cross-attention and not for the melody ones; "
            "leave --decoder out."
        )
    try:
        made = _language_model(model.decoder)
    except (ImportError, OSError) as error:  # OSError: a native library that does not fit
        raise MusmedError(
            f"audiocraft is installed but can't be imported ({error}); {HOW}, "
            "or leave --decoder out."
        ) from error
    return AudiocraftDecoder(made, model.decoder)


class AudiocraftDecoder:
    """``frames`` as ``Decoder`` has it, given out all together at the end."""

    def __init__(self, model: Any, weights: DecoderWeights) -> None:  # noqa: ANN401 - audiocraft's
        self._model = model
        self._weights = weights

    @torch.inference_mode()
    def frames(
        self,
        conditioning: Conditioning | Sequence[Conditioning],
        prompt: Tensor | None,
        count: int,
        *,
        seed: int,
        guidance: float = 3.0,
        top_k: int = 250,
        temperature: float = 1.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Tensor]:
        """As ``Decoder.frames``; the loop, guidance, sampling and delays are audiocraft's."""
        alone = isinstance(conditioning, Conditioning)
        clips = [conditioning] if isinstance(conditioning, Conditioning) else conditioning
        states, bias = self._text(clips, count)
        known = 0
        if prompt is not None:
            known = prompt.shape[-1]
            prompt = prompt.reshape(len(clips), -1, known).to(self._weights.device)

        def poll(_done: int, _total: int) -> None:
            if cancelled():
                raise _StoppedError

        self._model.condition_provider.states = states
        attributes = _module("modules.conditioners").ConditioningAttributes
        device = self._weights.device
        try:
            with (
                _weighed(self._model, bias),
                torch.random.fork_rng(
                    [] if device.type == "cpu" else [device], device_type=device.type
                ),
            ):
                torch.manual_seed(seed)
                codes = self._model.generate(
                    prompt=prompt,
                    conditions=[attributes(text={_TEXT: ""}) for _ in clips],
                    max_gen_len=count,
                    use_sampling=temperature > 0,
                    temp=temperature,
                    top_k=min(top_k, self._weights.codes),
                    cfg_coef=max(guidance, 1.0),
                    remove_prompts=True,
                    callback=poll,
                )
        except _StoppedError:
            return
        yield codes[0].cpu() if alone else codes.cpu()

    def _text(self, clips: Sequence[Conditioning], count: int) -> tuple[Tensor, Tensor]:
        """What the cross-attention sees (2 batch, keys, hidden), the unconditional half zero, and
        its bias (2 batch, frames, keys)."""
        weights, keys = self._weights, max(len(clip.states) for clip in clips)
        like = weights.embedding
        states = like.new_zeros((2 * len(clips), keys, weights.hidden))
        bias = like.new_zeros((2 * len(clips), count, keys))
        for row, clip in enumerate(clips):
            used = len(clip.states)
            text = clip.states.to(like.device, like.dtype)
            if weights.text is not None:
                text = torch.nn.functional.linear(text, *weights.text)
            states[row, :used] = text
            bias[row, :, used:] = -torch.inf
            if clip.bias is not None:
                bias[row, :, :used] = clip.bias
        return states, bias


class _StoppedError(Exception):
    """Leaves audiocraft's ``generate``."""


_TEXT = "description"


class _Prepared:
    """Stands where audiocraft has its text encoder, and gives what is prepared already: the
    conditional and then the unconditional half."""

    def __init__(self) -> None:
        self.states: Tensor | None = None

    def tokenize(self, conditions: object) -> object:
        return conditions

    def __call__(self, _conditions: object) -> dict[str, tuple[Tensor, Tensor]]:
        assert self.states is not None
        everywhere = torch.ones(self.states.shape[:2], device=self.states.device)
        return {_TEXT: (self.states, everywhere)}


@contextmanager
def _weighed(model: Any, bias: Tensor) -> Iterator[None]:  # noqa: ANN401 - audiocraft's
    """Add the bias of the positions being decoded to every cross-attention's scores."""
    first = last = 0

    def begin(_module: object, args: tuple[Tensor, ...]) -> None:
        nonlocal first, last
        first, last = last, last + args[0].shape[1]

    def weigh(
        _module: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        positions = torch.arange(first, last, device=bias.device).clamp_max(bias.shape[1] - 1)
        return args, kwargs | {"attn_mask": bias.index_select(1, positions)[:, None]}

    hooks = [
        layer.cross_attention.register_forward_pre_hook(weigh, with_kwargs=True)
        for layer in model.transformer.layers
    ]
    hooks.append(model.transformer.register_forward_pre_hook(begin))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _module(name: str) -> Any:  # noqa: ANN401 - audiocraft has no types
    return importlib.import_module(f"audiocraft.{name}")


def _language_model(weights: DecoderWeights) -> Any:  # noqa: ANN401 - audiocraft's
    """audiocraft's ``LMModel`` of that shape (its config/model/lm/musicgen_lm.yaml) and weights."""
    fuser = _module("modules.conditioners").ConditionFuser({"prepend": [], "cross": [_TEXT]})
    pattern = _module("modules.codebooks_patterns").DelayedPatternProvider(
        weights.codebooks, delays=list(weights.delays)
    )
    with torch.device("meta"):  # no memory and no random numbers: the weights are ours
        model = _module("models.lm").LMModel(
            pattern,
            _Prepared(),
            fuser,
            n_q=weights.codebooks,
            card=weights.codes,
            dim=weights.hidden,
            num_heads=weights.attention_heads,
            hidden_scale=weights.layers[0].feed_in.dense().shape[0] // weights.hidden,
            norm="layer_norm",
            norm_first=True,
            bias_proj=False,
            num_layers=len(weights.layers),
            causal=True,
            custom=True,
            cross_attention=True,
            bias_ff=False,
            bias_attn=False,
            dropout=0.0,
            activation="gelu",
        )
    model.load_state_dict(_names(weights), assign=True)
    # On a CPU the layers' matrices may be bfloat16 and all else float32, which can't be mixed here.
    return model.to(weights.dtype).eval().requires_grad_(False)


def _names(weights: DecoderWeights) -> dict[str, Tensor]:
    """Our weights under audiocraft's names."""
    named: dict[str, Tensor] = {}

    def norm(name: str, pair: tuple[Tensor, Tensor]) -> None:
        named[f"{name}.weight"], named[f"{name}.bias"] = pair

    for k, (table, head) in enumerate(
        zip(
            weights.embedding.chunk(weights.codebooks),
            weights.heads.dense().chunk(weights.codebooks),
            strict=True,
        )
    ):
        named[f"emb.{k}.weight"], named[f"linears.{k}.weight"] = table, head
    for index, layer in enumerate(weights.layers):
        at = f"transformer.layers.{index}."
        named[f"{at}self_attn.in_proj_weight"] = layer.qkv.dense()
        named[f"{at}self_attn.out_proj.weight"] = layer.self_out.dense()
        named[f"{at}linear1.weight"] = layer.feed_in.dense()
        named[f"{at}linear2.weight"] = layer.feed_out.dense()
        norm(f"{at}norm1", layer.self_norm)
        norm(f"{at}norm2", layer.feed_norm)
    for index, (cross, kv) in enumerate(_crosses(weights)):
        at = f"transformer.layers.{index}."
        named[f"{at}cross_attention.in_proj_weight"] = torch.cat([cross.q.dense(), kv])
        named[f"{at}cross_attention.out_proj.weight"] = cross.out.dense()
        norm(f"{at}norm_cross", cross.norm)
    norm("out_norm", weights.norm)
    return named


def _crosses(weights: DecoderWeights) -> Iterator[tuple[CrossWeights, Tensor]]:
    """Each layer's cross-attention with its k and v, one below the other."""
    assert weights.cross_kv is not None
    for layer, kv in zip(weights.layers, weights.cross_kv, strict=True):
        assert layer.cross is not None
        yield layer.cross, kv
