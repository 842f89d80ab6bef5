"""How the command line ends: the one place where an error becomes a sentence and a code.

0 done; 2 something the listener can mend, said in one sentence; 1 a defect of musmed, its
traceback in the log; 130, 143, 129 stopped by Ctrl-C, SIGTERM, SIGHUP (128 + the signal).
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable
from pathlib import Path

from engine.errors import MusmedError
from engine.printable import visible_lines
from musmed_tui.terminal.streams import (
    is_closed,
    open_streams,
    remark,
    silence,
    unwritten,
    write_out,
)

MENDABLE = 2
DEFECT = 1
INTERRUPTED = 130

_MENDABLE_ERRNOS = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk quota is used up",
    errno.EROFS: "The file system is read-only",
    errno.EFBIG: "The file grew past the size limit",
    errno.EACCES: "Permission is denied",
    errno.EPERM: "Permission is denied",
}


def guarded(command: Callable[[], int | None]) -> int:
    """Run ``command`` and give the exit code; whatever it raises is said in one sentence."""
    open_streams()
    try:
        code = command() or 0
        _write_the_rest(code)
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # typer wraps some of these, which ones depends on its version
        met = (error, error.__cause__, error.__context__)
        if any(isinstance(one, KeyboardInterrupt) for one in met):
            return INTERRUPTED
        if any(isinstance(one, BrokenPipeError) for one in met):
            silence(1)
            return 0
        if isinstance(error, SystemExit):  # typer's completion ends by itself
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        return _say_why(error)
    return code


def _write_the_rest(code: int) -> None:
    """What typer wrote and Python still holds. Where nobody takes it a command that has ended in
    another way has ended so."""
    try:
        write_out("")
    except (MusmedError, BrokenPipeError):
        if not code:
            raise
        silence(1)


def _say_why(error: BaseException) -> int:
    try:
        write_out("")  # else Python tries to write it once more, when nobody minds its ending
    except MusmedError as lost:
        error = lost if isinstance(error, OSError) else error
    except BrokenPipeError:
        silence(1)
    sentence = mendable_sentence(error)
    if sentence is not None:
        remark(f"musmed: {sentence}")
        return MENDABLE
    log = _log_defect(error)
    where = f"the details are in {log}" if log else "its log could not be written"
    remark(f"musmed: musmed failed through a defect of its own ({type(error).__name__}); {where}.")
    return DEFECT


def mendable_sentence(error: BaseException) -> str | None:
    """The sentence for an error the listener can mend; None for a defect."""
    if isinstance(error, MusmedError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_closed(1):
        silence(1)
        return str(unwritten(error))
    if isinstance(error, OSError) and error.errno in _MENDABLE_ERRNOS:
        where = f" ({error.filename})" if error.filename else ""
        return f"{_MENDABLE_ERRNOS[error.errno]}{where}; make room or choose another folder."
    # typer's usage errors: their class is click's own or a copy inside typer, by version.
    describe = getattr(error, "format_message", None)
    if describe is not None:
        path = getattr(getattr(error, "ctx", None), "command_path", None) or "musmed"
        said = str(describe()).strip()
        ended = said if said.endswith((".", "?", "!")) else f"{said}."
        return f"{ended} See '{path} --help'."
    return None


def _log_defect(error: BaseException) -> Path | None:
    import traceback

    from engine.private import make_private_folder, write_private
    from musmed_tui.paths import folders

    try:
        log = folders().defects
        make_private_folder(log.parent)
        told = visible_lines("".join(traceback.format_exception(error)))
        write_private(log, told.encode("utf-8", "replace"))
    except (OSError, MusmedError):
        return None
    return log


def exit_code(stop: signal.Signals | None) -> int:
    """128 + the signal that stopped a session; 0 when none did."""
    return 0 if stop is None else 128 + stop
