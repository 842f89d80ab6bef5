"""Decoding watched: what each step chose from, in our decoder and in transformers', so that their
codes can be compared by ``margins``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from support.margins import (
    LAST_BIT,
    MULTIPLE,
    SHARE,
    TOLERANCE,
    Doubles,
    Drawn,
    assert_near,
    assert_same_choices,
    assert_same_until_undecided,
    rounding_between,
)

from engine.composers.musicgen.model import step as steps_module
from engine.composers.musicgen.model.delay import OPEN, delayed


@dataclass(frozen=True)
class Run:
    """One decoding.

    ``codes`` (batch, codebooks, count): the prompt's ``known`` frames and what was decoded.
    ``logits`` (batch, codebooks, steps, codes): from which each step chose, guided, before
    temperature and top-k. Step i chooses the delay pattern's position ``known + 1 + i``.
    """

    codes: Any
    known: int
    logits: Doubles

    def row(self, clip: int) -> Run:
        """One clip of a batch."""
        return Run(self.codes[clip : clip + 1], self.known, self.logits[clip : clip + 1])

    def grid(self, delays: tuple[int, ...], pad: int) -> Any:
        """The codes that the steps chose (batch, codebooks, steps), under the delay pattern."""
        return delayed(self.codes, self.codes.shape[-1], delays, pad)[..., self.known + 1 :]

    def chosen_freely(self, delays: tuple[int, ...], pad: int) -> Any:
        """Where a step's choice counts (batch, codebooks, steps): not where a code was known or
        there is none."""
        whole = delayed(self.codes[..., : self.known], self.codes.shape[-1], delays, pad)
        return whole[..., self.known + 1 :] == OPEN


def whole_of(prompt: Any, new: Any) -> Any:
    """A prompt and what was decoded after it, (codebooks, n) or with a batch before: with one."""
    both = new if prompt is None else torch.cat([prompt, new], dim=-1)
    return both[None] if both.dim() == 2 else both


@dataclass
class _Watch:
    logits: list[Any]
    draws: list[Any]
    chosen: list[Any]


@contextlib.contextmanager
def _choosing(instead: Any = None) -> Iterator[_Watch]:
    """Our decoder's choices, seen. ``instead`` (batch, codebooks, steps): the codes that it goes on
    with, whatever it chose."""
    place: Any = steps_module
    watch, real = _Watch([], [], []), place.choose

    def choose(logits: Any, draws: Any, sampling: Any) -> Any:
        chosen = real(logits, draws, sampling)
        watch.logits.append(logits.clone())
        watch.draws.append(draws.clone())
        watch.chosen.append(chosen.clone())
        return chosen if instead is None else instead[..., len(watch.chosen) - 1].clone()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps_module, "choose", choose)
        yield watch


def _stacked(each_step: list[Any], dim: int) -> Any:
    return torch.stack(each_step, dim=dim).numpy()


def decode(decoder: Any, conditioning: Any, prompt: Any, count: int, **how: Any) -> Run:
    """Our decoder's own run: ``how`` as in ``Decoder.frames``, greedily unless told otherwise."""
    how = {"seed": 0, "temperature": 0.0, **how}
    with _choosing() as watch:
        new = torch.cat(list(decoder.frames(conditioning, prompt, count, **how)), dim=-1)
    known = 0 if prompt is None else prompt.shape[-1]
    return Run(whole_of(prompt, new), known, _stacked(watch.logits, 2).astype(np.float64))


class _Listener:
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.heard.append(scores.clone())
        return scores


def watch_transformers(model: Any, prompt: Any, run: Callable[[], Any]) -> Run:
    """What ``run`` decodes by ``model.generate``: it returns the frames after ``prompt``,
    (codebooks, n) or with a batch before."""
    heard: list[Any] = []
    real = model._get_logits_processor

    def with_listener(*args: Any, **kwargs: Any) -> Any:
        processors = real(*args, **kwargs)
        names = [type(each).__name__ for each in processors]
        warpers = [at for at, name in enumerate(names) if name.endswith("Warper")]
        processors.insert(min(warpers, default=len(names)), _Listener(heard))
        return processors

    model._get_logits_processor = with_listener
    try:
        codes = whole_of(prompt, run())
    finally:
        del model._get_logits_processor
    rows = _stacked(heard, 1)  # (batch * codebooks, steps, codes)
    known = 0 if prompt is None else prompt.shape[-1]
    logits = rows.reshape(*codes.shape[:2], *rows.shape[1:]).astype(np.float64)
    return Run(codes, known, logits)


