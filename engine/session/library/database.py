"""The library's database file: opened and checked; set aside when it is damaged as a whole.

What can be read of a file that is set aside goes over into the new one (``salvage``). It is looked
at when it is opened, when nothing of a table can be read and when it refuses to be written: a
session that plays then goes on in the new one, for what this process has begun is put into it again
(``remember``).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import MusmedError
from engine.private import narrow, open_private, touch_private
from engine.session.library.salvage import as_text, salvage
from engine.session.library.schema import SHAPE, DamagedDatabaseError, migrate

BUSY_SECONDS = 5.0
FIELD_LIMIT = 1024 * 1024
"""Bytes of one column of one row: what SQLite itself takes and gives."""
_LOCK = ".library.lock"
_BESIDE = ("-wal", "-shm")
_OTHER_TABLES = ("no such", "already exists", "duplicate column", "malformed")
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Row = tuple[Any, ...]

log = logging.getLogger(__name__)


class Database:
    """The database at ``path``, made on demand. One statement at a time; any thread.

    Raises ``sqlite3.Error`` or ``OSError`` for what is wrong around the file (a full disk, another
    process that does not let go, rights), which ``sentence`` puts into words, and ``MusmedError``
    for a library of a newer musmed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.remarks: list[str] = []
        """What the listener should know: sentences."""
        self._remembered: dict[str, Row] = {}
        self._damage: Exception | None = None
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._ready()

    def execute(self, sql: str, values: Row = ()) -> sqlite3.Cursor:
        """A statement as it is."""
        return self._ready().execute(sql, values)

    @property
    def in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    def write(self, sql: str, values: Row = ()) -> int:
        """A statement that changes something; how many rows."""
        with self.lock:
            if self._connection and self._identity() != self._file:
                self._let_go()  # another process has set it aside, or somebody has moved it away
            try:
                return self._ready().execute(sql, values).rowcount
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if not _is_damage(error):
                    raise
                log.error("the library can't be written: %s", error)  # noqa: TRY400
                self._let_go()
                self._damage = error
            return self._ready().execute(sql, values).rowcount

    def rows(self, columns: str, table: str, where: str = "", values: Row = ()) -> list[Row]:
        """``SELECT columns FROM table where``; where that can't be read as a whole, each row and
        column that can, None in the place of the others. Where not even one row can be found, the
        file is set aside, and what could be saved of it is read. ``where``: from WHERE or ORDER
        on."""
        with self.lock:
            try:
                return self.execute(f"SELECT {columns} FROM {table} {where}", values).fetchall()
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not _is_damage(error) and not isinstance(error, sqlite3.DataError):
                    raise
                log.warning("the library's %s are read one by one: %s", table, error)
                found = error
            numbers = self._numbers(table, where, values)
            if not numbers and _is_damage(found):
                log.error("of the library's %s nothing can be read", table)
                self._let_go()
                self._damage = found
                return self.execute(f"SELECT {columns} FROM {table} {where}", values).fetchall()
            return [self._row(columns, table, number) for number in numbers]

    def remember(self, session: str, row: Row) -> None:
        """A row of the sessions table that has to be in a new library too. Its columns are those of
        ``SHAPE``."""
        self._remembered[session] = row

    def forget(self, session: str) -> None:
        """It is deleted, and is not to come back."""
        self._remembered.pop(session, None)

    def close(self) -> None:
        """May be called twice."""
        with self.lock:
            self._closed = True
            self._let_go()

    # reading what is damaged

    def _numbers(self, table: str, where: str, values: Row) -> list[int]:
        """The row numbers, as far as they can be read."""
        found: list[int] = []
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            for (number,) in self.execute(f"SELECT rowid FROM {table} {where}", values):
                found.append(number)
        return found

    def _row(self, columns: str, table: str, number: int) -> Row:
        names = [name.strip() for name in columns.split(",")]
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            whole = self.execute(f"SELECT {columns} FROM {table} WHERE rowid = ?", (number,))
            return tuple(whole.fetchone() or (None,) * len(names))
        return tuple(self._value(name, table, number) for name in names)

    def _value(self, column: str, table: str, number: int) -> object:
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            found = self.execute(
                f"SELECT {column} FROM {table} WHERE rowid = ?", (number,)
            ).fetchone()
            return found[0] if found else None
        return None

    # opening

    def _ready(self) -> sqlite3.Connection:
        """The connection; opened again where the last one was let go of, also when it could not be
        opened a while ago (a disk that was full may have room again). What has to be in the file
        (``remember``) is put into it, whoever made it. It is let go of before another is opened:
        SQLite finds what is beside a database by its name."""
        with self.lock:
            if self._connection is None:
                if self._closed:
                    raise sqlite3.ProgrammingError("it was closed")
                made = self._opened()
                try:
                    self._recall(made)
                except BaseException:
                    made.close()
                    raise
                self._connection = made
            return self._connection

    def _recall(self, made: sqlite3.Connection) -> None:
        for row in self._remembered.values():
            made.execute(f"INSERT OR IGNORE INTO sessions VALUES ({_marks(row)})", row)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        """The database, whole. One that was found damaged (``_damage``), or is now, is set aside
        first, and one that is lost is begun anew, by one process at a time."""
        if self._damage is None:
            try:
                if not lost_sessions(self.path):
                    return self._connect()
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if not _is_damage(error, opening=True):
                    raise
                self._damage = error
        with open_private(self.path.with_name(_LOCK), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._begun_anew() if self._damage is None else self._set_aside()

    def _begun_anew(self) -> sqlite3.Connection:
        """In place of one that is missing or empty. While no other process does the same."""
        lost = lost_sessions(self.path)
        made = self._connect()
        if lost:
            what = "1 session" if lost == 1 else f"{lost} sessions"
            log.error("the library was missing or empty, with the sound of %s beside it", what)
            self.remarks.append(
                f"The session library {self.path} was missing or empty, and a new one was begun. "
                f"The sound of {what} is still in {self.path.parent / 'sessions'}, but what they "
                "were is not known any more: restore the file from a backup, or play the .flac "
                "files there."
            )
        return made

    def _set_aside(self) -> sqlite3.Connection:
        """While no other process does the same."""
        found, self._damage = self._damage, None
        if self._identity() != self._file:  # another process has just done it
            return self._connect()
        aside = self._moved()
        made = self._connect()
        try:
            saved = self._saved(aside, made)
        except BaseException:
            made.close()
            raise
        log.error("the library was damaged (%s) and is now %s", found, aside)
        self.remarks.append(
            f"The session library was damaged and was set aside as {aside}; a new one was begun, "
            f"with {saved} of the old one."
        )
        return made

    def _connect(self) -> sqlite3.Connection:
        """Raises ``DamagedDatabaseError`` for what is no library, beside what SQLite raises."""
        self._file = self._identity()
        for file in (self.path, *beside(self.path)):
            if file.exists() and not file.is_file():
                raise DamagedDatabaseError(f"{file.name} is no file")
        # The journal first: where it has something, the database is never empty.
        if _size(beside(self.path)[0]) and not _size(self.path):
            raise DamagedDatabaseError("it is empty, and its journal is not")
        if self._file is None:
            with contextlib.suppress(OSError):  # SQLite says it
                touch_private(self.path)
        for file in (self.path, *beside(self.path)):
            narrow(file)
        made = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            made.text_factory = as_text
            made.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, FIELD_LIMIT)
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = NORMAL")
            made.execute("PRAGMA foreign_keys = ON")
            made.execute("PRAGMA trusted_schema = OFF")
            made.execute("PRAGMA secure_delete = ON")  # a note that is taken back is nowhere
            migrate(made)
            check_shape(made)
        except BaseException:
            made.close()
            raise
        self._file = self._identity()
        return made

    def _identity(self) -> tuple[int, int] | None:
        """Which file it is now; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _moved(self) -> Path:
        """Give the file another name, and what lies beside it; nothing is written over."""
        stem = f"{self.path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        aside = next(
            place
            for place in (self.path.with_name(f"{name}{self.path.suffix}") for name in names)
            if not os.path.lexists(place)
        )
        for old, new in zip((*beside(self.path), self.path), (*beside(aside), aside), strict=True):
            with contextlib.suppress(FileNotFoundError):
                old.rename(new)
        narrow(aside)
        return aside

    def _saved(self, aside: Path, made: sqlite3.Connection) -> str:
        """What could be read of the file ``aside``, in words."""
        try:
            salvage(aside, made)
        except (sqlite3.Error, OSError) as error:
            log.warning("nothing could be read of %s: %s", aside, error)
        self._recall(made)
        count = made.execute("SELECT count(*) FROM sessions").fetchone()[0]
        return {0: "nothing", 1: "1 session"}.get(count, f"{count} sessions")


def beside(path: Path) -> list[Path]:
    """What SQLite has beside the database ``path``."""
    return [Path(f"{path}{end}") for end in _BESIDE]


def lost_sessions(path: Path) -> int:
    """Of how many sessions sound lies beside the library ``path``, where that is missing or empty;
    else 0. A session's folder is made after the library, so one that is being made is not lost."""
    there = {clip.parent for clip in path.parent.glob("sessions/*/*.flac")}
    lost = not os.path.lexists(path) or (path.is_file() and not _size(path))
    return len(there) if lost and not _size(beside(path)[0]) else 0


