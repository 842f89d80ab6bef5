"""The places a listener names: folders and files, as typed, or from settings and environment.

Where one can't even be looked at, that is a sentence. A leaf that every room may import."""

from __future__ import annotations

import errno
import io
import os
import stat
import zlib
from pathlib import Path
from typing import Literal

from engine.errors import MusmedError

Found = Literal["folder", "file", "other", "nothing"]
_NOTHING = {errno.ENOENT, errno.ENOTDIR}
_SHOWN = 80
_KEPT, _SUFFIX = 80, 8
"""Bytes of a name and of its suffix that a part's name repeats: the shortest limit is 143
(eCryptfs)."""


def place_of(text: str, what: str) -> Path:
    """The absolute path of ``text``, '~' and '~user' expanded; ``what`` should lie there, in a
    few words. Raises ``MusmedError`` as ``expanded`` does, and where there is no current folder."""
    path = expanded(text, what)
    try:
        return path.absolute()
    except OSError as error:
        raise _unseen(text, what, _reason(error)) from error


def expanded(text: str, what: str) -> Path:
    """``text`` as a path, '~' and '~user' expanded.

    Raises ``MusmedError`` for a user who has no home folder here and for a NUL character.
    """
    if "\0" in text:
        raise _unseen(text, what, "no path has a NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        if text.partition("/")[0] == "~":
            raise MusmedError(f"There is no home folder for the {what}; set HOME.") from error
        raise _unseen(text, what, "there is no such home folder") from error


def look_at(path: Path, what: str) -> Found:
    """What lies at ``path``, where ``what`` should lie; links are followed.

    Raises ``MusmedError`` where that can't be found out: a name that is too long, a folder on the
    way that may not be read, links in a circle.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in _NOTHING:
            return "nothing"
        raise _unseen(str(path), what, _reason(error)) from error
    except ValueError as error:
        raise _unseen(str(path), what, _reason(error)) from error
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def is_there(text: str) -> bool:
    """Whether something is seen to lie at ``text``."""
    try:
        return text != "" and look_at(place_of(text, "file"), "file") != "nothing"
    except MusmedError:
        return False


def read_small(path: Path, called: str, most: int) -> bytes:
    """At most ``most`` + 1 bytes of the file at ``path``: one more tells that it is too long.
    Raises ``MusmedError`` about what is ``called`` so, where it can't be read."""
    try:
        with open_file(path) as file:
            return file.read(most + 1)
    except OSError as error:
        raise MusmedError(f"{called} can't be read ({_reason(error)}); mend the path.") from error


def open_file(path: Path) -> io.BufferedReader:
    """The file at ``path``, to be read. Raises ``OSError``, for what is no regular file too:
    opening a pipe would wait for who writes to it, and a device may have no end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return open(descriptor, "rb")  # noqa: PTH123 - it is open already


def names_in(folder: Path) -> tuple[Path, ...]:
    """What lies in ``folder``, sorted. Raises ``MusmedError`` for one that can't be read."""
    try:
        return tuple(sorted(folder.iterdir()))
    except OSError as error:
        raise MusmedError(
            f"The folder {folder} can't be read ({_reason(error)}); mend its permissions."
        ) from error


def part_of(path: Path) -> Path:
    """A hidden name beside ``path`` for what this process is writing there, to be renamed to
    ``path`` once it is whole. It keeps the suffix, and is no longer than a name may be, however
    long that of ``path`` is."""
    name, shown = _encoded(path.name), path.name
    if len(name) > _KEPT:
        shown = f"{_cut(name, _KEPT)}-{zlib.crc32(name):08x}"
    suffix = _cut(_encoded(path.suffix), _SUFFIX)
    return path.with_name(f".{shown}.{os.getpid()}.part{suffix}")


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _cut(name: bytes, size: int) -> str:
    """What is whole of ``name`` within ``size`` bytes."""
    return name[:size].decode("utf-8", "ignore")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _unseen(text: str, what: str, reason: str) -> MusmedError:
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return MusmedError(f"There is no {what} to be seen at {shown!r} ({reason}); mend the path.")