def assert_same_codes(
    decoder: Any,
    conditioning: Any,
    theirs: Run,
    *,
    multiple: float = MULTIPLE,
    share: float = SHARE,
    tolerance: float = TOLERANCE,
    **how: Any,
) -> Any:
    """Our decoder says what ``theirs`` says, as ``margins`` has it: every step by step on the
    oracle's codes, and freely up to the first code that rounding decides. ``how`` as in
    ``Decoder.frames``, greedily unless told otherwise. Gives the free run's codes (batch,
    codebooks, frames after the prompt)."""
    how = {"seed": 0, "temperature": 0.0, **how}
    weights, count, known = decoder.weights, theirs.codes.shape[-1], theirs.known
    shape = weights.delays, weights.pad
    prompt = theirs.codes[..., :known] if known else None
    if prompt is not None and not isinstance(conditioning, list):
        prompt = prompt[0]
    expected = theirs.grid(*shape)
    assert theirs.logits.shape[:-1] == tuple(expected.shape), "a step for every position"
    with _choosing(instead=expected) as watch:
        list(decoder.frames(conditioning, prompt, count, **how))
    logits, chosen = _stacked(watch.logits, 2).astype(np.float64), _stacked(watch.chosen, 2)
    drawn = None
    if how["temperature"]:
        draws = _stacked(watch.draws, 2).astype(np.float64)
        drawn = Drawn(draws, how.get("top_k", 250), how["temperature"])
    assert_near(logits, theirs.logits, tolerance)
    free = theirs.chosen_freely(*shape).numpy()
    decided = assert_same_choices(
        chosen,
        expected.numpy(),
        theirs.logits,
        rounding_between(logits, theirs.logits),
        where=free,
        drawn=drawn,
        multiple=multiple,
        share=share,
    )
    new = torch.cat(list(decoder.frames(conditioning, prompt, count, **how)), dim=-1)
    ours = Run(whole_of(prompt, new), known, logits)
    assert_same_until_undecided(ours.grid(*shape).numpy(), expected.numpy(), decided | ~free)
    return ours.codes[..., known:]


def quantizer_logits(codec: Any, samples: Any, codes: Any) -> Doubles:
    """From which an EnCodec chose the codes (codebooks, frames) of samples (n,): the negative
    squared distances (codebooks, frames, entries) of what the coarser ``codes`` leave over."""
    with torch.inference_mode():
        left = codec.encoder(samples[None, None])[0].T.double()
    each_book = []
    for layer, chosen in zip(codec.quantizer.layers, codes, strict=False):
        entries = layer.codebook.embed.double()
        distances = left.square().sum(1, keepdim=True) - 2 * left @ entries.T
        each_book.append(-(distances + entries.square().sum(1)))
        left = left - entries[chosen]
    return torch.stack(each_book).numpy()


def assert_same_encoding(codec: Any, ours: Any, samples: Any) -> None:
    """``ours`` (codebooks, frames) is what the ``codec`` makes of samples (n,), but for entries
    that rounding decides, and the finer codes of their frames. Its own sums, of another shape, of
    samples that are off by a last bit, are near ours."""
    with torch.inference_mode():
        theirs = codec.encode(samples[None, None]).audio_codes[0, 0]
    logits = quantizer_logits(codec, samples, theirs)
    nudged = quantizer_logits(codec, samples * (1 + 2 * LAST_BIT), theirs)
    same = torch.cumprod(ours == theirs, 0).bool()
    same = torch.cat([torch.ones_like(same[:1]), same[:-1]])
    assert_same_choices(
        ours.numpy(),
        theirs.numpy(),
        logits,
        rounding_between(nudged, logits),
        where=same.numpy(),
    )
    assert same.double().mean() >= SHARE, "too many frames after an undecided code"
