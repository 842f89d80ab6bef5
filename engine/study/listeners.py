"""The listeners of a study and their words: a CSV with the columns ``listener``, ``from``, ``to``.

A lab's own further columns are let be. Nothing of a listener but these three is kept.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.places import read_small
from engine.printable import one_line

MAX_BYTES = 8 * 1024 * 1024
MOST = 20_000
COLUMNS = ("listener", "from", "to")
_OTHER_SIGN = re.compile(r"[;\t|]")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


class Listener(NamedTuple):
    """``name``: a pseudonym; ``start`` and ``target`` as they were said; ``line`` of the file."""

    name: str
    start: str
    target: str
    line: int


class Listeners(NamedTuple):
    """``left``: columns that nothing was taken from."""

    listeners: tuple[Listener, ...]
    left: tuple[str, ...]


def read_listeners(path: Path) -> Listeners:
    """Raises ``MusmedError`` naming the line that is wrong."""
    data = read_small(path, f"The listeners' file {path}", MAX_BYTES)
    try:
        return parse_listeners(data)
    except ValueError as error:
        raise MusmedError(f"{path.name}: {error}.") from error


def parse_listeners(data: bytes) -> Listeners:
    """Raises ``ValueError`` with what is wrong, without an end."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is over {MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is no UTF-8 text") from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _read((lines.line_num, fields) for fields in lines)
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num} is no CSV ({error})") from error


def _read(lines: Iterator[tuple[int, list[str]]]) -> Listeners:
    header = [name.strip().lower() for name in next(lines, (0, []))[1]]
    lacking = [name for name in COLUMNS if header.count(name) != 1]
    if lacking:
        hint = "; commas stand between them" if _OTHER_SIGN.search("".join(header)) else ""
        raise ValueError(
            f"its first line must name the columns {', '.join(COLUMNS)}, each once; "
            f"{lacking[0]} is not there so{hint}"
        )
    places = [header.index(name) for name in COLUMNS]
    found: dict[tuple[str, str, str], Listener] = {}
    for line, fields in lines:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            raise ValueError(f"line {line} has {len(fields)} fields, and the first {len(header)}")
        name, start, target = (fields[place].strip() for place in places)
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"line {line}: a listener is up to 60 letters, digits and _.-, not "
                f"{one_line(repr(name), 80)}"
            )
        found.setdefault((name, start, target), Listener(name, start, target, line))
        if len(found) > MOST:
            raise ValueError(f"it has over {MOST} lines")
    if not found:
        raise ValueError("it has no listener")
    left = tuple(one_line(name, 60) for name in header if name and name not in COLUMNS)
    return Listeners(tuple(found.values()), left)
