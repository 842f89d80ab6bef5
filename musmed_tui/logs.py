"""The log: a file of bounded size in the state folder, never the terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import logging.handlers
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.printable import visible_lines
from engine.private import open_log, write_private
from musmed_tui.paths import Folders, make_writable

LOG_BYTES = 512 * 1024
RAW_BYTES = 8 * LOG_BYTES
"""As much as a raw log may hold while it is written to: looking for a sound device that is away
makes ALSA say 7 KB a second."""
LOOK_SECONDS = 60.0


def start_logging(where: Folders, level: str) -> None:
    """Send Python's log and warnings to ``where.log``, at most twice 512 KiB.

    Raises ``MusmedError`` when the state folder can't be written.
    """
    make_writable(where.state, "logs")
    handler = _PrivateHandler(
        where.log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a log on a full disk must not end on the terminal
    _bound(where.engine_log)


class _Formatter(logging.Formatter):
    """A log is read on a terminal, too."""

    def format(self, record: logging.LogRecord) -> str:
        return visible_lines(super().format(record))


class _PrivateHandler(logging.handlers.RotatingFileHandler):
    def _open(self) -> io.TextIOWrapper:
        file = open_log(Path(self.baseFilename))
        return io.TextIOWrapper(file, encoding=self.encoding, errors=self.errors)


def _bound(path: Path) -> None:
    """Start a raw log file afresh once it is over the limit."""
    with contextlib.suppress(OSError):  # who opens it says so
        if path.is_file() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))


@contextlib.contextmanager
def stderr_to(path: Path) -> Iterator[None]:
    """For the block, file descriptor 2 is ``path``: ALSA and its like write there from C and
    would paint over the terminal. Python's own ``sys.stderr`` goes with it. It is begun afresh
    whenever it is over ``RAW_BYTES``."""
    with open_log(path) as log:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
    over = threading.Event()
    bounds = threading.Thread(target=_keep_bounded, args=(path, over), name="log", daemon=True)
    bounds.start()
    try:
        yield
    finally:
        over.set()
        bounds.join()
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


def _keep_bounded(path: Path, over: threading.Event) -> None:
    """Until ``over``. Whoever writes the log goes on with the same file, so it is emptied."""
    while not over.wait(LOOK_SECONDS):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_size > RAW_BYTES:
                write_private(path.with_suffix(".log.1"), path.read_bytes())
                os.truncate(path, 0)
