"""Captions in a table: CSV, with or without a first line that names its columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath

from engine.errors import MusmedError
from engine.places import read_small
from engine.training.reading.sounds import SOUNDS
from engine.training.reading.told import CAPTIONS, NAMES, Told, told_by

MAX_BYTES = 64 * 1024 * 1024
_DELIMITERS = ",;\t|"


def read_text(path: Path, called: str = "", most: int = MAX_BYTES) -> str:
    """The text of a file of captions, of at most ``most`` bytes. Raises ``MusmedError`` about what
    is ``called`` so, else by its path."""
    name = called or str(path)
    held = read_small(path, name, most)
    if len(held) > most:
        raise MusmedError(f"{name} is over {most >> 10} KiB, which captions are not.")
    try:
        return held.decode("utf-16" if held[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise MusmedError(f"{name} is not in UTF-8; save it as 'CSV UTF-8' or as UTF-8.") from error


def read_table(path: Path) -> list[Told]:
    """A row for each sound, or several. Raises ``MusmedError`` where no column names the sounds."""
    text = read_text(path)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise MusmedError(f"{path}, line {reader.line_num}: {error}; mend it there.") from error
    if not rows:
        raise MusmedError(f"{path} is empty; its first line is 'file,caption'.")
    columns = [cell.strip().casefold() for cell in rows[0]]
    if not any(name in columns for name in NAMES):
        if not _names_a_sound(rows[0][0]):
            raise MusmedError(
                f"{path} has no column that names the sounds; its first line is 'file,caption'."
            )
        columns = [NAMES[0], *CAPTIONS[:1]]
        rows.insert(0, columns)
    return [told_by(dict(zip(columns, row, strict=False))) for row in rows[1:]]


def _names_a_sound(cell: str) -> bool:
    return PurePosixPath(cell.strip()).suffix.lower() in SOUNDS
