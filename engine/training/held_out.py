"""How well the tracks that were kept from training are told: with what is said of them, with what
is said of another, and with nothing. How far these lie apart is how much the model listens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from engine.affect.circumplex import Affect
from engine.training.batches import Drawn, random, windows_of
from engine.training.material import Material
from engine.training.model import Trainable
from engine.training.processes import Processes
from engine.training.recipe import Recipe
from engine.training.said import STOPPED, Stopped, StoppedError
from engine.training.tensors import in_tensors
from engine.training.tracks import Split, Track

MOST_WINDOWS = 64
"""Heard three times at every watching."""
_AT_ONCE = 8

Windows = tuple[Drawn, ...]


class HeldOut(NamedTuple):
    """Cross-entropies, nats a code; ``another`` is None where all tracks are told alike."""

    own: float
    another: float | None
    none: float


class HeldOutWindows:
    """Windows of the tracks that ``split`` keeps from training, at most ``MOST_WINDOWS``: the same
    with the same captions at every watching. There may be none."""

    def __init__(self, recipe: Recipe, material: Material, split: Split) -> None:
        self._material = material
        self._at_once = min(recipe.at_once or recipe.batch, _AT_ONCE)
        self.own: Windows = ()
        self.another: Windows = ()
        self.none: Windows = ()
        for window in _some(windows_of(material.encoded, split.held_out)):
            track = material.data.tracks[material.encoded.windows[window].track]
            other = self._other(recipe, split, window, track)
            self.own += (self._drawn(recipe, window, track),)
            self.none += (Drawn(0, window, None, None),)
            if other is not None:
                self.another += (self._drawn(recipe, window, other),)
        if len(self.another) < len(self.own):
            self.another = ()  # the mean over other windows could not be compared

    def losses(
        self, trainable: Trainable, processes: Processes, stopped: Stopped
    ) -> HeldOut | None:
        """As ``trainable`` tells them now, by all processes together. None without windows. Raises
        ``StoppedError`` in all of them."""
        if not self.own:
            return None
        trainable.eval()
        trainable.kept.mask = None
        trainable.stopped = stopped
        own, another, none = (
            self._loss(trainable, processes, windows) if windows else None
            for windows in (self.own, self.another, self.none)
        )
        return None if own is None or none is None else HeldOut(own, another, none)

    @torch.no_grad()
    def _loss(self, trainable: Trainable, processes: Processes, windows: Windows) -> float:
        encoded = self._material.encoded
        sums = torch.zeros(2, device=trainable.device)  # of losses, and of who was stopped
        try:
            for part in self._parts(processes.share(windows)):
                with processes.computing():
                    sums[0] += trainable(in_tensors(trainable, encoded, part)).mean()
        except StoppedError:
            sums[1] = 1.0
        processes.add_up(sums)
        if float(sums[1]) > 0.0:
            raise StoppedError(STOPPED)
        return float(sums[0]) / sum(encoded.windows[one.window].frames for one in windows)

    def _parts(self, windows: Sequence[Drawn]) -> Iterator[Sequence[Drawn]]:
        for first in range(0, len(windows), self._at_once):
            yield windows[first : first + self._at_once]

    def _drawn(self, recipe: Recipe, window: int, told: Track) -> Drawn:
        affect: Affect | None = told.affect if recipe.affect_keys else None
        return Drawn(0, window, told.captions[0], affect)

    def _other(self, recipe: Recipe, split: Split, window: int, track: Track) -> Track | None:
        """One that is told otherwise, of those held out if there is one, else of all."""
        tracks = self._material.data.tracks
        for part in (split.held_out, split.train):
            others = [tracks[one] for one in part if tracks[one].captions[0] not in track.captions]
            if others:
                return others[int(random(recipe, "another", window).integers(len(others)))]
        return None


def _some(windows: tuple[int, ...]) -> tuple[int, ...]:
    """At most ``MOST_WINDOWS``, as far apart as can be."""
    count = min(len(windows), MOST_WINDOWS)
    return tuple(windows[len(windows) * k // count] for k in range(count))
