"""What is trained: transformers' own MusicGen decoder, frozen, with peft's LoRA in it, and with
the affect prefix beside the text. Neither the text encoder nor the codec is loaded."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model.affect_prefix import AffectPrefix
from engine.composers.musicgen.model.delay import delays_of
from engine.composers.musicgen.model.weights import load_frozen_decoder
from engine.errors import MusmedError
from engine.training.adapter_files import lora_config
from engine.training.batches import random
from engine.training.loss import summed
from engine.training.recipe import Recipe
from engine.training.said import STOPPED, Stopped, StoppedError

if TYPE_CHECKING:
    from transformers import MusicgenForCausalLM


@dataclass(frozen=True)
class Batch:
    """``inputs``, ``labels``: (windows, codebooks, positions), int64. ``text``: (windows, tokens,
    text width), float32, of which ``text_heard`` (windows, tokens) is what is heard, the rest
    zeros. ``affects``: (windows, 2), valence and arousal, of which ``affect_heard`` (windows,) is
    heard."""

    inputs: Tensor
    labels: Tensor
    text: Tensor
    text_heard: Tensor
    affects: Tensor
    affect_heard: Tensor


class Kept:
    """By how much LoRA's inputs count while a batch is worked on, 0 for those left out: (windows,
    inputs of all layers), float32; None for all of them, as they are."""

    mask: Tensor | None = None


class WindowDropout(nn.Module):
    """LoRA's dropout, drawn by whoever draws the batch. An input is left out for a whole window
    (Gal and Ghahramani 2016), so that a window's gradient depends on its place in the batch alone:
    not on how many are worked on at once, by how many processes or on which device."""

    def __init__(self, kept: Kept, first: int, inputs: int) -> None:
        super().__init__()
        self.kept = kept
        self.inputs = slice(first, first + inputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.kept.mask is None:
            return x
        return x * self.kept.mask[:, None, self.inputs]


class Trainable(nn.Module):
    """``decoder`` and ``enc_to_dec_proj`` are called what the whole model calls them, so that
    peft's names are those of the whole model. What is trained is float32, the rest as loaded.
    ``stopped`` is asked all the while."""

    def __init__(
        self, decoder: MusicgenForCausalLM, enc_to_dec_proj: nn.Linear | None, text_width: int
    ) -> None:
        super().__init__()
        self.decoder = decoder
        self.enc_to_dec_proj = enc_to_dec_proj
        self.affect: AffectPrefix | None = None
        self.text_width = text_width
        self.kept = Kept()
        self.lora_inputs = 0
        self.stopped: Stopped = lambda: False
        self.requires_grad_(False)
        for layer in decoder.model.decoder.layers:
            layer.register_forward_pre_hook(self._ask)

    @property
    def delays(self) -> tuple[int, ...]:
        config = self.decoder.config
        return delays_of(config.num_codebooks, config.audio_channels)

    @property
    def pad(self) -> int:
        """The code that stands where there is none: the last of the embedding."""
        return self.decoder.config.vocab_size

    @property
    def device(self) -> torch.device:
        return self.decoder.device

    def trained(self) -> dict[str, nn.Parameter]:
        """By name, in one order for good."""
        named = [one for one in self.named_parameters() if one[1].requires_grad]
        return dict(sorted(named))

    def _ask(self, _: nn.Module, given: tuple[Tensor, ...]) -> None:
        """Raises ``StoppedError``, before a layer and on the way back before its gradient, once
        nobody wants it any more: on a CPU a batch may take minutes."""

        def ask(_: Tensor | None = None) -> None:
            if self.stopped():
                raise StoppedError(STOPPED)

        ask()
        if given[0].requires_grad:
            given[0].register_hook(ask)  # type: ignore[no-untyped-call]

    def put_lora(self, recipe: Recipe) -> None:
        """Put LoRA on the decoder's projections, as the recipe's seed draws it."""
        import peft

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random(recipe, "adapter").integers(1 << 62)))
            peft.inject_adapter_in_model(lora_config(recipe), self)
            layers: list[Any] = [one for one in self.modules() if hasattr(one, "lora_dropout")]
            for layer in layers:
                layer.lora_A.float()  # peft makes them in the base's own numbers
                layer.lora_B.float()
                layer.reset_lora_parameters("default", True)
        for layer in layers:
            inputs: int = layer.in_features
            dropout = WindowDropout(self.kept, self.lora_inputs, inputs)
            layer.lora_dropout["default"] = dropout
            self.lora_inputs += inputs

    def put_prefix(self, recipe: Recipe) -> None:
        """Put as many keys beside the text as ``recipe`` has, begun as its seed draws them."""
        seed = int(random(recipe, "prefix").integers(1 << 62))
        self.affect = AffectPrefix(recipe.affect_keys, self.text_width, seed=seed)

    def heard(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the decoder's second attention hears of a batch, projected, (windows, keys, width),
        and its mask (windows, keys). Who hears nothing hears zeros, at one key."""
        text = self._projected(batch.text) * batch.text_heard[..., None]
        mask = batch.text_heard.clone()
        if self.affect is None:
            mask[:, 0] |= ~mask.any(dim=1)
            return text, mask
        keys = self._projected(self.affect(batch.affects))
        mask[:, 0] |= ~(mask.any(dim=1) | batch.affect_heard)
        placed = batch.affect_heard[:, None].expand(-1, keys.shape[1])
        return torch.cat([keys, text], dim=1), torch.cat([placed, mask], dim=1)

    def _projected(self, states: Tensor) -> Tensor:
        states = states.to(self.decoder.dtype)
        return states if self.enc_to_dec_proj is None else self.enc_to_dec_proj(states)

    def forward(self, batch: Batch) -> Tensor:
        """The cross-entropy of each codebook, summed over the batch: (codebooks,), nats."""
        states, mask = self.heard(batch)
        windows, codebooks, positions = batch.inputs.shape
        said = self.decoder(
            input_ids=batch.inputs.flatten(0, 1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        )
        return summed(said.logits.view(windows, codebooks, positions, -1), batch.labels)


def check_base(checkpoint: Checkpoint) -> None:
    """Raises ``MusmedError`` for a melody model."""
    if checkpoint.config.get("model_type") != "musicgen":
        raise MusmedError(
            f"{checkpoint.name} is a melody model, and musmed trains those that hear text alone; "
            "take --base musicgen-small, musicgen-medium or musicgen-large."
        )


def open_trainable(
    checkpoint: Checkpoint,
    recipe: Recipe,
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> Trainable:
    """The decoder of ``checkpoint`` on ``device`` (None: the CPU) in ``dtype``, with what
    ``recipe`` trains in it. Raises ``MusmedError`` for a melody model, and for files that make no
    MusicGen."""
    check_base(checkpoint)
    decoder, projection = load_frozen_decoder(checkpoint, dtype=dtype)
    trainable = Trainable(decoder, projection, int(checkpoint.config["text_encoder"]["d_model"]))
    trainable.put_lora(recipe)
    if recipe.affect_keys:
        trainable.put_prefix(recipe)
    if recipe.checkpointing:
        enable: Any = decoder.gradient_checkpointing_enable
        with warnings.catch_warnings():  # of a name that older versions do not have
            warnings.simplefilter("ignore", FutureWarning)
            enable({"use_reentrant": False})
    return trainable.to(device or torch.device("cpu"))
