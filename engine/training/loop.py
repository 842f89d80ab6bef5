"""A training from its first update to its last: updates, checkpoints, watchings, in their order."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import msgspec

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.training import batches, run_record, state
from engine.training.adapter_files import save_adapter
from engine.training.choosing import patience_is_out
from engine.training.encoded import Encoded
from engine.training.folder import RunFolder
from engine.training.held_out import HeldOut, HeldOutWindows
from engine.training.material import Material
from engine.training.memory import fitting
from engine.training.model import open_trainable
from engine.training.processes import OthersEndedError, Processes
from engine.training.recipe import Recipe
from engine.training.said import STOPPED, Progress, Say, Stopped, StoppedError
from engine.training.steps_file import add_step, cut_steps
from engine.training.tracks import Data, Split
from engine.training.updates import Updater
from engine.training.watched import Watched, Watcher
from engine.training.watched_file import keep_watched, read_watched

KEEP_SECONDS = 600.0
"""What a process that is killed loses at the most, be the next watching ever so far."""
Ended = Literal["done", "patience", "stopped"]


class Trained(msgspec.Struct, frozen=True):
    """``step``: the last update made, of ``steps``; ``ended``: all were made, no watching got any
    better for as many as the recipe waits for, or it was stopped and can be resumed; ``watched``:
    every watching."""

    step: int
    steps: int
    ended: Ended
    watched: tuple[Watched, ...]


def train(
    data: Data,
    split: Split,
    encoded: Encoded,
    checkpoint: Checkpoint,
    recipe: Recipe,
    *,
    folder: RunFolder,
    watcher: Watcher,
    processes: Processes,
    say: Say,
    stopped: Stopped,
    resume: bool = False,
    clock: Callable[[], float] = time.monotonic,
    holding: contextlib.ExitStack | None = None,
) -> Trained:
    """Train an adapter for ``checkpoint`` in ``folder``, or go on with that (``resume``). Every
    process calls it; only the main one writes, watches and says anything. The folder is that one's
    until ``holding`` is closed, for whoever writes there afterwards, or to the end of this.

    Raises ``MusmedError``, with the last checkpoint and what was watched left whole.
    """
    batches.check(recipe)
    processes.check(recipe.batch)
    material = Material(data, encoded, batches.windows_of(encoded, split.train))
    if not material.windows:
        raise MusmedError(
            "There is no track to learn from: all are kept for judging; add more, or lower "
            "--held-out."
        )
    with contextlib.ExitStack() as stack:
        if processes.main:
            run_record.expect(folder, resume=resume)
            (holding or stack).enter_context(run_record.held(folder))
            run_record.begin(folder, run_record.run_of(recipe, checkpoint, data, encoded.windows))
        processes.wait()
        say = say if processes.main else _silent
        say(Progress("loading", 0, 1))
        steps = batches.steps_of(recipe, len(material.windows))
        stack.enter_context(_fitting(checkpoint, recipe, processes))
        trainable = open_trainable(checkpoint, recipe, processes.device, processes.format)
        updater = Updater(trainable, recipe, material, steps, processes)
        say(Progress("loading", 1, 1))
        held_out = HeldOutWindows(recipe, material, split)
        return _Training(
            checkpoint=checkpoint,
            folder=folder,
            updater=updater,
            held_out=held_out,
            watcher=watcher,
            say=say,
            stopped=stopped,
            clock=clock,
        ).run()


def _fitting(
    checkpoint: Checkpoint, recipe: Recipe, processes: Processes
) -> AbstractContextManager[None]:
    at_once = min(recipe.at_once or recipe.batch, math.ceil(recipe.batch / processes.count))
    return fitting(
        checkpoint.name, processes.device, at_once=at_once, checkpointing=recipe.checkpointing
    )


class _Training:
    """``step``: the last update made; ``kept``: that of the checkpoint, None before there is one;
    ``watched``: what was heard up to ``step``, in the main process."""

    def __init__(
        self,
        *,
        checkpoint: Checkpoint,
        folder: RunFolder,
        updater: Updater,
        held_out: HeldOutWindows,
        watcher: Watcher,
        say: Say,
        stopped: Stopped,
        clock: Callable[[], float],
    ) -> None:
        self.checkpoint = checkpoint
        self.folder = folder
        self.updater = updater
        self.recipe = updater.recipe
        self.processes = updater.processes
        self.held_out = held_out
        self.watcher = watcher
        self.say = say
        self.stopped = stopped
        self.clock = clock
        self.kept_at = clock()
        self.step = 0
        self.kept: int | None = None
        self.watched: tuple[Watched, ...] = ()

    def run(self) -> Trained:
        self._begin()
        try:
            while self._watched_enough() and self.step < self.updater.steps:
                self._update()
        except StoppedError:
            self._keep()
            return self._trained("stopped")
        except OthersEndedError:  # before an update, which is made by all or by none
            self._keep()
            raise
        return self._trained("done" if self.step == self.updater.steps else "patience")

    def _begin(self) -> None:
        """Go on from the checkpoint, if there is one."""
        self.kept = state.restore(self.folder, self.updater)
        self.step = self.kept or 0
        if self.processes.main:
            cut_steps(self.folder, self.step)
            watched = read_watched(self.folder)
            self.watched = tuple(one for one in watched if one.step <= self.step)

    def _update(self) -> None:
        made = self.updater.update(self.step + 1, self.stopped)
        if made is None:
            raise StoppedError(STOPPED)
        self.step = made.number
        if self.processes.main:
            add_step(self.folder, made)
        self.say(Progress("training", self.step, self.updater.steps, made))
        if self.clock() - self.kept_at > KEEP_SECONDS:
            self._keep()

    def _watched_enough(self) -> bool:
        """Watch if it is time to; whether there is any use in going on."""
        every = batches.watch_every(self.recipe, self.updater.steps)
        if self.step % every and self.step < self.updater.steps:
            return True
        known = any(one.step == self.step for one in self.watched)
        if not self.processes.agreed(known):
            self._keep()
            self._watch()
        return not self.processes.agreed(patience_is_out(self.watched, self.recipe.patience))

    def _watch(self) -> None:
        losses = self.held_out.losses(self.updater.trainable, self.processes, self.stopped)
        heard = True
        if self.processes.main:
            heard = self._listen(losses)
        if not self.processes.agreed(heard):
            raise StoppedError(STOPPED)

    def _listen(self, losses: HeldOut | None) -> bool:
        """Compose and judge, in the main process; whether it was let."""
        adapter = None
        if self.step:
            adapter = self.folder.adapter_at(self.step)
            save_adapter(self.updater.trainable, self.recipe, self.checkpoint, adapter)
        try:
            watched = self.watcher.watch(self.step, adapter)
        except StoppedError:
            return False
        own, another, none = losses or (None, None, None)
        self.watched = keep_watched(self.folder, watched.with_losses(own, another, none))
        return True

    def _keep(self) -> None:
        if self.kept != self.step and self.processes.main:
            state.keep(self.folder, self.updater, self.step)
        self.kept, self.kept_at = self.step, self.clock()

    def _trained(self, ended: Ended) -> Trained:
        return Trained(self.step, self.updater.steps, ended, self.watched)


def _silent(_: Progress) -> None: ...
