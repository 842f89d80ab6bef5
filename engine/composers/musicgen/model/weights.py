"""A MusicGen in memory: from a checkpoint folder, or from transformers' own model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.composers.musicgen.files.adapters import Adapter
from engine.composers.musicgen.files.catalogue import repo_of
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model.affect_prefix import AffectPrefix, prefixes_of
from engine.composers.musicgen.model.codec import fold, lengths_on_host
from engine.composers.musicgen.model.delay import delays_of, positions_of
from engine.composers.musicgen.model.device import is_out_of_memory
from engine.composers.musicgen.model.fused import DecoderWeights, fuse
from engine.composers.musicgen.model.merging import merge
from engine.errors import MusmedError
from engine.plan.clock import CLIP_SECONDS

if TYPE_CHECKING:
    from transformers import (
        EncodecModel,
        MusicgenConfig,
        MusicgenForCausalLM,
        MusicgenForConditionalGeneration,
        MusicgenMelodyConfig,
        MusicgenMelodyForConditionalGeneration,
        PreTrainedModel,
        PreTrainedTokenizerBase,
        T5EncoderModel,
    )

    Module = TypeVar("Module", bound=PreTrainedModel)

TEXT_TOKENS = 256
"""A prompt's tokens beyond this many are cut off."""
MOST_POSITIONS = 1 << 16
"""The table of places is made before anything else could say that a config is absurd."""

_PROJECTION = "enc_to_dec_proj."
_TEXT, _CODEC = "text_encoder.", "audio_encoder."

State = dict[str, Tensor]


@dataclass(frozen=True)
class Model:
    """Everything between a prompt and audio. ``text`` is a T5 encoder with its ``tokenizer``,
    ``codec`` an EnCodec; both stay transformers' own, in float32, for they take little time.
    ``prefixes``: those of the adapters, each with its adapter's scale."""

    decoder: DecoderWeights
    text: T5EncoderModel
    tokenizer: PreTrainedTokenizerBase
    codec: EncodecModel
    frame_rate: int
    sample_rate: int
    channels: int
    codebooks: int
    config: MusicgenConfig | MusicgenMelodyConfig
    prefixes: tuple[AffectPrefix, ...] = ()

    def text_states(self, prompt: str) -> Tensor:
        """The text encoder's states of ``prompt``: (tokens, text width), float32."""
        return text_states(self.text, self.tokenizer, prompt)


@torch.inference_mode()
def text_states(text: T5EncoderModel, tokenizer: PreTrainedTokenizerBase, prompt: str) -> Tensor:
    """The states of ``prompt``: (tokens, text width), float32."""
    ids = tokenizer(prompt, truncation=True, max_length=TEXT_TOKENS)["input_ids"]
    tokens = torch.tensor([ids], device=text.device)
    states: Tensor = text(input_ids=tokens).last_hidden_state[0]
    return states


