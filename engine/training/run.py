"""A training from what was asked for to what came of it: all parts of it in their order.

``accelerate launch`` starts this in many processes. The main one reads, encodes, watches and
writes; the others are given what it read and made, and train with it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from transformers.utils import logging

from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.training import batches, run_record
from engine.training.encoding import EncodedData, encode
from engine.training.figures import Result
from engine.training.folder import RunFolder
from engine.training.loop import Trained, train
from engine.training.model import check_base
from engine.training.moved import in_words
from engine.training.outcome import Outcome
from engine.training.processes import (
    OthersEndedError,
    Processes,
    close_processes,
    open_processes,
)
from engine.training.reading.data import read_data
from engine.training.reading.split import split
from engine.training.result import Made, write_result
from engine.training.said import Progress, Say, Stopped, StoppedError
from engine.training.tracks import Data, Problem, Split
from engine.training.wanted import Wanted
from engine.training.watched import Watched, Watcher
from engine.training.watching import open_watcher

_NOTHING_YET = "Stopped while the sounds were looked at; nothing was written."


class _Given(msgspec.Struct, frozen=True):
    """What is trained with."""

    data: Data
    split: Split


class _NotHere:
    """Watches nothing: in all processes but the main one."""

    def watch(self, step: int, adapter: Path | None) -> Watched:
        raise AssertionError("only the main process listens")


def train_adapter(wanted: Wanted, say: Say, stopped: Stopped) -> Outcome:
    """Train the adapter that is wanted, or go on with that.

    Where it is stopped once it trains, what there is so far is kept, and the outcome says so;
    before that ``StoppedError`` is raised. Raises ``MusmedError``; what was encoded, trained and
    watched by then is kept. Under ``accelerate launch`` every process calls it; all but the main
    one say nothing, and raise ``SaidElsewhereError`` where another says why.
    """
    # Of the config that every MusicGen has transformers warns at every look.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    processes = open_processes()
    try:
        with processes.one_voice():
            return _Run(wanted, processes, say, stopped).made()
    finally:
        close_processes()


class _Run:
    """What is cheap to refuse is refused first."""

    def __init__(self, wanted: Wanted, processes: Processes, say: Say, stopped: Stopped) -> None:
        self._wanted, self._recipe = wanted, wanted.recipe
        self._processes = processes
        self._say, self._stopped = say, stopped
        self._folder = RunFolder(wanted.output)

    def made(self) -> Outcome:
        base = self._base()
        given = self._processes.from_main(self._read, _Given)
        watcher: Watcher = _NotHere()
        if self._processes.main:
            watcher = open_watcher(
                given.data,
                given.split,
                base,
                self._recipe,
                self._folder,
                judges=self._wanted.judges,
                say=self._say,
                stopped=self._stopped,
            )
        encoded = self._processes.from_main(lambda: self._encoded(given.data, base), EncodedData)
        problems = (*given.data.problems, *encoded.problems)
        with contextlib.ExitStack() as holding:
            trained = train(
                given.data,
                given.split,
                encoded,
                base,
                self._recipe,
                folder=self._folder,
                watcher=watcher,
                processes=self._processes,
                say=self._say,
                stopped=self._stopped,
                resume=self._wanted.resume,
                holding=holding,
            )
            result = None
            if self._processes.main:
                result = self._written(given, encoded, base, trained)
        self._leave()
        return self._outcome(trained, problems, result)

    def _leave(self) -> None:
        """Together, since NCCL wants that. The main process has all it wanted by then."""
        try:
            self._processes.wait()
        except OthersEndedError:
            if not self._processes.main:
                raise

    def _base(self) -> Checkpoint:
        base = find(self._wanted.base)
        check_base(base)
        batches.check(self._recipe)
        self._processes.check(self._recipe.batch)
        return base

    def _read(self) -> _Given:
        run_record.expect(self._folder, resume=self._wanted.resume)

        def told(progress: Progress) -> None:
            if self._stopped():
                raise StoppedError(_NOTHING_YET)
            self._say(progress)

        data = read_data(self._wanted.data, told, self._wanted.captions)
        return _Given(data, split(data, self._recipe.held_out, self._recipe.seed))

    def _encoded(self, data: Data, base: Checkpoint) -> EncodedData:
        return encode(data, base, self._wanted.cache, self._say, self._stopped)

    def _written(
        self, given: _Given, encoded: EncodedData, base: Checkpoint, trained: Trained
    ) -> Result | None:
        """Of a training that was stopped as well: the best so far can be played."""
        made = Made(
            folder=self._folder,
            base=base,
            recipe=self._recipe,
            data=given.data,
            split=given.split,
            encoded=encoded,
            steps=trained.step,
            watched=trained.watched,
        )
        return write_result(made, self._say, self._stopped)

    def _outcome(
        self, trained: Trained, problems: tuple[Problem, ...], result: Result | None
    ) -> Outcome:
        remarks: tuple[str, ...] = ()
        if result is not None:
            moved = () if result.moved is None else (in_words(result.moved),)
            copied = () if result.copied is None else (result.copied.in_words,)
            remarks = (*moved, *copied, *result.remarks)
        return Outcome(
            folder=self._wanted.output,
            ended=trained.ended,
            step=trained.step,
            steps=trained.steps,
            best=None if result is None else result.step,
            watched=trained.watched,
            problems=problems,
            remarks=remarks,
        )
