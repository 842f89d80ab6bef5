"""Adapters that were added, by names that hold wherever musmed is called: folders in musmed's data
folder, each its owner's alone. Of the machine that composes. No torch."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

from engine.composers.musicgen.files.catalogue import entry_of
from engine.data_folder import data_folder
from engine.errors import MusmedError
from engine.places import look_at, names_in

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


def is_name(text: str) -> bool:
    """Whether ``text`` may be the name of an adapter that was added: a letter or digit and up to 63
    more of those, '-', '_' and '.'; no name of a model."""
    return _NAME.fullmatch(text) is not None and not text.endswith(".") and entry_of(text) is None


def shelf() -> Path:
    """The folder of them, there or not. Raises ``MusmedError`` without a home folder."""
    return data_folder() / "adapters"


def added(name: str) -> Path | None:
    """The folder of the adapter that was added as ``name``; None without one."""
    if not is_name(name):
        return None
    with contextlib.suppress(MusmedError):  # a place that can't be seen has none
        folder = shelf() / name
        if look_at(folder, "adapter") == "folder":
            return folder
    return None


def all_added() -> tuple[str, ...]:
    """Their names in order. Raises ``MusmedError`` for a folder that can't be read."""
    folder = shelf()
    if look_at(folder, "folder of adapters") != "folder":
        return ()
    found = (path.name for path in names_in(folder))
    return tuple(name for name in found if added(name) is not None)


def size_of(folder: Path) -> int:
    """Bytes of what is in it."""
    return sum(path.stat().st_size for path in names_in(folder) if path.is_file())


def _gone(folder: Path) -> None:
    """Of a link the link: what it leads to is somebody else's."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def take_away(name: str) -> int:
    """Remove the adapter that was added as ``name``; how many bytes that were. It is whole or gone.
    Raises ``MusmedError``."""
    folder = shelf() / name
    going = folder.with_name(f".{name}.going")
    try:
        freed = size_of(folder)
        _gone(going)
        folder.rename(going)
        _gone(going)
    except OSError as error:
        raise MusmedError(
            f"{folder} can't be removed ({error.strerror or error}); mend its permissions."
        ) from error
    return freed
