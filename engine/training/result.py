"""A training's end: the best step's adapter lies in the folder as peft has it, with a card and
figures of what it is worth."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.composers.musicgen.files.catalogue import licence_of
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError
from engine.evaluation.likeness import LEAST_SECONDS
from engine.places import look_at, part_of
from engine.private import write_private
from engine.training.adapter_files import base_name
from engine.training.card import card
from engine.training.choosing import best_trained
from engine.training.copying import compare
from engine.training.encoded import Encoded
from engine.training.figures import Copied, Result, learnt_of
from engine.training.folder import ADAPTER, RunFolder
from engine.training.moved import Moved
from engine.training.moving import measure
from engine.training.recipe import Recipe
from engine.training.said import Progress, Say, Stopped, StoppedError
from engine.training.tracks import Data, Split
from engine.training.watched import Watched


@dataclass(frozen=True)
class Made:
    """What a training was made of. ``steps``: the updates made; ``watched``: every watching."""

    folder: RunFolder
    base: Checkpoint
    recipe: Recipe
    data: Data
    split: Split
    encoded: Encoded
    steps: int
    watched: Sequence[Watched]


def write_result(made: Made, say: Say, stopped: Stopped) -> Result | None:
    """The adapter of the best watched step becomes the one of the folder, with README.md and
    figures.json beside it. None where no step was watched yet. What can't be measured is a remark;
    once it is stopped, nothing more is measured. Raises ``MusmedError`` where the folder can't be
    written."""
    after = best_trained(made.watched)
    if after is None:
        return None
    folder = made.folder
    put_at_root(folder, after.step)
    result = Result(
        base=base_name(made.base),
        licence=licence_of(base_name(made.base)),
        step=after.step,
        steps=made.steps,
        recipe=made.recipe,
        learnt=learnt_of(made.data, made.split, made.encoded),
        watched=tuple(map(_shared, made.watched)),
    )
    measuring = _Measuring(made, after.step, say, stopped)
    moved, copied = measuring.moved(), measuring.copied()
    result = msgspec.structs.replace(
        result, moved=moved, copied=copied, remarks=tuple(measuring.remarks)
    )
    _write(folder.card, card(result, folder.root.name).encode())
    _write(folder.figures, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return result


def put_at_root(folder: RunFolder, step: int) -> None:
    """The files of the adapter at ``step`` become those of the folder, each written beside and
    renamed, the matrices last. Raises ``MusmedError``."""
    source = folder.adapter_at(step)
    config, weights = ADAPTER
    names = [config, PREFIX, weights]
    if look_at(source / PREFIX, "affect prefix") == "nothing":
        names.remove(PREFIX)
        with _writing(folder.root / PREFIX):
            (folder.root / PREFIX).unlink(missing_ok=True)
    for name in names:
        target = folder.root / name
        part = part_of(target)
        with _writing(target):
            shutil.copyfile(source / name, part)
            part.replace(target)


def _shared(watched: Watched) -> Watched:
    """Without remarks, which name clips, and clips are named by what is said of tracks."""
    return msgspec.structs.replace(watched, remarks=())


class _Measuring:
    """What of a result takes time. ``remarks``: about what could not be measured."""

    def __init__(self, made: Made, step: int, say: Say, stopped: Stopped) -> None:
        self._made, self._step = made, step
        self._say, self._stopped = say, stopped
        self.remarks: list[str] = []

    def moved(self) -> Moved | None:
        made = self._made
        try:
            return measure(
                made.folder.adapter_at(self._step),
                made.base,
                made.encoded,
                made.data,
                made.split,
                progress=self._half(0),
                stopped=self._stopped,
            )
        except MusmedError as error:
            self.remarks.append(f"How far it moved the model could not be measured: {error}")
            return None

    def copied(self) -> Copied | None:
        """Which clip is like which track stays in the training's own files: names of tracks may be
        those of people."""
        made = self._made
        if self._stopped():
            return None
        try:
            compared, copied = compare(
                made.folder,
                self._step,
                made.data,
                made.split,
                progress=self._half(1),
                stopped=self._stopped,
            )
        except StoppedError:
            return None
        except MusmedError:
            # The error may name a track.
            short = made.recipe.clip_seconds < LEAST_SECONDS
            why = (
                f"it takes clips of {LEAST_SECONDS:.0f} s or more"
                if short
                else ("not enough of the tracks or clips can be heard")
            )
            self.remarks.append(f"Whether it copies could not be measured: {why}.")
            return None
        _write(made.folder.likeness, msgspec.json.encode(compared) + b"\n")
        return copied

    def _half(self, number: int) -> Callable[[float], None]:
        return lambda share: self._say(Progress("writing", 50 * number + round(50 * share), 100))


def _write(path: Path, data: bytes) -> None:
    part = part_of(path)
    with _writing(path):
        write_private(part, data)
        part.replace(path)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turns what goes wrong into a sentence; nothing half written is left."""
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError):
            part_of(path).unlink(missing_ok=True)
        raise MusmedError(
            f"{path} can't be written ({error.strerror or error}); free some space or make its "
            "folder writable, and say 'musmed train' again with --resume."
        ) from error
