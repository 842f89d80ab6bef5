"""Whether an adapter's files are still those that were read: by what the system says of them, which
takes no time. What a session keeps of them is a digest (``engine/session/fingerprints.py``)."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from engine.composers.musicgen.files.adapters import (
    CONFIG,
    WEIGHTS,
    adapter_files,
    parse_adapter,
)
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError

FileMarks = tuple[tuple[int, ...], ...]


def marks_of(folder: Path) -> FileMarks:
    """Of each file that plays of the adapter in ``folder``: device, inode, bytes, when it was
    written and when it came to lie there (a copy may keep the former, and get the inode of what
    went); nothing of one that is not there. Raises ``MusmedError`` for what can't be seen."""
    found: list[tuple[int, ...]] = []
    for name in (CONFIG, WEIGHTS, PREFIX):
        try:
            seen = (folder / name).stat()
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise MusmedError(
                    f"{folder / name} can't be read ({error.strerror or error}); mend its "
                    "permissions."
                ) from error
            found.append(())
        else:
            found.append(
                (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
            )
    return tuple(found)


def marks_of_asked(adapters: Sequence[str]) -> tuple[FileMarks, ...]:
    """Those of adapters as asked for, with scales behind them or not. Raises ``MusmedError`` for
    one that is not here or can't be seen."""
    sources = (parse_adapter(text).source for text in adapters)
    return tuple(marks_of(adapter_files(source)[0].parent) for source in sources)