def load(
    checkpoint: Checkpoint,
    *,
    device: torch.device,
    dtype: torch.dtype,
    adapters: Sequence[Adapter] = (),
    rounded: torch.dtype | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Model:
    """Read a checkpoint; the decoder in ``dtype`` (int8: its layers rounded, for a CPU; see
    ``matrices``), adapters merged into it before that. ``rounded``: what the decoder's weights are
    rounded to first, on whatever machine.

    ``progress`` is given the share done, 0 to 1. Raises ``MusmedError`` for a folder whose files
    don't make a MusicGen.
    """
    from transformers import EncodecModel, T5EncoderModel

    with _complaining_of(checkpoint):
        config = _config(checkpoint)
    state = _read(checkpoint, adapters, lambda share: progress(0.5 * share))
    if rounded is not None:
        for name, tensor in state.items():
            if not name.startswith((_TEXT, _CODEC)):
                state[name] = tensor.to(rounded)
    with _complaining_of(checkpoint):
        decoder = fuse(state, config, device, dtype, lambda share: progress(0.5 + 0.3 * share))
        text = _module(T5EncoderModel, config.text_encoder, _own(_part(state, _TEXT)))
        progress(0.9)
        codec = _module(EncodecModel, config.audio_encoder, _own(_part(state, _CODEC)))
        state.clear()
        tokenizer = _tokenizer(checkpoint)
        fold(codec)
        for part in (text, codec):
            torch.nn.Module.to(part, device)
        model = _model(decoder, config, text, codec, tokenizer)
    model = replace(model, prefixes=prefixes_of(adapters, device))
    progress(1.0)
    return model


def load_codec(checkpoint: Checkpoint, device: torch.device) -> EncodecModel:
    """A checkpoint's EnCodec alone, as ``load`` has it. Raises ``MusmedError``."""
    from transformers import EncodecModel

    state = _own(_part(_read(checkpoint, (), parts=(_CODEC,)), _CODEC))
    with _complaining_of(checkpoint):
        codec = _module(EncodecModel, _config(checkpoint).audio_encoder, state)
        fold(codec)
        torch.nn.Module.to(codec, device)
        lengths_on_host(codec)
    codec.train(False).requires_grad_(False)
    return codec


def load_text(
    checkpoint: Checkpoint, device: torch.device
) -> tuple[T5EncoderModel, PreTrainedTokenizerBase]:
    """A checkpoint's text encoder alone, and its tokenizer. Raises ``MusmedError``."""
    from transformers import T5EncoderModel

    state = _own(_part(_read(checkpoint, (), parts=(_TEXT,)), _TEXT))
    with _complaining_of(checkpoint):
        text = _module(T5EncoderModel, _config(checkpoint).text_encoder, state)
        tokenizer = _tokenizer(checkpoint)
        torch.nn.Module.to(text, device)
    text.train(False).requires_grad_(False)
    return text, tokenizer


def load_transformers(
    checkpoint: Checkpoint,
    *,
    device: torch.device,
    dtype: torch.dtype,
    adapters: Sequence[Adapter] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[MusicgenForConditionalGeneration, PreTrainedTokenizerBase]:
    """The same checkpoint as transformers' own model and tokenizer, for the reference decoder."""
    from transformers import MusicgenForConditionalGeneration

    if checkpoint.config.get("model_type") != "musicgen":
        raise MusmedError(
            f"--decoder reference can't decode {checkpoint.name}, a melody model; leave it out."
        )
    with _complaining_of(checkpoint):
        config = _config(checkpoint)
    state = _read(checkpoint, adapters, lambda share: progress(0.8 * share))
    with _complaining_of(checkpoint):
        model = _module(MusicgenForConditionalGeneration, config, state)
        tokenizer = _tokenizer(checkpoint)
    for part in (model.decoder, getattr(model, "enc_to_dec_proj", None)):
        if part is not None:
            torch.nn.Module.to(part, dtype)
    torch.nn.Module.to(model, device).train(False)
    progress(1.0)
    return model, tokenizer


def load_frozen_decoder(
    checkpoint: Checkpoint, *, dtype: torch.dtype
) -> tuple[MusicgenForCausalLM, torch.nn.Linear | None]:
    """transformers' own decoder of a checkpoint, and the projection of the text before it (None
    where the text is as wide as the decoder), in ``dtype``, to train adapters for: text encoder and
    codec aren't read, and nothing is dropped in the decoder's own layers."""
    from transformers import MusicgenForCausalLM

    with _complaining_of(checkpoint):
        config: Any = _config(checkpoint)
    state = _read(checkpoint, (), lambda _: None, ("decoder.", _PROJECTION))
    for dropout in ("dropout", "attention_dropout", "activation_dropout", "layerdrop"):
        setattr(config.decoder, dropout, 0.0)
    with _complaining_of(checkpoint):
        decoder = _module(MusicgenForCausalLM, config.decoder, _part(state, "decoder."))
        projection = _projection(config, _part(state, _PROJECTION))
    for part in (decoder, projection):
        if part is not None:
            torch.nn.Module.to(part, dtype)
    return decoder, projection


def _projection(
    config: MusicgenConfig | MusicgenMelodyConfig, state: State
) -> torch.nn.Linear | None:
    parts: Any = config
    text, width = parts.text_encoder.d_model, parts.decoder.hidden_size
    if text == width:
        return None
    projection = torch.nn.Linear(text, width)
    for name, parameter in projection.named_parameters():
        if state[name].shape != parameter.shape:
            raise ValueError(f"{_PROJECTION}{name} is of another shape than the config says")
    projection.load_state_dict(state)
    return projection


def from_transformers(
    model: MusicgenForConditionalGeneration | MusicgenMelodyForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    dtype: torch.dtype | None = None,
    adapters: Sequence[Adapter] = (),
) -> Model:
    """The same from transformers' model in memory, on its device; the decoder in ``dtype``, None
    for the one it has. The weights are copied; text encoder and codec are shared. ``adapters``:
    those that are merged into it, for their affect prefixes."""
    config: Any = model.config
    dtype = dtype or next(model.decoder.parameters()).dtype
    decoder = fuse(model.state_dict(), config, model.device, dtype)
    text: Any = model.text_encoder
    codec: Any = model.audio_encoder
    made = _model(decoder, config, text, codec, tokenizer)
    return replace(made, prefixes=prefixes_of(adapters, model.device))


def _model(
    decoder: DecoderWeights,
    config: MusicgenConfig | MusicgenMelodyConfig,
    text: T5EncoderModel,
    codec: EncodecModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Model:
    audio: Any = codec.config
    lengths_on_host(codec)
    for part in (text, codec):
        part.train(False).requires_grad_(False)
    return Model(
        decoder=decoder,
        text=text,
        tokenizer=tokenizer,
        codec=codec,
        frame_rate=audio.frame_rate,
        sample_rate=audio.sampling_rate,
        channels=1 + (decoder.delays[1] == 0),
        codebooks=decoder.codebooks,
        config=config,
    )


def _read(
    checkpoint: Checkpoint,
    adapters: Sequence[Adapter],
    progress: Callable[[float], None] = lambda _: None,
    parts: tuple[str, ...] = ("",),
) -> State:
    """The tensors of a checkpoint by name whose names begin as one of ``parts``, the adapters
    merged."""
    state: State = {}
    for number, path in enumerate(checkpoint.weights):
        try:
            with safe_open(path, framework="pt") as file:
                names = [name for name in list(file.keys()) if name.startswith(parts)]
                for done, name in enumerate(names):
                    state[name] = file.get_tensor(name)
                    progress((number + done / len(names)) / len(checkpoint.weights))
        except (SafetensorError, OSError) as error:
            if is_out_of_memory(error):
                raise
            raise _unusable(checkpoint, str(error)) from error
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


def _own(state: State) -> State:
    """The same in memory of its own: a single tensor of a file keeps the whole file mapped."""
    return {name: tensor.clone() for name, tensor in state.items()}


def _module(kind: type[Module], config: object, state: State) -> Module:
    """One of transformers' models with exactly the weights in ``state``, in float32."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    load: Any = kind.from_pretrained
    model, report = load(
        None, config=config, state_dict=state, output_loading_info=True, trust_remote_code=False
    )
    if report["missing_keys"]:
        raise KeyError(min(report["missing_keys"]))
    made: Module = model.float()
    return made


def _config(checkpoint: Checkpoint) -> MusicgenConfig | MusicgenMelodyConfig:
    from transformers import MusicgenConfig, MusicgenMelodyConfig

    kinds = {"musicgen": MusicgenConfig, "musicgen_melody": MusicgenMelodyConfig}
    kind = kinds.get(str(checkpoint.config.get("model_type")))
    if kind is None:
        raise ValueError(f"a model of type {checkpoint.config.get('model_type')!r}")
    for part in ("text_encoder", "audio_encoder", "decoder"):
        if checkpoint.config[part].get("quantization_config"):
            raise ValueError(f"its {part} is quantised")
    config: MusicgenConfig | MusicgenMelodyConfig = kind(**checkpoint.config)
    _check_decoder(checkpoint, config)
    return config


def _check_decoder(checkpoint: Checkpoint, config: MusicgenConfig | MusicgenMelodyConfig) -> None:
    """Raise for a decoder whose heads don't share its width evenly, or that has fewer places than
    a window of code frames takes, with a melody model's prefix before it."""
    settings: Any = config.decoder
    audio: Any = config.audio_encoder
    if audio.frame_rate < 1:
        raise ValueError(f"a codec of {audio.sampling_rate} samples a second")
    if settings.num_attention_heads < 1 or settings.hidden_size % settings.num_attention_heads:
        raise ValueError(
            f"{settings.num_attention_heads} attention heads can't share a width of "
            f"{settings.hidden_size}"
        )
    if settings.num_codebooks < 2:
        raise ValueError(f"{settings.num_codebooks} codebooks, where MusicGen has four a channel")
    frames = round(CLIP_SECONDS * audio.frame_rate)
    needed = positions_of(frames, delays_of(settings.num_codebooks, settings.audio_channels))
    if config.model_type == "musicgen_melody":
        needed += int(getattr(config, "chroma_length", 0)) + TEXT_TOKENS
    if settings.max_position_embeddings > MOST_POSITIONS:
        raise ValueError(f"a decoder with {settings.max_position_embeddings} places")
    if settings.max_position_embeddings < needed:
        raise MusmedError(
            f"The model in {checkpoint.folder} has {settings.max_position_embeddings} places, and "
            f"the {CLIP_SECONDS:g} s that musmed composes at once take {needed}; choose one of "
            "'musmed models list'."
        )


def _tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        checkpoint.folder, local_files_only=True, trust_remote_code=False
    )


@contextlib.contextmanager
def _complaining_of(checkpoint: Checkpoint) -> Iterator[None]:
    """What goes wrong in here is the files' fault, but for memory."""
    try:
        yield
    except MusmedError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _unusable(checkpoint, _reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    return (said or type(error).__name__)[:200]


def _unusable(checkpoint: Checkpoint, why: str) -> MusmedError:
    again = (
        "mend them, or take one that 'musmed models get' fetches"
        if repo_of(checkpoint.name) is None
        else f"fetch them again with `musmed models get {checkpoint.name}`"
    )
    return MusmedError(f"The model files in {checkpoint.folder} can't be used ({why}); {again}.")
