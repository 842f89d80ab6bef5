"""Where the demo keeps its things: a temporary folder that is gone after it. What a demo that was
killed has left goes when the next one begins: somebody may have said in it how they feel."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "musmed-demo-"
YOUNG_SECONDS = 60.0
"""One that has just been made may not be held yet."""


@contextlib.contextmanager
def demo_home() -> Iterator[Path]:
    """A new folder, held while it is used."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        descriptor = _opened(Path(name))
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Take away this user's that nobody holds."""
    for left in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = _opened(left)
            try:
                seen = os.fstat(descriptor)
                if seen.st_uid == os.geteuid() and time.time() - seen.st_mtime > YOUNG_SECONDS:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)


def _opened(folder: Path) -> int:
    """A folder and no link to one. Raises ``OSError``."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
