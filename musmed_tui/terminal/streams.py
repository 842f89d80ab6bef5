"""The three standard streams, whatever musmed was started with, and all that commands say on them.

A command writes through these functions alone (``plain/output.py`` does for a session, Textual for
the screen), so nothing that others wrote reaches a terminal uncleaned (``engine.printable``), and a
stream that takes nothing is met in one place.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import PurePath
from typing import IO, TextIO, cast

from engine.errors import MusmedError
from engine.printable import one_line, plain_json, visible_lines

_closed: set[int] = set()


def open_streams() -> None:
    """Make standard input, output and error whole where musmed was started without them (``>&-``).

    Otherwise the next file that is opened gets the number 1 or 2, and what is said lands in it. As
    gnulib's stdopen does, a closed stream is /dev/null opened the wrong way round: nothing else
    gets its number, and writing fails as it does on a closed one. What a stream's encoding has no
    letter for is written as an escape.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            _open_nothing(number)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = sys.stdout or _writer(1)
    sys.stderr = sys.stderr or _writer(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_closed(number: int) -> bool:
    """Whether musmed was started without the stream ``number``."""
    return number in _closed


def _open_nothing(number: int) -> None:
    opened = os.open(os.devnull, os.O_RDONLY)
    _closed.add(number)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)  # a child's stream, too


def _writer(number: int) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(number, "w", closefd=False)), encoding="utf-8"
    )


def say(text: str = "") -> None:
    """A line of a command's result, on standard output. Raises ``MusmedError`` where it can't be
    written, ``BrokenPipeError`` where the reader left."""
    write_out(f"{one_line(text)}\n")


def tell(text: str) -> None:
    """A line on standard output about a result that is elsewhere (a file, sound, a model): where
    nobody takes it the command goes on without it."""
    try:
        say(text)
    except (MusmedError, BrokenPipeError):
        silence(1)


def tell_lines(text: str) -> None:
    """``tell`` of several lines, whose ends and indents stay: what was wrapped for a terminal."""
    try:
        write_out(f"{visible_lines(text)}\n")
    except (MusmedError, BrokenPipeError):
        silence(1)


def say_json(value: object) -> None:
    """``value`` as indented JSON, on standard output. Raises like ``say``."""
    import msgspec

    write_out(f"{plain_json(msgspec.json.format(_encoded(value), indent=2))}\n")


def json_line(value: object) -> str:
    """``value`` as JSON on one line."""
    return plain_json(_encoded(value))


def _encoded(value: object) -> bytes:
    import msgspec

    try:
        return msgspec.json.encode(value, enc_hook=_path)
    except UnicodeEncodeError:  # a file's name that is not UTF-8
        return msgspec.json.encode(_in_utf8(msgspec.to_builtins(value, enc_hook=_path)))


def _path(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON of {type(value).__name__}")


def _in_utf8(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_in_utf8(key): _in_utf8(one) for key, one in value.items()}
        case list() | tuple():
            return [_in_utf8(one) for one in value]
    return value


def remark(text: str) -> None:
    """What is said beside a command's result, on standard error; where nobody takes it the command
    goes on without it."""
    try:
        sys.stderr.write(f"{one_line(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        silence(2)


def write_out(text: str) -> None:
    """``text``, clean already, to standard output. Raises like ``say``."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(1)
        raise unwritten(error) from error


def unwritten(error: OSError) -> MusmedError:
    """The sentence for a standard output that does not take what is written to it."""
    reason = "it is closed" if is_closed(1) else (error.strerror or str(error)).lower()
    return MusmedError(
        f"Standard output can't be written ({reason}); free some space or send it elsewhere."
    )


def unminded() -> IO[str]:
    """Standard output for a bar of progress: once the terminal is gone it is drawn to nobody, and
    what it tells of goes on."""
    return cast("IO[str]", _Unminded())


class _Unminded:
    def write(self, text: str) -> int:
        try:
            return sys.stdout.write(text)
        except OSError:
            silence(1)
            return len(text)

    def flush(self) -> None:
        try:
            sys.stdout.flush()
        except OSError:
            silence(1)

    def __getattr__(self, name: str) -> object:
        return getattr(sys.stdout, name)


def silence(number: int) -> None:
    """What Python still flushes to the stream ``number`` must not complain: nobody takes it."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)