def looked_at(path: Path) -> tuple[int, str]:
    """How many sessions the library at ``path`` has, and what is wrong with it, '' where nothing
    is. It is left as it is."""
    for file in (path, *beside(path)):
        if file.exists() and not file.is_file():
            return 0, f"{file.name} is no file"
    if lost_sessions(path):
        return 0, "it is empty" if path.exists() else "it is missing"
    if not _size(path):
        return 0, ""
    try:
        made = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        return 0, str(error)
    try:
        made.text_factory = as_text
        check_shape(made)
        return int(made.execute("SELECT count(*) FROM sessions").fetchone()[0]), ""
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return 0, str(error)
    finally:
        made.close()


def newest_ids(path: Path, most: int) -> tuple[str, ...]:
    """The ids of the newest ``most`` sessions in the library at ``path``, newest first; none where
    it can't be read. It is left as it is, and nothing is said."""
    if not path.is_file() or not all(file.is_file() for file in beside(path) if file.exists()):
        return ()
    try:
        made = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return ()
    try:
        made.text_factory = as_text
        sql = "SELECT id FROM sessions ORDER BY rowid DESC LIMIT ?"
        return tuple(one for (one,) in made.execute(sql, (most,)) if isinstance(one, str))
    except (sqlite3.Error, UnicodeDecodeError):
        return ()
    finally:
        made.close()


