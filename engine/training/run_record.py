"""The folder of a training: one process trains in it at a time, and a training that goes on there
agrees with the one that began. No torch."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator, Sequence

import msgspec

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError
from engine.places import look_at, part_of, read_small
from engine.private import make_private_folder, open_private, write_private
from engine.training.digests import decoder_digest, joined
from engine.training.encoded import Window
from engine.training.folder import ADAPTER, CARD, FIGURES, RunFolder
from engine.training.recipe import Recipe
from engine.training.tracks import Data

MAY_CHANGE = ("at_once", "checkpointing")
"""What of a recipe is about memory alone."""
_MOST_BYTES = 1 << 20


class Run(msgspec.Struct, frozen=True):
    """run.json. ``base``: the model's name, ``base_digest``: of its decoder; ``data``: of the
    data and how it was cut."""

    recipe: Recipe
    base: str
    base_digest: str
    data: str


def run_of(recipe: Recipe, base: Checkpoint, data: Data, windows: Sequence[Window]) -> Run:
    """What stands for a training of ``recipe`` on ``base``, that learns from ``windows`` of
    ``data``. Raises ``MusmedError``."""
    made = joined(data.digest, msgspec.json.encode(windows).decode())
    return Run(recipe, base.name, decoder_digest(base), made)


@contextlib.contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """``folder`` is made, and is this process's meanwhile. Raises ``MusmedError``."""
    try:
        make_private_folder(folder.work)
        file = open_private(folder.lock, "ab")
    except OSError as error:
        raise MusmedError(
            f"The folder {folder.work} can't be written ({error.strerror}); give another with -o."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MusmedError(
                f"Another training is at work in {folder.root}; end it, or give another folder "
                "with -o."
            ) from error
        _sweep(folder)
        yield


def _sweep(folder: RunFolder) -> None:
    """Remove what a process that was killed had begun to write."""
    ours = (*ADAPTER, PREFIX, CARD, FIGURES)  # beside them may lie anything
    at_root = [left for name in ours for left in folder.root.glob(f".{name}.*.part*")]
    for left in [*at_root, *folder.work.rglob(".*.part*")]:
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                left.unlink()


def expect(folder: RunFolder, *, resume: bool) -> None:
    """Raises ``MusmedError`` where there is a training and none should be, or the other way
    round."""
    there = look_at(folder.run, "file") != "nothing"
    if there and not resume:
        raise MusmedError(
            f"There is a training in {folder.root} already; go on with it with --resume, or give "
            "another folder with -o."
        )
    if resume and not there:
        raise MusmedError(
            f"There is no training in {folder.root} to go on with; leave out --resume."
        )


def begin(folder: RunFolder, run: Run) -> None:
    """Keep ``run`` in a new folder, or compare it with what a folder says whose training goes on.
    Raises ``MusmedError`` where they don't agree."""
    if look_at(folder.run, "file") != "nothing":
        _compare(folder, _read(folder), run)
        return
    part = part_of(folder.run)
    try:
        write_private(part, msgspec.json.format(msgspec.json.encode(run), indent=2))
        part.replace(folder.run)
    except OSError as error:
        raise MusmedError(
            f"{folder.run} can't be written ({error.strerror}); free some space or give another "
            "folder with -o."
        ) from error


def _read(folder: RunFolder) -> Run:
    try:
        return msgspec.json.decode(read_small(folder.run, str(folder.run), _MOST_BYTES), type=Run)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise MusmedError(
            f"{folder.run} is damaged ({error}); give another folder with -o."
        ) from error


def _compare(folder: RunFolder, before: Run, now: Run) -> None:
    again = "go on with what it began with, or give another folder with -o for a new training"
    if (before.base, before.base_digest) != (now.base, now.base_digest):
        what = f"its base is {before.base}" if before.base != now.base else "its base was another"
    elif before.data != now.data:
        what = "its sounds or captions were others"
    else:
        names = [name for name in Recipe.__struct_fields__ if name not in MAY_CHANGE]
        other = [
            name for name in names if getattr(before.recipe, name) != getattr(now.recipe, name)
        ]
        if not other:
            return
        what = f"its recipe has {_settings(before.recipe, other)}"
    raise MusmedError(f"The training in {folder.root} can't go on like this: {what}; {again}.")


def _settings(recipe: Recipe, names: list[str]) -> str:
    told = [f"{name} {msgspec.json.encode(getattr(recipe, name)).decode()}" for name in names]
    return ", ".join(told).replace("_", " ").replace('"', "")
