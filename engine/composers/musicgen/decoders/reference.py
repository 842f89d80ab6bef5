"""The decoder that transformers has, behind the same signature as ours: the oracle of the tests,
and ``--decoder reference`` for a machine on which ours is doubted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import Tensor

from engine.composers.musicgen.model.decoder import Conditioning
from engine.composers.musicgen.model.delay import delays_of, positions_of, undelayed
from engine.composers.musicgen.model.sampler import Sampling

if TYPE_CHECKING:
    from transformers import MusicgenForConditionalGeneration

    HookArguments = tuple[tuple[object, ...], dict[str, Any]]


class ReferenceDecoder:
    """``frames`` as ``Decoder`` has it, given out all together at the end."""

    def __init__(self, model: MusicgenForConditionalGeneration) -> None:
        self._model = model
        settings: Any = model.config.decoder
        self._delays = delays_of(settings.num_codebooks, settings.audio_channels)

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
        """As ``Decoder.frames``; the loop, guidance, sampling and delays are transformers'."""
        from transformers import StoppingCriteriaList

        alone = isinstance(conditioning, Conditioning)
        clips = [conditioning] if isinstance(conditioning, Conditioning) else conditioning
        sampling = Sampling(guidance, top_k, temperature)
        states, bias = self._text(clips, count, sampling)
        how: dict[str, Any] = {"do_sample": False}
        if not sampling.greedy:
            how = {"do_sample": True, "temperature": temperature, "top_k": top_k}
        known = 0
        if prompt is not None:
            known = prompt.shape[-1]
            how["decoder_input_ids"] = prompt.reshape(-1, known).to(self._model.device)
        watch = _Watch(positions_of(count, self._delays), cancelled)
        weigh = self._model.decoder.register_forward_pre_hook(_weigher(bias), with_kwargs=True)
        devices = [] if self._model.device.type == "cpu" else [self._model.device]
        try:
            with torch.random.fork_rng(devices, device_type=self._model.device.type):
                torch.manual_seed(seed)
                self._model.generate(
                    inputs=torch.zeros(
                        (len(clips), states.shape[1]), dtype=torch.long, device=states.device
                    ),
                    encoder_outputs=(states,),
                    attention_mask=_of_condition(states, len(clips)),
                    max_length=watch.length,
                    guidance_scale=float(guidance),
                    stopping_criteria=StoppingCriteriaList([watch]),
                    **how,
                )
        except _EndedError:
            pass
        finally:
            weigh.remove()
        if watch.whole is not None:
            grid = watch.whole.view(len(clips), len(self._delays), -1)
            codes = undelayed(grid, known, count, self._delays).cpu()
            yield codes[0] if alone else codes

    def _text(
        self, clips: Sequence[Conditioning], count: int, sampling: Sampling
    ) -> tuple[Tensor, Tensor]:
        """The states of all rows (rows, keys, text width) and each frame's bias (rows, frames,
        keys); both 0 for the unconditional rows."""
        model, keys = self._model, max(len(clip.states) for clip in clips)
        rows = 2 * len(clips) if sampling.guided else len(clips)
        weight = next(model.decoder.parameters())
        states = weight.new_zeros((rows, keys, clips[0].states.shape[-1]))
        bias = weight.new_zeros((rows, count, keys))
        for row, clip in enumerate(clips):
            used = len(clip.states)
            states[row, :used] = clip.states
            bias[row, :, used:] = -torch.inf
            if clip.bias is not None:
                bias[row, :, :used] = clip.bias
        return states, bias


def _of_condition(states: Tensor, batch: int) -> Tensor:
    """The attention mask by which ``generate`` zeroes the unconditional rows' text."""
    mask = torch.zeros(states.shape[:2], dtype=torch.long, device=states.device)
    mask[:batch] = 1
    return mask


def _weigher(bias: Tensor) -> Callable[[object, tuple[object, ...], dict[str, Any]], HookArguments]:
    """A hook that gives the cross-attention the bias of the positions it is called for."""

    def weigh(_: object, args: tuple[object, ...], kwargs: dict[str, Any]) -> HookArguments:
        positions = torch.arange(kwargs["input_ids"].shape[-1], device=bias.device)
        positions += _past_length(kwargs)
        rows = bias.index_select(1, positions.clamp_max(bias.shape[1] - 1))
        return args, kwargs | {"encoder_attention_mask": rows[:, None]}

    return weigh


def _past_length(kwargs: dict[str, Any]) -> int:
    """How many positions the decoder was called for before this call."""
    for name in ("cache", "past_key_values"):  # since transformers 5.24, and until then
        if name in kwargs:
            past = kwargs[name]
            return 0 if past is None else int(past.get_seq_length())
    raise TypeError("this transformers has another name for the past of its decoder")


class _EndedError(Exception):
    """Leaves ``generate``: it would go on to decode audio, and fail on codes that aren't whole."""


class _Watch:
    """A stopping criterion: sees the codes after every step, and leaves when they are enough or
    ``cancelled`` says so."""

    def __init__(self, length: int, cancelled: Callable[[], bool]) -> None:
        self.length = length
        self.whole: Tensor | None = None
        self._cancelled = cancelled

    def __call__(self, input_ids: Tensor, scores: object, **kwargs: object) -> Tensor:
        if input_ids.shape[-1] >= self.length:
            self.whole = input_ids
            _leave()
        if self._cancelled():
            _leave()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def _leave() -> NoReturn:
    raise _EndedError
