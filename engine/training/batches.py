"""What is learnt from at a step: a pure function of the recipe, the step and the place in the
batch, whoever works on it and whatever was drawn before. No torch.

Windows are heard in epochs, each a permutation of its own; a batch may end one and begin the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.training.encoded import Encoded
from engine.training.recipe import Recipe
from engine.training.tracks import Data, Track

WATCHINGS = 10
Drawing = Literal["order", "asked", "dropout", "adapter", "prefix", "another"]
_SHARES = 1 << 16
"""How finely a dropout is drawn: there are some 300 000 inputs in musicgen-small's layers."""
_DRAWINGS: tuple[Drawing, ...] = get_args(Drawing)


class Drawn(msgspec.Struct, frozen=True):
    """One window of a batch, at ``place`` in it: ``window`` is its number in ``Encoded.windows``;
    ``caption`` is what it hears, None for no text; ``affect`` is what the prefix says to it, None
    for no prefix."""

    place: int
    window: int
    caption: str | None
    affect: Affect | None


def random(recipe: Recipe, what: Drawing, *where: int) -> np.random.Generator:
    """The source of one drawing. Other numbers of ``where`` (step, place), another source."""
    return np.random.default_rng([recipe.seed, _DRAWINGS.index(what), *where])


def windows_of(encoded: Encoded, tracks: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the windows of ``tracks`` (numbers in ``Data.tracks``)."""
    wanted = frozenset(tracks)
    return tuple(number for number, window in enumerate(encoded.windows) if window.track in wanted)


def steps_of(recipe: Recipe, windows: int) -> int:
    """How many updates there are with so many windows to learn from."""
    if recipe.steps is not None:
        return recipe.steps
    return max(1, math.ceil(recipe.epochs * windows / recipe.batch))


def watch_every(recipe: Recipe, steps: int) -> int:
    """Steps from one watching to the next."""
    return recipe.watch_every or max(1, math.ceil(steps / WATCHINGS))


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """At update ``step`` (1 to ``steps``): the recipe's at the end of the warm-up, and what would
    be 0 one update after the last."""
    rising = math.ceil(recipe.warm_up * steps)
    if step <= rising:
        return recipe.learning_rate * step / rising
    return recipe.learning_rate * (steps + 1 - step) / (steps - rising)


def check(recipe: Recipe) -> None:
    """Raises ``MusmedError`` for shares that are more than all together."""
    if recipe.affect_keys and recipe.text_dropout + 2 * recipe.affect_dropout > 1.0:
        raise MusmedError(
            f"A text dropout of {recipe.text_dropout:g} and twice an affect dropout of "
            f"{recipe.affect_dropout:g} are more than 1; lower one of them."
        )


def batch(
    recipe: Recipe, step: int, data: Data, encoded: Encoded, windows: Sequence[int]
) -> tuple[Drawn, ...]:
    """What update ``step`` (from 1) learns from, of ``windows`` (numbers in ``encoded``)."""
    first = (step - 1) * recipe.batch
    drawn = []
    for place in range(recipe.batch):
        epoch, at = divmod(first + place, len(windows))
        window = windows[_order(recipe, epoch, len(windows))[at]]
        track = data.tracks[encoded.windows[window].track]
        caption, affect = _asked(recipe, track, random(recipe, "asked", step, place))
        drawn.append(Drawn(place, window, caption, affect))
    return tuple(drawn)


@lru_cache(maxsize=8)
def _order(recipe: Recipe, epoch: int, windows: int) -> NDArray[np.int64]:
    return random(recipe, "order", epoch).permutation(windows)


def _asked(
    recipe: Recipe, track: Track, source: np.random.Generator
) -> tuple[str | None, Affect | None]:
    """What of what is said of a track it hears this time. One without an affect hears its text
    where it would hear the prefix alone."""
    caption = track.captions[int(source.integers(len(track.captions)))]
    affect = track.affect if recipe.affect_keys else None
    share = float(source.random())
    if share < recipe.text_dropout:
        return None, None
    share -= recipe.text_dropout
    if affect is None or share < recipe.affect_dropout:
        return caption, None
    return (None if share < 2 * recipe.affect_dropout else caption), affect


def kept(recipe: Recipe, step: int, place: int, inputs: int) -> NDArray[np.bool_]:
    """Which of all inputs of LoRA's A matrices (``inputs`` of them in all layers together) are not
    left out for the window at ``place``: for the whole of it, so that nothing depends on how many
    positions it was padded to."""
    drawn = random(recipe, "dropout", step, place).integers(_SHARES, size=inputs, dtype=np.uint16)
    return drawn >= round(recipe.lora.dropout * _SHARES)
