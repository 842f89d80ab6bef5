"""How much of the disk the library takes, and what goes so that it takes no more than it may.

Only sound goes: request, seed, events and what was measured stay, so a session whose sound has gone
is composed again, sample for sample, when it is played or rendered.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.session.library.library import Library
from engine.session.library.lock import Hold
from engine.session.library.reading import ID

SOUND, PART = ".flac", ".part"
GB = 10**9

log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """Bytes on disk."""

    sessions: dict[str, int]
    """The folder of each session, whether or not the database knows it."""
    rest: int
    """The database, and those that were set aside."""

    @property
    def total(self) -> int:
        return sum(self.sessions.values()) + self.rest


def taken(library: Path) -> Taken:
    """How much the library in the folder ``library`` takes; nothing where there is none."""
    sessions = {
        entry.name: sum(size for _, size in _files(entry.path))
        for entry in _entries(library / "sessions")
        if ID.fullmatch(entry.name)
    }
    return Taken(sessions, sum(size for _, size in _files(library)))


def tidy(library: Library) -> None:
    """What killed processes have left: the parts of clips go, and how their sessions ended is
    stored. What another process holds is left alone."""
    for entry in _entries(library.folder / "sessions"):
        parts = [name for name, _ in _files(entry.path) if name.endswith(PART)]
        if ID.fullmatch(entry.name) and parts:
            _delete(Path(entry.path), PART)
    library.settle()


def make_room(library: Library, limit: float) -> str:
    """Delete the sound of the oldest sessions until the library takes at most ``limit`` bytes, or
    as many as there are (0): first of those that were heard to their end, then of others. What is
    being played keeps it, and so does the newest, and so do those that the library does not know
    or can't read, since they can't be composed again. Gives a sentence on what was deleted, ''
    where nothing was. Raises ``MusmedError``."""
    if not limit:
        return ""
    now = taken(library.folder)
    over = now.total - limit
    if over <= 0:
        return ""
    rows = [row for row in reversed(library.sessions(-1)) if row.id in now.sessions][:-1]
    finished = [row.id for row in rows if row.state == "finished"]
    others = [row.id for row in rows if row.state != "finished"]
    gone: dict[str, int] = {}
    for session in (*finished, *others):
        if sum(gone.values()) >= over:
            break
        if freed := _delete(library.clip_folder(session), SOUND):
            gone[session] = freed
    if not gone:
        return ""
    newest = next(row.id for row in reversed(rows) if row.id in gone)
    return _said(gone, newest, limit, len(set(gone) & set(others)))


def _said(gone: dict[str, int], newest: str, limit: float, unfinished: int) -> str:
    what = "1 session" if len(gone) == 1 else f"{len(gone)} sessions"
    rest = f" {unfinished} of them can still be resumed." if unfinished else ""
    return (
        f"The sound of {what} up to {newest} was deleted ({in_words(sum(gone.values()))}), "
        f"since the library may take {in_words(limit)} (library_gb in the settings); it is "
        f"composed again when it is played.{rest}"
    )


def said_of_room(total: float, limit: float) -> str:
    """How much the library takes, and may take (bytes; 0: as much as there is)."""
    may = f"it may take {in_words(limit)}" if limit else "it may take as much as there is"
    return f"The library takes {in_words(total)}; {may} (library_gb in the settings)."


def in_words(count: float) -> str:
    """So many bytes."""
    if count >= GB:
        return f"{count / GB:.3g} GB"
    return f"{count / 1e6:.{0 if count >= 10**7 else 1}f} MB"


def _delete(folder: Path, ending: str) -> int:
    """Delete the files of a session that end so, unless a process holds it; how many bytes."""
    freed = 0
    try:
        hold = Hold(folder)
    except (MusmedError, OSError):
        return 0
    try:
        for name, size in _files(str(folder)):
            if name.endswith(ending):
                with contextlib.suppress(OSError):
                    (folder / name).unlink()
                    freed += size
    finally:
        hold.release()
    log.info("%d bytes were deleted in %s", freed, folder)
    return freed


def _files(folder: str | Path) -> Iterator[tuple[str, int]]:
    """Name and size of each file in ``folder``."""
    for entry in _entries(folder):
        with contextlib.suppress(OSError):
            if entry.is_file(follow_symlinks=False):
                yield entry.name, entry.stat(follow_symlinks=False).st_size


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        return list(found)
    return []
