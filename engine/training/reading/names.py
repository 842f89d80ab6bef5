"""Which sound a captions file means by a name.

A captions file chooses among what was found in the data's folder: what it names is never a path
that is opened, so that none leads out of the folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from engine.training.reading.sounds import LOOKED_AT

MOST_PARTS = 64
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")


class Names:
    """``names``: of the sounds, from the data's folder on."""

    def __init__(self, names: Iterable[str]) -> None:
        self._whole = set(names)
        self._ends: dict[str, str | None] = {}
        for name in self._whole:
            for end in {key for tail in _tails(name.split("/")) for key in _loosely(tail)}:
                self._ends[end] = None if end in self._ends else name

    def meant(self, text: str, beside: str = "") -> str | None:
        """The sound that ``text`` names: its path from ``beside`` (the captions file's folder, from
        the data's on) or from the data's folder on, else the one sound whose path ends so, with or
        without its suffix, whatever its case. Of an absolute path, which may be that of another
        machine, what it ends with counts."""
        said = unicodedata.normalize("NFC", text).replace("\\", "/").strip()
        parts = [part for part in said.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or len(parts) > MOST_PARTS:
            return None
        plain = "/".join(parts)
        ways = [f"{beside}/{plain}", plain] if beside else [plain]
        if _ABSOLUTE.match(said):
            ways = list(_tails(parts))
        exact = (way for way in ways if way in self._whole)
        ends = (self._ends.get(key) for way in ways for key in _loosely(way))
        return next(exact, None) or next(filter(None, ends), None)


def _tails(parts: list[str]) -> Iterator[str]:
    """Ends of a path, the longest first."""
    return ("/".join(parts[at:]) for at in range(len(parts)))


def _loosely(name: str) -> tuple[str, ...]:
    """``name`` whatever its case, and without the suffix of a sound."""
    path = PurePosixPath(name.casefold())
    bare = str(path.with_suffix("")) if path.suffix in LOOKED_AT else str(path)
    return tuple(dict.fromkeys((str(path), bare)))
