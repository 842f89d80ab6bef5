"""Standing still as Ctrl-Z has a program do, and being there again when the shell says so."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

STOP_SECONDS = 1.0
"""A stop that has not happened by then was not meant for this process: the system lets no process
stop that nobody could continue."""
_LOOK_SECONDS = 0.02


def has_shell() -> bool:
    """Whether there is a shell to give the terminal back to. A session of the terminal whose leader
    is of this very group has none, as with ``tmux new musmed``."""
    return os.getsid(0) != os.getpgrp()


def stand_still(terminal: int) -> None:
    """Stop this process and those it was started together with; returns when they are continued
    and ``terminal``, a descriptor, is theirs again. For the main thread."""
    _stop_by(signal.SIGTSTP)
    while not _is_ours(terminal):  # continued in the background: it would read what is the shell's
        _stop_by(signal.SIGTTIN)


def _is_ours(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # a terminal that is gone is not waited for


def _stop_by(number: signal.Signals) -> None:
    continued = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal continued
        continued = True

    before = {
        signal.SIGCONT: signal.signal(signal.SIGCONT, note),
        number: signal.signal(number, signal.SIG_DFL),
    }
    try:
        os.killpg(os.getpgrp(), number)
        until = time.monotonic() + STOP_SECONDS
        while not continued and time.monotonic() < until:  # another thread may be told first
            time.sleep(_LOOK_SECONDS)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
