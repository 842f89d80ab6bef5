"""Files and folders that only their owner may read, whatever the umask.

What a person feels stands in the library, in the logs and in every rendering, and a machine may
have more users than one. Setting the umask of the process would not do: it is one for all threads,
so two that change it race, and MusicGen's files in the hub's cache are shared on purpose. So each
file is made with its own mode, before anything is written to it.

A leaf that every room may import.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from pathlib import Path
from typing import IO, Literal

from engine.errors import MusmedError

FOLDER, FILE = 0o700, 0o600
_OTHERS = 0o077

log = logging.getLogger(__name__)


def make_private_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing on the way to it, as the XDG specification wants it
    (0700). What is there already stays as it is. Raises ``OSError``."""
    try:
        folder.mkdir(FOLDER)
    except FileNotFoundError:
        if folder.parent.is_dir():  # a file system that makes no folders
            raise
        make_private_folder(folder.parent)
        make_private_folder(folder)
    except OSError:
        if not folder.is_dir():  # as Path.mkdir decides it
            raise
    else:
        folder.chmod(FOLDER)  # a umask may have taken the owner's own rights


def open_private(path: Path, mode: Literal["ab", "wb", "xb"]) -> IO[bytes]:
    """Open ``path`` to write ('xb': one that is not there yet); a file that others could read is
    theirs no more. Raises ``OSError``."""
    return open(path, mode, opener=_opener)


def write_private(path: Path, data: bytes) -> None:
    """``path`` becomes ``data``. Raises ``OSError``."""
    with open_private(path, "wb") as file:
        file.write(data)


def write_new(path: Path, data: bytes) -> None:
    """A file at ``path``, where there is none, with all of ``data``; where that can't be, there is
    none of it. Raises ``OSError``."""
    file = open_private(path, "xb")
    try:
        with file:
            file.write(data)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def open_log(path: Path) -> IO[bytes]:
    """Open the log at ``path`` to append, its folder made where there is none. Raises
    ``MusmedError``."""
    try:
        make_private_folder(path.parent)
        return open_private(path, "ab")
    except OSError as error:
        reason = "it is a pipe" if error.errno == errno.ENXIO else error.strerror or str(error)
        raise MusmedError(
            f"The log {path} can't be written ({reason}); move away what is there, make its "
            "folder writable or free some space."
        ) from error


def touch_private(path: Path) -> None:
    """A file at ``path``, empty where there was none, for a library that opens files by their names
    and keeps the mode of one that is there. Another process may write it meanwhile. Raises
    ``OSError``."""
    open_private(path, "ab").close()


def narrow(path: Path) -> bool:
    """Take from others what rights they have to ``path`` (of a link: to what it leads to), if it is
    there; whether they had some. Where the file system can't do that, the log says so."""
    try:
        mode = path.stat().st_mode
        if not mode & _OTHERS:
            return False
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
        reason = "its file system keeps no rights" if path.stat().st_mode & _OTHERS else ""
    except FileNotFoundError:
        return False
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        log.warning("other users of this machine may see %s: %s", path, reason)
    return True


def _opener(path: str, flags: int) -> int:
    # Opening a pipe to write would wait for a reader: with O_NONBLOCK it is refused.
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, FILE)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, "it is a pipe", str(path))
    os.set_blocking(descriptor, True)
    if stat.S_ISREG(mode) and mode & 0o777 != FILE:
        try:
            os.fchmod(descriptor, FILE)
        except OSError as error:
            log.warning("other users of this machine may see %s: %s", path, error.strerror)
    return descriptor
