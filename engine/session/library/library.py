"""The library: every session with its events and clips, in SQLite, so that it can go on.

``library.sqlite`` (WAL) holds everything but the sound; the clips' FLAC files lie beside it
under ``sessions/<id>/``. A clip is listed once its file is whole and its continuation is
stored, so a process killed at any moment loses at most the clip it was writing.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.clip_record import ClipRecord
from engine.composers.base import CONTINUATION_LIMIT, Marks
from engine.errors import MusmedError
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.private import make_private_folder, narrow, touch_private
from engine.session.library.lock import Hold, held_elsewhere
from engine.session.library.records import (
    ClipRow,
    SessionRow,
    State,
    StoredSession,
    session_row,
    stored_session,
)
from engine.session.library.schema import migrate

__all__ = ["ClipRow", "Library", "SessionRow", "State", "StoredSession"]

log = logging.getLogger(__name__)

BUSY_SECONDS = 5.0
FIELD_LIMIT = 1024 * 1024
"""Bytes of one column of one row: what SQLite itself takes and gives."""
NOTE_LIMIT = 2_000
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-z]{2}")
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


class Library:
    """The sessions kept in ``folder``, made on demand. Any thread of this process may use it.

    A session that this process created or set 'running' is held: no other process can do the
    same until it is set to another state or this library is closed. Every method raises
    ``MusmedError`` for a library that is damaged, not writable or on a full disk; nothing is
    ever deleted but by ``delete`` and ``remove_clip``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "library.sqlite"
        self._lock = threading.RLock()
        self._holds: dict[str, Hold] = {}
        with self._errors():
            make_private_folder(folder)
            self._keep_private()
            self._db = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _keep_private(self) -> None:
        """The database's files beside it take its mode. A library of an older version, which
        others could read, is theirs no more; the folder of sessions is narrowed after what is in
        it, so that where it is private all of them are."""
        if not self.path.exists():
            with contextlib.suppress(OSError):  # SQLite says it
                touch_private(self.path)
        for file in (self.path, *(Path(f"{self.path}{end}") for end in ("-wal", "-shm"))):
            narrow(file)
        sessions = self.folder / "sessions"
        if sessions.is_dir() and sessions.stat().st_mode & 0o077:
            for session in sessions.iterdir():
                if _ID.fullmatch(session.name):
                    narrow(session)
            narrow(sessions)
        narrow(self.folder)

    def _prepare(self) -> None:
        self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, FIELD_LIMIT)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        migrate(self._db)

    # writing

    def create(
        self,
        request: Request,
        composer: str,
        composer_version: int,
        settings: Mapping[str, str] | None,
        now: datetime,
        *,
        materials: Mapping[str, str] | None = None,
    ) -> str:
        """A new session, 'running' and held; its id, such as 20261121-101500-k3 (UTC).
        ``now`` has a time zone. Ids sort by time. ``materials``: digests of the listener's own
        files (``fingerprints``)."""
        moment = now.astimezone(UTC)
        taken = settings and _json(dict(settings))
        while True:
            suffix = secrets.choice(_LETTERS) + secrets.choice(_LETTERS)
            session = f"{moment:%Y%m%d-%H%M%S}-{suffix}"
            with self._errors():
                row = (session, moment.isoformat(), _json(request), composer, composer_version)
                made = self._db.execute(
                    "INSERT OR IGNORE INTO sessions"
                    " (id, created, request, composer, composer_version, settings, materials)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*row, taken or None, _json(dict(materials)) if materials else None),
                ).rowcount
                if made:
                    self._hold(session)
                    return session

    def add_event(self, session: str, event: Event) -> None:
        """Append an event."""
        self._append("events", "event", session, (_json(event),))

    def keep_events(self, session: str, count: int) -> None:
        """Forget all events but the first ``count``."""
        with self._errors(session):
            self._db.execute(
                "DELETE FROM events WHERE session = ? AND position >= ?", (session, count)
            )

    def add_note(self, session: str, seconds: float, text: str) -> None:
        """Append what happened at ``seconds`` of session time; the text is cut at 2000
        characters."""
        self._append("notes", "seconds, text", session, (seconds, text[:NOTE_LIMIT]))

    def save_clip(  # noqa: PLR0917 - one row, in its own order
        self,
        session: str,
        spec: ClipSpec,
        start: int,
        frames: int,
        cut: bool,
        continuation: bytes,
        record: ClipRecord | None,
        marks: Marks,
    ) -> None:
        """Store a clip whose audio file is whole; one of the same key is replaced."""
        if len(continuation) > CONTINUATION_LIMIT:
            raise ValueError(f"a continuation of {len(continuation)} bytes")
        values = (session, *spec.key, _json(spec), start, frames, cut, continuation)
        with self._errors(session):
            self._db.execute(
                "INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, _json(record), _json(marks)),
            )

    def remove_clip(self, session: str, key: ClipKey) -> None:
        """Forget a clip, if it is there; its file is the caller's."""
        with self._errors(session):
            self._db.execute(
                "DELETE FROM clips WHERE session = ? AND number = ? AND revision = ?",
                (session, *key),
            )

    def set_position(self, session: str, seconds: float) -> None:
        """How far the session was heard, in session seconds."""
        self._set(session, "position", seconds)

    def set_composer_version(self, session: str, version: int) -> None:
        """The version of the composer that the engine opened."""
        self._set(session, "composer_version", version)

    def hold(self, session: str) -> None:
        """Take hold of a session that keeps its state. ``MusmedError`` when another process has
        it. The next ``set_state`` lets go."""
        with self._errors():
            self._hold(session)

    def set_state(self, session: str, state: State) -> None:
        """'running' takes hold of the session (``MusmedError`` when another process has it);
        any other state lets go."""
        if state == "running":
            self.hold(session)
        self._set(session, "state", state)
        if state != "running":
            self._release(session)

    def delete(self, session: str) -> None:
        """Delete a session and its clips. ``MusmedError`` when another process holds it."""
        folder = self.clip_folder(session)
        with self._errors():
            self._hold(session)
            try:
                self._db.execute("DELETE FROM sessions WHERE id = ?", (session,))
                shutil.rmtree(folder)
            finally:
                self._release(session)

    def close(self) -> None:
        """Let go of everything. May be called twice."""
        with self._lock:
            for session in list(self._holds):
                self._release(session)
            self._db.close()

    # reading

    def clip_folder(self, session: str) -> Path:
        """Where the session's clips lie. Raises ``MusmedError`` for what is no session id, so
        that the path never leaves the library."""
        return self.folder / "sessions" / _checked(session)

    def sessions(self, limit: int = 50) -> tuple[SessionRow, ...]:
        """The newest sessions first. One that can't be read is left out and logged."""
        with self._errors():
            rows = self._db.execute(
                "SELECT id, created, request, composer, state, position FROM sessions"
                " ORDER BY id DESC LIMIT ?",
                (limit,),
            ).fetchall()
        found = []
        for row in rows:
            try:
                found.append(session_row(row))
            except (msgspec.MsgspecError, ValueError, TypeError) as error:
                log.warning("session %r can't be read: %s", row[0], error)
        return tuple(found)

    def latest_unfinished(self) -> str | None:
        """The newest session that was not played to its end and that no process holds now."""
        with self._errors():
            rows = self._db.execute(
                "SELECT id FROM sessions WHERE state != 'finished' ORDER BY id DESC"
            ).fetchall()
        for (session,) in rows:
            if not held_elsewhere(self.clip_folder(session)):
                return str(session)
        return None

    def load(self, session: str) -> StoredSession:
        """Everything of one session. Raises ``MusmedError`` for one that is not there or
        can't be read."""
        _checked(session)
        with self._errors(), self._snapshot():
            row = self._db.execute(
                "SELECT id, created, request, composer, state, position, composer_version,"
                " settings, materials FROM sessions WHERE id = ?",
                (session,),
            ).fetchone()
            events = self._column("event", "events", session)
            notes = self._rows("seconds, text", "notes", session, "position")
            clips = self._rows("*", "clips", session, "number, revision")
        if row is None:
            raise _unknown(session)
        try:
            return stored_session(row, events, notes, clips)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise MusmedError(
                f"Session {session} in the library can't be read ({error}); start a new one."
            ) from error

    # the database

    def _append(self, table: str, columns: str, session: str, values: tuple[object, ...]) -> None:
        marks = ", ".join("?" * len(values))
        with self._errors(session):
            self._db.execute(
                f"INSERT INTO {table} (session, position, {columns}) SELECT ?,"
                f" (SELECT count(*) FROM {table} WHERE session = ?), {marks}",
                (session, session, *values),
            )

    def _set(self, session: str, column: str, value: object) -> None:
        with self._errors(session):
            changed = self._db.execute(
                f"UPDATE sessions SET {column} = ? WHERE id = ?", (value, session)
            ).rowcount
        if not changed:
            raise _unknown(session)

    def _rows(self, columns: str, table: str, session: str, order: str) -> list[tuple[Any, ...]]:
        return self._db.execute(
            f"SELECT {columns} FROM {table} WHERE session = ? ORDER BY {order}", (session,)
        ).fetchall()

    def _column(self, column: str, table: str, session: str) -> list[Any]:
        return [value for (value,) in self._rows(column, table, session, "position")]

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def _hold(self, session: str) -> None:
        if session not in self._holds:
            self._holds[session] = Hold(self.clip_folder(session))

    def _release(self, session: str) -> None:
        with self._lock:
            hold = self._holds.pop(session, None)
        if hold is not None:
            hold.release()

    @contextlib.contextmanager
    def _errors(self, session: str | None = None) -> Iterator[None]:
        """One thread at a time; what SQLite and the disk say becomes a sentence."""
        try:
            with self._lock:
                yield
        except sqlite3.IntegrityError as error:
            raise _unknown(str(session)) from error
        except (sqlite3.Error, OSError) as error:
            raise MusmedError(_sentence(error, self.path)) from error


_WHAT = (
    ("locked", "is in use by another musmed that does not let go; stop it and try again"),
    ("full", "can't be written: the disk is full; free some space and try again"),
    ("readonly", "can't be written to; make it writable or choose another data folder"),
    ("unable to open", "can't be opened; make it readable and writable, or choose another folder"),
    ("too big", "holds or was given something too large; move it away and start again"),
)


def _sentence(error: sqlite3.Error | OSError, path: Path) -> str:
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


def _checked(session: str) -> str:
    if _ID.fullmatch(session) is None:
        raise MusmedError(
            f"{session!r} is no session id; 'musmed sessions' lists them (20261121-101500-k3)."
        )
    return session


def _unknown(session: str) -> MusmedError:
    return MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
