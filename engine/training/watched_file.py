"""What was heard at each step, as a file of JSON lines in the run's folder. No torch."""

from __future__ import annotations

import contextlib

import msgspec

from engine.errors import MusmedError
from engine.places import look_at, part_of, read_small
from engine.private import write_private
from engine.training.folder import RunFolder
from engine.training.watched import Watched

MOST_BYTES = 64 * 1024 * 1024


def read_watched(folder: RunFolder) -> tuple[Watched, ...]:
    """Every watching there was, by step. Raises ``MusmedError`` for a file that is damaged."""
    path = folder.watched
    if look_at(path, "file") == "nothing":
        return ()
    data = read_small(path, str(path), MOST_BYTES)[:MOST_BYTES]  # a line that is cut is damaged
    try:
        found = [msgspec.json.decode(line, type=Watched) for line in data.splitlines() if line]
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise MusmedError(
            f"{path} is damaged ({error}); remove it, and steps are watched anew from here on."
        ) from error
    return tuple(sorted(found, key=lambda one: one.step))


def keep_watched(folder: RunFolder, watched: Watched) -> tuple[Watched, ...]:
    """Every watching there was and ``watched``, which takes the place of one of its step and of
    those after it: a training that was resumed from before them makes them again. The file holds
    that now. Raises ``MusmedError``."""
    before = [one for one in read_watched(folder) if one.step < watched.step]
    kept = (*before, watched)
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in kept)
    temporary = part_of(folder.watched)
    try:
        write_private(temporary, lines)
        temporary.replace(folder.watched)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise MusmedError(
            f"{folder.watched} can't be written ({error.strerror}); free some space and go on "
            "with --resume."
        ) from error
    return kept
