"""Every update as a JSON line in the run's folder. No torch."""

from __future__ import annotations

import msgspec

from engine.errors import MusmedError
from engine.places import look_at, part_of, read_small
from engine.private import open_private, write_private
from engine.training.folder import RunFolder
from engine.training.said import Step

MOST_BYTES = 1 << 30


def read_steps(folder: RunFolder) -> tuple[Step, ...]:
    """Every update there was. A last line that was not written to its end is left out. Raises
    ``MusmedError`` for a file that is damaged."""
    path = folder.steps
    if look_at(path, "file") == "nothing":
        return ()
    lines = read_small(path, str(path), MOST_BYTES).split(b"\n")[:-1]
    try:
        return tuple(msgspec.json.decode(line, type=Step) for line in lines)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise MusmedError(
            f"{path} is damaged ({error}); remove it and go on with --resume."
        ) from error


def cut_steps(folder: RunFolder, last: int) -> None:
    """The file ends with update ``last``: those after it are made again. Raises ``MusmedError``."""
    steps = [step for step in read_steps(folder) if step.number <= last]
    part = part_of(folder.steps)
    try:
        write_private(part, b"".join(_line(step) for step in steps))
        part.replace(folder.steps)
    except OSError as error:
        raise _unwritten(folder, error) from error


def add_step(folder: RunFolder, step: Step) -> None:
    """Raises ``MusmedError``."""
    try:
        with open_private(folder.steps, "ab") as file:
            file.write(_line(step))
    except OSError as error:
        raise _unwritten(folder, error) from error


def _line(step: Step) -> bytes:
    return msgspec.json.encode(step) + b"\n"


def _unwritten(folder: RunFolder, error: OSError) -> MusmedError:
    return MusmedError(
        f"{folder.steps} can't be written ({error.strerror}); free some space and go on with "
        "--resume."
    )
