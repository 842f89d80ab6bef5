"""From logits to codes, on the device: guidance, top-k, temperature, seeded draws."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How codes are chosen.

    ``guidance``: classifier-free guidance (Ho & Salimans 2022), 1 or less is none. ``top_k``: only
    that many most likely codes are drawn from; 0 is all. ``temperature``: 0 takes the most likely.
    """

    guidance: float = 3.0
    top_k: int = 250
    temperature: float = 1.0

    @property
    def guided(self) -> bool:
        return self.guidance > 1

    @property
    def greedy(self) -> bool:
        return self.temperature == 0


def guide(logits: Tensor, guidance: float) -> Tensor:
    """Away from the unconditional: logits (2 batch, ...) with the conditional half first."""
    conditional, unconditional = logits.chunk(2)
    return unconditional + (conditional - unconditional) * guidance


def draw(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Draws for ``choose``: Exp(1), float32, on the generator's device, none of them 0."""
    draws = torch.empty(shape, device=generator.device).exponential_(generator=generator)
    return draws.clamp_min_(torch.finfo(torch.float32).tiny)


def choose(logits: Tensor, draws: Tensor, sampling: Sampling) -> Tensor:
    """One code for each row of ``logits`` (..., codes), which are guided already.

    The argmax of p / q with q ~ Exp(1) is a draw from p (the Gumbel-max trick), and it is how
    ``torch.multinomial`` draws one; done here in logarithms, without a sum over p, and with
    draws that were made beforehand, so a CUDA graph can replay it.
    """
    if sampling.greedy:
        return logits.argmax(-1)
    scores = logits if sampling.temperature == 1 else logits / sampling.temperature
    if 0 < sampling.top_k < scores.shape[-1]:
        least = scores.topk(sampling.top_k).values[..., -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    return (scores - draws.log()).argmax(-1)
