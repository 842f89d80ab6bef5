"""A session is written by one process at a time: a lock that ends with its process.

Its file has room for a last word, taken when the lock is: how the session ended can be said there
on a disk that has no room for anything new.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private
from engine.session.library.records import State

NAME = ".held"
_TRIES, _PAUSE_SECONDS = 20, 0.005
"""Looking whether a session is held takes its lock for a moment; so long it is waited for that."""
WORD_BYTES = 64
"""Of the file: the state and the seconds heard, and spaces."""

log = logging.getLogger(__name__)


class Hold:
    """The right to write one session, taken at once or not at all.

    Raises ``MusmedError`` when another process has it; ``OSError`` when the folder can't be
    written to.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._file = open_private(folder / NAME, "ab")
        try:
            self._take(folder.name)
        except BaseException:
            self._file.close()
            raise
        self._path = folder / NAME

    def _take(self, session: str) -> None:
        for _ in range(_TRIES):
            if self._lock(fcntl.LOCK_EX):
                return
            # Who plays a session has its lock alone. Who reads it, or looks whether it is held for
            # a moment, shares it.
            if not self._lock(fcntl.LOCK_SH):
                raise MusmedError(
                    f"Session {session} is being played by another musmed; stop it there first."
                )
            fcntl.flock(self._file, fcntl.LOCK_UN)
            time.sleep(_PAUSE_SECONDS)
        raise MusmedError(
            f"Session {session} is being saved by another musmed; try again when that is done."
        )

    def _lock(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def begin(self) -> None:
        """The session is being played from here on: there is no last word yet."""
        self._put(b"")

    def leave_word(self, state: State, seconds: float) -> None:
        """How the session ended, and how far it was heard. Raises nothing."""
        self._put(f"{state} {seconds:.6f}".encode())

    def _put(self, word: bytes) -> None:
        """In place: what the file already has of the disk it keeps. A disk too full for the first
        one has no last word either."""
        try:
            with self._path.open("r+b", buffering=0) as file:
                file.write(word.ljust(WORD_BYTES)[:WORD_BYTES])
        except OSError as error:
            log.warning("%s can't be written: %s", self._path, error)

    def release(self) -> None:
        """May be called twice."""
        self._file.close()


def held_elsewhere(folder: Path) -> bool:
    """Some process has the right to write this session now (this one included)."""
    return is_locked(folder / NAME)


def is_locked(path: Path) -> bool:
    """Whether some process has ``path`` for itself now (this one included)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def being_read(folder: Path) -> Iterator[None]:
    """For as long as this lasts, no other process deletes what lies in the folder of a session:
    ``Hold`` can't be had. Where it is held already it is read all the same: who holds it lets its
    sound be."""
    try:
        file = open_private(folder / NAME, "ab")
    except OSError as error:  # nobody can delete anything there, either
        log.info("%s can't be opened: %s", folder / NAME, error)
        yield
        return
    with file:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def delete_folder(folder: Path, hold: Hold | None = None) -> bool:
    """Delete the folder of a session and all that is in it; whether there was one. ``hold``: that
    of this process, if it has it. Raises ``MusmedError`` when another process holds it, and
    ``OSError``."""
    if not os.path.lexists(folder):
        return False
    if not folder.is_dir() or folder.is_symlink():
        folder.unlink()
        return True
    taken = hold or Hold(folder)
    try:
        shutil.rmtree(folder)
    finally:
        if hold is None:
            taken.release()
    return True


def last_word(folder: Path) -> tuple[State, float] | None:
    """What the process that held this session last said of its end, if it came to that."""
    with contextlib.suppress(OSError, ValueError):
        with (folder / NAME).open("rb") as file:
            state, seconds = file.read(WORD_BYTES).decode("ascii").split()
        if state in get_args(State) and state != "running" and 0.0 <= float(seconds) < math.inf:
            return cast("State", state), float(seconds)
    return None
