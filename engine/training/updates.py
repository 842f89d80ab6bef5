"""One update: gradients of a batch, in as many parts and processes as it takes, and AdamW."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.errors import MusmedError
from engine.training.batches import Drawn, batch, kept, learning_rate
from engine.training.material import Material
from engine.training.memory import most_taken
from engine.training.model import Trainable
from engine.training.processes import Processes
from engine.training.recipe import Recipe
from engine.training.said import Step, Stopped, StoppedError
from engine.training.tensors import in_tensors


class Updater:
    """``optimizer`` has its moments from the beginning, so that they can be kept at any step."""

    def __init__(
        self,
        trainable: Trainable,
        recipe: Recipe,
        material: Material,
        steps: int,
        processes: Processes,
    ) -> None:
        self.trainable = trainable
        self.recipe = recipe
        self.material = material
        self.steps = steps
        self.processes = processes
        self.trained = trainable.trained()
        self.optimizer = torch.optim.AdamW(
            list(self.trained.values()), lr=0.0, weight_decay=recipe.weight_decay
        )
        for parameter in self.trained.values():
            self.optimizer.state[parameter] = {
                "step": torch.tensor(0.0),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        self.codebooks = len(trainable.delays)
        # All that processes add up, in one piece: gradients, losses, and whether one has stopped.
        weights = sum(one.numel() for one in self.trained.values())
        self.sums = torch.zeros(weights + self.codebooks + 1, device=trainable.device)
        self.gradients = self.sums[:weights]
        self.losses = self.sums[weights:-1]
        first = 0
        for one in self.trained.values():
            one.grad = self.gradients[first : first + one.numel()].view_as(one)
            first += one.numel()

    def update(self, step: int, stopped: Stopped) -> Step | None:
        """Make update ``step`` (from 1); None, and nothing changed, where some process was stopped
        on the way. Raises ``MusmedError``, and changes nothing, where it comes to no number."""
        began = time.perf_counter()
        drawn = batch(
            self.recipe, step, self.material.data, self.material.encoded, self.material.windows
        )
        frames = sum(self.material.encoded.windows[one.window].frames for one in drawn)
        self.sums.zero_()
        self.trainable.train()
        self.trainable.stopped = stopped
        try:
            for part in self._parts(self.processes.share(drawn)):
                self._add(step, part, frames)
        except StoppedError:
            self.sums[-1] = 1.0
        self.processes.add_up(self.sums)
        if float(self.sums[-1]) > 0.0:
            return None
        losses = tuple((self.losses / frames).tolist())
        gradient = float(torch.linalg.vector_norm(self.gradients))
        self._check(step, losses, gradient)
        rate = learning_rate(self.recipe, step, self.steps)
        self._follow(rate, gradient)
        loss = sum(losses) / len(losses)
        seconds = time.perf_counter() - began
        return Step(step, loss, losses, rate, gradient, most_taken(self.trainable.device), seconds)

    def _parts(self, drawn: Sequence[Drawn]) -> Iterator[Sequence[Drawn]]:
        at_once = self.recipe.at_once or max(1, len(drawn))
        for first in range(0, len(drawn), at_once):
            yield drawn[first : first + at_once]

    def _add(self, step: int, part: Sequence[Drawn], frames: int) -> None:
        """Add the gradient and the losses of a part of a batch of ``frames`` frames."""
        self.trainable.kept.mask = self._kept(step, part)
        with self.processes.computing():
            losses = self.trainable(in_tensors(self.trainable, self.material.encoded, part))
        (losses.sum() / (frames * self.codebooks)).backward()
        self.losses += losses.detach()

    def _kept(self, step: int, part: Sequence[Drawn]) -> Tensor | None:
        dropout = self.recipe.lora.dropout
        if not dropout:
            return None
        inputs = self.trainable.lora_inputs
        rows = [torch.from_numpy(kept(self.recipe, step, one.place, inputs)) for one in part]
        return torch.stack(rows).to(self.trainable.device) / (1.0 - dropout)

    def _check(self, step: int, losses: tuple[float, ...], gradient: float) -> None:
        if math.isfinite(gradient) and all(math.isfinite(loss) for loss in losses):
            return
        what = "gradient" if all(math.isfinite(loss) for loss in losses) else "loss"
        lower = self.recipe.learning_rate / 4
        raise MusmedError(
            f"At step {step} the {what} is no number any more; train anew with a lower learning "
            f"rate (--learning-rate {lower:.0e}). The checkpoint and the adapters before it are "
            "kept."
        )

    def _follow(self, rate: float, gradient: float) -> None:
        if gradient > self.recipe.clip:
            self.gradients.mul_(self.recipe.clip / gradient)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
