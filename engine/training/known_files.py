"""Digests of files that were read before, so that a file that has not changed since then is not
read again to be known. No torch.

A file is taken for unchanged while its size, its times of writing and of change and its inode are
the same. One that was changed within the last seconds is not remembered: it could change once more
within the same tick of its file system's clock.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.places import open_file, part_of
from engine.private import make_private_folder, open_private
from engine.training.digests import content_digest

MOST_FILES = 200_000
MOST_BYTES = 300 * MOST_FILES
_SETTLED = 5.0
"""Seconds since a file's last change: the clocks of some file systems tick every two."""

Stamp = tuple[int, int, int, int]
Known = dict[str, tuple[Stamp, str]]
"""By a digest of the file's place, so that no names lie here."""


class KnownFiles:
    """What the file at ``path`` remembers; damaged or absent, that is nothing. ``now``: seconds
    since 1970."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path, self._now = path, now
        self._known = self._read()
        self._new: Known = {}

    def digest(self, file: Path, check: Callable[[], None]) -> str:
        """Of the file's bytes; ``check`` is called while it is read. Raises ``MusmedError`` for one
        that can't be read."""
        place = hashlib.sha256(os.fsencode(file.absolute())).hexdigest()
        stamp, settled = self._stamp(file)
        found = self._known.get(place)
        if found is not None and found[0] == stamp:
            return found[1]
        digest = content_digest(file, check)
        if settled:
            self._known[place] = self._new[place] = (stamp, digest)
        return digest

    def keep(self) -> None:
        """Beside what others have kept meanwhile. Raises ``OSError``."""
        if not self._new:
            return
        known = self._read() | self._new
        known = dict(list(known.items())[-MOST_FILES:])
        part = part_of(self._path)
        try:
            make_private_folder(self._path.parent)
            with open_private(part, "wb") as file:
                file.write(msgspec.json.encode(known))
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)
        self._new = {}

    def _stamp(self, file: Path) -> tuple[Stamp, bool]:
        try:
            seen = file.stat()
        except OSError as error:
            reason = error.strerror or str(error)
            raise MusmedError(
                f"{file} can't be read ({reason}); mend that or get it again."
            ) from error
        changed = max(seen.st_mtime, seen.st_ctime)
        stamp = (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
        return stamp, self._now() - changed > _SETTLED

    def _read(self) -> Known:
        try:
            with open_file(self._path) as file:
                return msgspec.json.decode(file.read(MOST_BYTES + 1), type=Known)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