@contextlib.contextmanager
def in_words(path: Path) -> Iterator[None]:
    """What SQLite and the disk say of the library at ``path`` becomes a ``MusmedError``."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise MusmedError(sentence(error, path)) from error


_WHAT = (
    ("locked", "is in use by another musmed that does not let go; stop it and try again"),
    ("full", "can't be written: the disk is full; free some space and try again"),
    ("i/o error", "can't be read or written: the disk takes or gives no more; free some space or "
     "look after the disk"),
    ("readonly", "can't be written to; make it writable or choose another data folder"),
    ("unable to open", "can't be opened; make it readable and writable, or choose another folder"),
    ("too big", "holds or was given something too large; move it away and start again"),
)  # fmt: skip


def sentence(error: Exception, path: Path) -> str:
    """What is wrong with the library at ``path``, and what to do."""
    if isinstance(error, OSError):
        return (
            f"The session library at {path.parent} can't be written ({error.strerror}); make the "
            "folder writable, free some space or choose another data folder."
        )
    said = str(error).lower()
    for word, what in _WHAT:
        if word in said:
            return f"The session library {path} {what}."
    return (
        f"The session library {path} is damaged ({error}); nothing was deleted: move it away to "
        "begin a new one, or restore it from a backup."
    )


def _is_damage(error: Exception, *, opening: bool = False) -> bool:
    """Whether the file itself is what is wrong. While a library is opened, so is a statement about
    tables and columns that should be there, or should not yet."""
    if isinstance(error, DamagedDatabaseError | UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    if opening and code == sqlite3.SQLITE_ERROR:
        return any(words in str(error) for words in _OTHER_TABLES)
    return code in _UNREADABLE


def _size(path: Path) -> int:
    """Bytes; 0 where there is nothing."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def check_shape(connection: sqlite3.Connection) -> None:
    for table, columns in SHAPE.items():
        there = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if there != list(columns):
            raise DamagedDatabaseError(f"its table {table} is not as it was made")


def _marks(row: Row) -> str:
    return ", ".join("?" * len(row))
