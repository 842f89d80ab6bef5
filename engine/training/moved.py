"""How far an adapter moved its base: in the weights, and in what the model expects to come next.

A training can run for hours and change next to nothing, and a loss doesn't tell. What tells is a
yardstick: the same adapted model in bfloat16, as many play it. What is smaller than that rounding
can't be heard as the adapter's doing.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

_LAYER = re.compile(r"decoder\.model\.decoder\.layers\.(\d+)\.(.+)\.weight")


class MovedPart(msgspec.Struct, frozen=True):
    """Of some weights together. ``size``: the norm of what the adapter adds over the norm of the
    weights (Frobenius); ``rounding``: the same of what rounding the sum to bfloat16 adds."""

    name: str
    size: float
    rounding: float


class MovedWeights(msgspec.Struct, frozen=True):
    """``kinds``: by kind of projection ('self_attn.q_proj', 'fc1'); ``layers``: by layer of the
    decoder ('0', ...), from the first to the last."""

    all: MovedPart
    kinds: tuple[MovedPart, ...]
    layers: tuple[MovedPart, ...]


class MovedOutput(msgspec.Struct, frozen=True):
    """Over the codes of ``windows`` windows, each told all codes before it: ``divergence``, of what
    the adapted model expects from what the base expects (Kullback-Leibler, base first, the mean in
    nats a code), and ``changed``, the share of codes where another one is likeliest. ``rounding``
    and ``rounding_changed``: the same of the adapted model with its weights rounded to bfloat16
    from the adapted one. ``held_out``: whether the windows were kept from training."""

    windows: int
    codes: int
    held_out: bool
    divergence: float
    changed: float
    rounding: float
    rounding_changed: float


class Moved(msgspec.Struct, frozen=True):
    weights: MovedWeights
    output: MovedOutput | None = None

    @property
    def hardly(self) -> bool:
        """Whether rounding does as much: to what is expected, where that was measured, else to the
        weights."""
        if self.output is not None:
            return self.output.divergence <= self.output.rounding
        return self.weights.all.size <= self.weights.all.rounding


class Size(NamedTuple):
    """Squared norms of one weight, of what is added to it, and of what rounding that adds."""

    weight: str
    base: float
    added: float
    rounding: float


def moved_weights(sizes: Iterable[Size]) -> MovedWeights:
    """Of the sizes of every weight that an adapter changes, all together and in groups."""
    every = list(sizes)
    kinds: defaultdict[str, list[Size]] = defaultdict(list)
    layers: defaultdict[int, list[Size]] = defaultdict(list)
    for size in every:
        found = _LAYER.fullmatch(size.weight)
        kinds[found[2] if found else size.weight.removesuffix(".weight")].append(size)
        if found:
            layers[int(found[1])].append(size)
    return MovedWeights(
        _part("all", every),
        tuple(_part(kind, some) for kind, some in sorted(kinds.items())),
        tuple(_part(str(layer), some) for layer, some in sorted(layers.items())),
    )


def _part(name: str, sizes: Sequence[Size]) -> MovedPart:
    base = sum(size.base for size in sizes)
    return MovedPart(
        name,
        _over(sum(size.added for size in sizes), base),
        _over(sum(size.rounding for size in sizes), base),
    )


def _over(square: float, base: float) -> float:
    return math.sqrt(square / base) if base else 0.0


def in_words(moved: Moved) -> str:
    """What stands in the card and on the screen: sentences."""
    said = _of_output(moved.output) if moved.output else _of_weights(moved.weights)
    if moved.hardly:
        advice = "train longer, or with a higher --learning-rate"
        return f"The adapter hardly does anything: {said}; {advice}."
    most = max(moved.weights.kinds, key=lambda kind: kind.size)
    adds = f"It adds {_percent(moved.weights.all.size)} to the size of the weights, most"
    if moved.output is None:
        adds = "Most is added"
    return f"The adapter moved the model: {said}. {adds} to {most.name} ({_percent(most.size)})."


def _of_output(output: MovedOutput) -> str:
    windows = "one window" if output.windows == 1 else f"{output.windows} windows"
    where = f"{windows} kept from training" if output.held_out else f"{windows} it was trained on"
    return (
        f"over {where} it expects another code than the base in "
        f"{_percent(output.changed)} of places and lies {output.divergence:.2g} nats a code from "
        f"it, where rounding to bfloat16 makes {_percent(output.rounding_changed)} and "
        f"{output.rounding:.2g}"
    )


def _of_weights(weights: MovedWeights) -> str:
    return (
        f"what it adds to the weights is {_percent(weights.all.size)} of their size, where "
        f"rounding to bfloat16 makes {_percent(weights.all.rounding)}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
