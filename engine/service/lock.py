"""A folder of sessions is one service's at a time: a lock that ends with its process."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private
from engine.session.library.lock import is_locked

NAME = "service.lock"


def taken_alone(folder: Path) -> IO[bytes]:
    """The right to use ``folder``, until it is closed. Raises ``MusmedError``."""
    try:
        make_private_folder(folder)
        file = open_private(folder / NAME, "ab")
    except OSError as error:
        raise MusmedError(
            f"The folder {folder} can't be written ({error.strerror}); name another with --data."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise MusmedError(
            f"Another service has the folder {folder}; end it, or name another with --data."
        ) from error
    return file


def is_taken(folder: Path) -> bool:
    """Whether a service has ``folder`` now."""
    return is_locked(folder / NAME)
