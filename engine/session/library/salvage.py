"""What can still be read of a damaged database goes over into a new one, row by row."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.session.library.schema import SHAPE, migrate

PAGE = 4096
"""Bytes of a page as SQLite makes them by default since 3.12."""
_PAGES, _FREE = slice(28, 32), slice(32, 40)
"""Of the header (https://www.sqlite.org/fileformat2.html, section 1.3): how many pages the file
has; the first free page, and how many."""
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)

log = logging.getLogger(__name__)


def as_text(data: bytes) -> str:
    """A text of the library; what is no UTF-8 in it becomes a replacement character."""
    return data.decode("utf-8", "replace")


def salvage(old: Path, new: sqlite3.Connection) -> None:
    """Copy every row that can be read of the library ``old`` into ``new``, which may have some of
    them. ``old`` is left as it is.

    It is read as it is, and once more with the first page of a new library in place of its own: the
    schema stands there, and the tables begin at the pages at which they always do. Where it is
    empty or missing, what its journal holds is read over a new library: SQLite throws away the
    journal of an empty one. Raises ``OSError``, and ``sqlite3.Error`` of ``new``.
    """
    wal = Path(f"{old}-wal")
    if not old.is_file() and (old.exists() or not wal.is_file()):
        return
    with tempfile.TemporaryDirectory(prefix=".salvage-", dir=old.parent) as folder:
        copy, fresh = Path(folder) / "copy.sqlite", Path(folder) / "fresh.sqlite"
        _make(fresh)
        empty = not old.is_file() or not old.stat().st_size
        shutil.copyfile(fresh if empty else old, copy)
        if wal.is_file():
            shutil.copyfile(wal, f"{copy}-wal")
        _copy_rows(copy, new)
        for end in ("-wal", "-shm"):
            Path(f"{copy}{end}").unlink(missing_ok=True)
        if empty:
            return
        shutil.copyfile(old, copy)
        _renew_first_page(copy, fresh)
        _copy_rows(copy, new)


def _make(fresh: Path) -> None:
    """A new library, whose journal is read as that of every library."""
    made = sqlite3.connect(fresh, isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    migrate(made)
    made.close()


def _renew_first_page(copy: Path, fresh: Path) -> None:
    page = bytearray(fresh.read_bytes()[:PAGE])
    page[_PAGES] = (copy.stat().st_size // PAGE).to_bytes(4, "big")
    page[_FREE] = bytes(8)
    with copy.open("r+b") as file:
        file.write(page)


def _copy_rows(copy: Path, new: sqlite3.Connection) -> None:
    old = sqlite3.connect(copy, isolation_level=None)
    try:
        old.text_factory = as_text
        with contextlib.suppress(*_DAMAGE):
            old.execute("PRAGMA writable_schema = ON")  # a table that can't be read hides no other
        new.execute("BEGIN")
        try:
            for table, columns in SHAPE.items():
                _copy_table(old, new, table, columns)
        finally:
            if new.in_transaction:
                new.execute("COMMIT")
    finally:
        old.close()


def _copy_table(
    old: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: tuple[str, ...]
) -> None:
    there = _columns(old, table)
    if not set(there) & set(columns):
        log.warning("no %s could be read", table)
        return
    if len(there) < len(columns):  # some are lost
        columns = tuple(name for name in columns if name in there)
    if set(columns) <= set(there):
        order = [there.index(name) for name in columns]
    else:  # a name is damaged: they stand where they always do
        order = list(range(len(columns)))
    into, marks = ", ".join(columns), ", ".join("?" * len(columns))
    for row in _rows(old, table):
        with contextlib.suppress(sqlite3.IntegrityError, sqlite3.DataError):
            values = [row[place] for place in order]
            new.execute(f"INSERT OR IGNORE INTO {table} ({into}) VALUES ({marks})", values)


def _columns(old: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Those it has, in their order."""
    with contextlib.suppress(*_DAMAGE):
        return tuple(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
    return ()


def _rows(old: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Each that can be read, from both ends of the table towards what can't."""
    numbers: dict[int, None] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(*_DAMAGE):
            for (number,) in old.execute(f"SELECT rowid FROM {table} ORDER BY rowid {order}"):
                if number in numbers:
                    break
                numbers[number] = None
    for number in sorted(numbers):  # the order in which sessions were begun
        with contextlib.suppress(*_DAMAGE):
            row = old.execute(f"SELECT * FROM {table} WHERE rowid = ?", (number,))
            yield from row.fetchall()
