"""A session is written by one process at a time: a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private

NAME = ".held"


class Hold:
    """The right to write one session, taken at once or not at all.

    Raises ``MusmedError`` when another process has it; ``OSError`` when the folder can't be
    written to.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._file = open_private(folder / NAME, "ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise MusmedError(
                f"Session {folder.name} is being played by another musmed; stop it there first."
            ) from error
        except OSError:
            self._file.close()
            raise

    def release(self) -> None:
        """May be called twice."""
        self._file.close()


def held_elsewhere(folder: Path) -> bool:
    """Some process has the right to write this session now (this one included)."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
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
