"""What was measured of checkpoints in int8 on this machine, kept in the user's cache folder. No
torch.

The file is a cache: one that is missing or damaged is as good as an empty one, and what can't be
kept is measured again. A figure holds for the very weights (checkpoint and adapters, each with its
scale) and for what multiplies: the machine's instructions and torch's version.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.composers.musicgen.files.adapters import Adapter
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.files.digests import checkpoint_digest, digest_together
from engine.composers.musicgen.precision import Figures
from engine.data_folder import cache_folder
from engine.errors import MusmedError
from engine.places import open_file
from engine.private import make_private_folder, write_private

FILE = "int8.json"
FORMAT = 2
"""Goes up where int8 is multiplied, or measured, otherwise: then all is measured again."""
_LIMIT_BYTES = 256 * 1024
_MOST = 256
_Table = dict[str, Figures]


def key_of(checkpoint: Checkpoint, adapters: Sequence[Adapter], machine: str) -> str:
    """Of these weights where ``machine`` says what multiplies. Raises ``OSError`` and
    ``MusmedError`` for files that can't be read."""
    merged = [
        (digest_together([one.file, *([one.prefix.path] if one.prefix else [])]), one.scale)
        for one in adapters
    ]
    told = (FORMAT, machine, checkpoint_digest(checkpoint), merged)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


class Measured:
    """Figures by ``key_of``, in ``folder``; None for the user's cache folder, if there is one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file: Path | None = None
        with contextlib.suppress(MusmedError):
            self._file = (folder or cache_folder()) / FILE

    def of(self, key: str) -> Figures | None:
        """None where nothing was measured."""
        return self._read().get(key)

    def keep(self, key: str, figures: Figures) -> None:
        """Remember them. What can't be stored is forgotten."""
        if self._file is None:
            return
        table = {name: one for name, one in self._read().items() if name != key}
        table = dict([*table.items(), (key, figures)][-_MOST:])
        temporary = self._file.with_name(f".{FILE}.{os.getpid()}.part")
        try:
            make_private_folder(self._file.parent)
            write_private(temporary, msgspec.json.format(msgspec.json.encode(table)))
            temporary.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _read(self) -> _Table:
        if self._file is None:
            return {}
        try:
            with open_file(self._file) as file:
                data = file.read(_LIMIT_BYTES + 1)
            return msgspec.json.decode(data, type=_Table) if len(data) <= _LIMIT_BYTES else {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}
