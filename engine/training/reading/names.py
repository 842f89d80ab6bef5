"""Which sound a captions file means by a name.

A captions file chooses among what was found in the data's folder: what it names is never a path
that is opened, so that none leads out of the folder.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath


class Names:
    """``names``: of the sounds, from the data's folder on."""

    def __init__(self, names: Iterable[str]) -> None:
        self._whole = {name: name for name in names}
        self._lower = _by(self._whole, str.casefold)
        self._last = _by(self._whole, lambda name: PurePosixPath(name).name)
        self._stem = _by(self._whole, lambda name: PurePosixPath(name).stem)
        self._path = _by(self._whole, lambda name: str(PurePosixPath(name).with_suffix("")))

    def meant(self, text: str, beside: str = "") -> str | None:
        """The sound that ``text`` names: its path from ``beside`` (the captions file's folder, from
        the data's on) or from the data's folder on, with or without its suffix, else its bare name
        where no other sound has it."""
        said = unicodedata.normalize("NFC", text).replace("\\", "/").strip()
        parts = [part for part in said.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            return None
        plain = "/".join(parts)
        for name in (f"{beside}/{plain}" if beside else plain, plain):
            for known in (self._whole, self._lower, self._path):
                key = name.casefold() if known is self._lower else name
                if found := known.get(key):
                    return found
        return self._last.get(parts[-1]) or self._stem.get(parts[-1])


def _by(names: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """``names`` by a key of theirs, those alone that share it with no other."""
    found: dict[str, str | None] = {}
    for name in names:
        short = key(name)
        found[short] = None if short in found else name
    return {short: name for short, name in found.items() if name is not None}
