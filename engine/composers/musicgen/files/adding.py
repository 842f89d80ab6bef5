"""An adapter's folder copied to where it is found by a name: what plays and its card, checked
first. No torch."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import NamedTuple

from engine.composers.musicgen.files.adapters import (
    CONFIG,
    WEIGHTS,
    AdapterWish,
    adapter_folder,
    check_adapter,
    find_adapter,
    is_adapter,
)
from engine.composers.musicgen.files.catalogue import entry_of, repo_of
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.marks import FileMarks, marks_of
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.composers.musicgen.files.shelf import is_name, shelf
from engine.errors import MusmedError
from engine.places import look_at, open_file, part_of, place_of
from engine.private import make_private_folder, open_private

CARD = "README.md"
_COPIED = (CONFIG, WEIGHTS, PREFIX, CARD)


class Added(NamedTuple):
    """``base``: the model it was trained on, '' where it says none; ``checked``: whether that is
    here, so that it is known to fit."""

    name: str
    folder: Path
    base: str
    checked: bool


def add(source: str, name: str | None) -> Added:
    """The adapter in the folder ``source`` is copied and called ``name``, by default as its folder
    is. Raises ``MusmedError`` for one that is none, is broken or doesn't fit its base, for a name
    that is none or is taken, and where there is no room; then nothing of it is left."""
    folder = _folder(source)
    before = marks_of(folder)
    name = _name(folder.name if name is None else name)
    config, _, _ = check_adapter(name, folder)
    base = str(config.get("base_model_name_or_path") or "")
    checked = _fits(folder, base)
    target = shelf() / name
    if look_at(target, "adapter") == "folder":
        raise _taken(name)
    _copy(folder, target, name, before)
    return Added(name, target, base, checked)


def _folder(source: str) -> Path:
    folder = place_of(source, "adapter")
    if look_at(folder / "training", "adapter") == "folder" and not is_adapter(folder):
        raise MusmedError(
            f"The training in {folder} has kept no adapter yet; add it when it is done ('musmed "
            "train' with --resume goes on with one that was stopped)."
        )
    return adapter_folder(source)


def _name(name: str) -> str:
    if entry_of(name) is not None:
        raise MusmedError(f"{name} is a model's name; give the adapter another with --name.")
    if not is_name(name):
        raise MusmedError(
            f"{name[:80]!r} can't be an adapter's name; give one with --name, of up to 64 letters, "
            "digits, '-', '_' and '.' that begins with a letter or digit."
        )
    return name


def _fits(folder: Path, base: str) -> bool:
    """Whether its base is here; one that doesn't fit it raises ``MusmedError``."""
    if repo_of(base) is None and not Path(base).is_absolute():
        return False  # a folder's name alone: where it lies is not told
    try:
        checkpoint = find(base)
    except MusmedError:
        return False  # not here, or not whole: whoever composes will say so
    find_adapter(AdapterWish(str(folder)), checkpoint)
    return True


def _copy(folder: Path, target: Path, name: str, before: FileMarks) -> None:
    """``before``: the marks of the files that were checked."""
    part = part_of(target)
    try:
        make_private_folder(target.parent)
        shutil.rmtree(part, ignore_errors=True)
        make_private_folder(part)
        for file in _COPIED:
            if look_at(folder / file, "adapter") == "file":
                with open_file(folder / file) as read, open_private(part / file, "xb") as written:
                    shutil.copyfileobj(read, written, 1 << 20)
        if marks_of(folder) != before:
            raise MusmedError(
                f"The adapter in {folder} changed while it was copied; add it once whatever writes "
                "it is done."
            )
        _into_place(part, target, name)
    except OSError as error:
        raise MusmedError(
            f"{name} can't be copied to {target.parent} ({error.strerror or error}); free some "
            "space or mend what is named."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _into_place(part: Path, target: Path, name: str) -> None:
    try:
        part.rename(target)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise _taken(name) from error  # somebody else was quicker
        if error.errno == errno.ENOTDIR:
            raise MusmedError(
                f"Something that is no folder lies at {target}; move it away, or give the adapter "
                "another name with --name."
            ) from error
        raise


def _taken(name: str) -> MusmedError:
    return MusmedError(
        f"There is an adapter called {name} already; give this one another name with --name, or "
        f"'musmed models remove {name}' first."
    )
