"""What a process prints on standard error: its beginning copied to a log, its last words kept."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import IO

LAST_BYTES = 4096
"""So much of the end is kept."""
LOG_BYTES = 256 * 1024
"""So much of the beginning is copied: another machine is not to fill this one's disk."""


class Overheard:
    """Reads ``stream`` to its end in a thread of its own. ``log``: a file or its descriptor, which
    is duplicated, so that it may be closed by whoever opened it; None for none."""

    def __init__(self, stream: IO[bytes], log: IO[bytes] | IO[str] | int | None) -> None:
        self._stream = stream
        self._last = b""
        self._copy = os.dup(log if isinstance(log, int) else log.fileno()) if log else None
        self._thread = threading.Thread(target=self._read, name="link-errors", daemon=True)
        self._thread.start()

    def last(self, patience: float) -> bytes:
        """The last that was said; waits at most ``patience`` seconds for the stream's end, which
        somebody else may hold open."""
        self._thread.join(patience)
        return self._last

    def _read(self) -> None:
        left = LOG_BYTES
        read: Callable[[int], bytes] = getattr(self._stream, "read1", self._stream.read)
        with contextlib.suppress(OSError, ValueError), self._stream:
            while data := read(65536):
                self._last = (self._last + data)[-LAST_BYTES:]
                if self._copy is not None and left > 0:
                    with contextlib.suppress(OSError):  # a full disk holds up no engine
                        os.write(self._copy, data[:left])
                    left -= len(data)
        if self._copy is not None:
            os.close(self._copy)
