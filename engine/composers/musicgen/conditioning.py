"""Affect along a clip becomes the text a model hears, weighed frame by frame.

Every mood has its place on the circumplex and its prompt. Wherever the path is, the nearest moods
share the attention of the model: its cross-attention runs over the text states of their prompts
one after the other, and the logarithm of a mood's weight is added to the scores of its keys. So a
prompt of weight 1 is heard as if it were alone, one of weight 0 is not heard, and between them
the softmax mixes what they say.

Where an adapter has learned to be asked for a point, points along the path stand beside the moods:
the keys of two share a frame between them, and their weights sum to 1 as the moods' do.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.affect.moods import MoodTable, placed_moods
from engine.affect.path import Path
from engine.plan import words
from engine.plan.clock import CLIP_SECONDS
from engine.plan.spec import ClipSpec

if TYPE_CHECKING:
    from torch import Tensor

    from engine.composers.musicgen.model.affect_prefix import AffectPrefix
    from engine.composers.musicgen.model.decoder import Conditioning

NEIGHBOURS = 3
"""So many moods share the attention at a time."""
MOST_MOODS = 6
"""And so many along a clip; those that weigh least are left out."""
KEPT_PROMPTS = 32
POINT_SECONDS = 5.0
"""From one point on a path to the next whose keys are heard: short beside the minutes that a path
takes, and few enough keys. They lie at the same session times whatever is composed at once."""
MOST_POINTS = int(CLIP_SECONDS / POINT_SECONDS) + 2
"""Around what is composed at once."""

Doubles = NDArray[np.float64]


class MoodWeights(NamedTuple):
    """``weights``: (times, moods), rows that sum to 1."""

    moods: tuple[str, ...]
    weights: Doubles


class _Places(NamedTuple):
    """The true moods of a table; ``places``: (moods, 2); ``different``: the numbers of those before
    which none lies in the same place."""

    names: tuple[str, ...]
    places: Doubles
    different: NDArray[np.intp]


@functools.lru_cache(16)
def _placed(table: MoodTable | None) -> _Places:
    placed = [(mood.name, affect) for mood, affect in placed_moods(table)]
    places = np.array([(affect.valence, affect.arousal) for _, affect in placed])
    different = np.sort(np.unique(places, axis=0, return_index=True)[1])
    return _Places(tuple(name for name, _ in placed), places, different)


def mood_weights(path: Path, times: Doubles, table: MoodTable | None = None) -> MoodWeights:
    """How much each mood weighs at ``times`` (session seconds) along ``path``, the moods lying as
    in ``table`` (None: musmed's own).

    Shepard's weights within the distance R of the fourth-nearest place (Franke and Nielson 1980):
    ((R - d) / (R d))^2. They change without a jump as the path moves, and a mood that the path
    touches has weight 1. Moods in one place weigh the same, and so do those that are the nearest
    where all four are equally far.
    """
    names, places, different = _placed(table)
    here = np.array([(a.valence, a.arousal) for a in (path.at(float(t)) for t in times)])
    distance = np.hypot(*np.moveaxis(here[:, None] - places, 2, 0))
    reach = np.sort(distance[:, different], axis=1)[:, NEIGHBOURS, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (np.maximum(0.0, reach - distance) / (reach * distance)) ** 2
    touching = distance == 0.0
    rows = touching.any(axis=1)
    weights[rows] = touching[rows]
    level = ~weights.any(axis=1)
    weights[level] = (distance <= reach)[level]
    weights /= weights.sum(axis=1, keepdims=True)
    chosen = np.flatnonzero(weights.any(axis=0))
    if len(chosen) > MOST_MOODS:
        chosen = np.sort(np.argsort(-weights.sum(axis=0), kind="stable")[:MOST_MOODS])
    kept = weights[:, chosen]
    orphans = kept.sum(axis=1) == 0.0
    kept[orphans, distance[np.ix_(orphans, chosen)].argmin(axis=1)] = 1.0
    return MoodWeights(tuple(names[i] for i in chosen), kept / kept.sum(axis=1, keepdims=True))


class PointWeights(NamedTuple):
    """``points`` (points, 2): valence and arousal; ``weights`` (times, points), rows that sum
    to 1."""

    points: Doubles
    weights: Doubles


def point_weights(path: Path, times: Doubles) -> PointWeights:
    """The points of ``path`` every ``POINT_SECONDS`` around ``times`` (session seconds, at least
    one), each weighing 1 in its own moment and nothing in its neighbours'. A path that rests has
    one point for as long as it does."""
    steps = times / POINT_SECONDS
    before = np.floor(steps).astype(np.intp)
    first, last = int(before.min()), int(np.ceil(steps).max())
    places = [path.at(step * POINT_SECONDS) for step in range(first, last + 1)]
    along = np.array([(affect.valence, affect.arousal) for affect in places])
    later = (steps - before)[:, None]
    every = np.eye(len(along) + 1)
    weights = (1.0 - later) * every[before - first] + later * every[before - first + 1]
    points, same = np.unique(along, axis=0, return_inverse=True)
    return PointWeights(points, weights[:, : len(along)] @ np.eye(len(points))[same.ravel()])


class Conditioner:
    """Makes the conditioning of stretches of a clip. ``text_states(prompt)``: (keys, width);
    ``prefixes``: what hears points, each with keys of that width."""

    def __init__(
        self, text_states: Callable[[str], Tensor], prefixes: Sequence[AffectPrefix] = ()
    ) -> None:
        self._text_states = text_states
        self._prefixes = tuple(prefixes)
        self._kept: OrderedDict[str, Tensor] = OrderedDict()

    def along(
        self,
        spec: ClipSpec,
        first: int,
        count: int,
        rate: int,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Conditioning | None:
        """For the code frames ``first`` to ``first + count`` of the session, ``rate`` a second:
        the prompts of the moods along the clip's path, with the clip's other tags. None when
        ``cancelled``, which is asked before each prompt."""
        times = (first + np.arange(count)) / rate
        found = mood_weights(spec.path, times, spec.mood_table)
        prompts = [words.prompt(msgspec.structs.replace(spec.tags, mood=m)) for m in found.moods]
        states = []
        for prompt in prompts:
            if cancelled():
                return None
            states.append(self._states(prompt))
        said = mixture(states, found.weights)
        if not self._prefixes:
            return said
        return with_points(said, self._prefixes, point_weights(spec.path, times))

    @property
    def most_point_keys(self) -> int:
        """How many keys the points along a window have at most."""
        return MOST_POINTS * sum(prefix.key_count for prefix in self._prefixes)

    def _states(self, prompt: str) -> Tensor:
        if prompt not in self._kept:
            self._kept[prompt] = self._text_states(prompt)
            if len(self._kept) > KEPT_PROMPTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(prompt)
        return self._kept[prompt]


def mixture(states: list[Tensor], weights: Doubles) -> Conditioning:
    """The conditioning that hears prompt i (``states[i]``: (keys, width)) with ``weights[:, i]``,
    shape (frames, prompts), rows that sum to 1."""
    import torch

    from engine.composers.musicgen.model.decoder import Conditioning

    if len(states) == 1:
        return Conditioning(states[0], None)
    with np.errstate(divide="ignore"):
        logs = np.log(weights).astype(np.float32)
    keys = [len(state) for state in states]
    bias = torch.from_numpy(np.repeat(logs, keys, axis=1)).to(states[0].device)
    return Conditioning(torch.cat(states), bias)


def with_points(
    said: Conditioning, prefixes: Sequence[AffectPrefix], along: PointWeights
) -> Conditioning:
    """``said`` with the keys of the points before its own."""
    import torch

    from engine.composers.musicgen.model.decoder import Conditioning

    device, frames = said.states.device, len(along.weights)
    points = torch.from_numpy(along.points).float().to(device)
    with np.errstate(divide="ignore"):
        logs = torch.from_numpy(np.log(along.weights).astype(np.float32)).to(device)
    states, biases = [], []
    with torch.inference_mode():
        for prefix in prefixes:
            states.append(prefix(points).flatten(0, 1))
            weighed = logs + prefix.log_weight
            biases.append(weighed.repeat_interleave(prefix.key_count, dim=1))
        bias = said.bias
        if bias is None:
            bias = torch.zeros((frames, len(said.states)), device=device)
        return Conditioning(
            torch.cat([*states, said.states]), torch.cat([*biases, bias.to(device)], dim=1)
        )
