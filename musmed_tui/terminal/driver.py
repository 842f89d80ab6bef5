"""The terminal for the app: drawn on standard output, and never waited for.

Textual draws on file descriptor 2, which is the log's here (C libraries write to it), and it
waits for a terminal that does not read. This driver draws on a copy of descriptor 1, and what
such a terminal has no room for is dropped; the app paints the whole screen once there is room.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import sys
from io import TextIOWrapper
from typing import Any, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from musmed_tui.terminal.job_control import stand_still

BEHIND = 2
"""Writes waiting for the terminal at which drawing pauses."""
FAREWELL_SECONDS = 1.0
"""How long the last writes may take: beyond that the terminal does not read."""


class TerminalFile:
    """Text to a descriptor, gathered until ``flush``. A terminal that is gone takes nothing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def flush(self) -> None:
        data = "".join(self._parts).encode("utf-8", "replace")
        self._parts.clear()
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return True


class TerminalDriver(LinuxDriver):
    """See the module's docstring. ``behind``: the terminal has not taken what was drawn;
    ``dropped``: something that was drawn is missing on it."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = cast("TextIOWrapper", TerminalFile(os.dup(sys.stdout.fileno())))
        self.dropped = False
        self._aside = False

    @property
    def behind(self) -> bool:
        thread = self._writer_thread
        return thread is not None and thread._queue.qsize() >= BEHIND

    @property
    def gone(self) -> bool:
        """Nobody is at the other end any more; a hang-up that is ignored (nohup) says so no other
        way."""
        look = select.poll()
        look.register(self.fileno, 0)
        return any(seen & select.POLLHUP for _, seen in look.poll(0))

    def put_aside(self) -> None:
        """Give the terminal back and stand still; returns when this process is continued, with the
        terminal taken again. All of it has to be drawn again."""
        self._aside = True
        self.suspend_application_mode()
        stand_still(self.fileno)
        self.resume_application_mode()
        self._aside = False
        self.dropped = True

    def _sigtstp_application(self, *_: object) -> None:
        """Told to stop by somebody else than the keyboard: as if it were by that. Where it is about
        to stand still that was Ctrl-Z held down, in the terminal it has just given back."""
        if not self._aside:
            self._app.call_later(self._app.run_action, "put_aside")

    def _sigcont_application(self, *_: object) -> None:
        """After a stop that could not be seen coming the shell may have written over the screen."""
        self.dropped = True

    def run_input_thread(self) -> None:
        """Textual's, but that of a terminal that is gone no keys come."""
        with contextlib.suppress(OSError):
            super().run_input_thread()

    def write(self, data: str) -> None:
        if self._writer_thread is None:
            return
        try:
            self._writer_thread._queue.put_nowait(data)
        except queue.Full:
            self.dropped = True

    def close(self) -> None:
        """Wait for the last writes, but not for long."""
        thread = self._writer_thread
        if thread is None:
            return
        with contextlib.suppress(queue.Full):
            thread._queue.put_nowait(None)
        thread.join(FAREWELL_SECONDS)
