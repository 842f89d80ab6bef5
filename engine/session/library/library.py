"""The library: every session with its events and clips, in SQLite, so that it can go on.

``library.sqlite`` (WAL) holds everything but the sound; the clips' FLAC files lie beside it
under ``sessions/<id>/``. A clip is listed once its file is whole and its continuation is
stored, so a process killed at any moment loses at most the clip it was writing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.clip_record import ClipRecord
from engine.composers.base import CONTINUATION_LIMIT, Marks
from engine.errors import MusmedError
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.printable import one_line
from engine.private import make_private_folder, narrow
from engine.session.library.body_record import BodyRecord
from engine.session.library.course_record import CourseRecord
from engine.session.library.database import Database, in_words
from engine.session.library.listener import ListenerRecord
from engine.session.library.lock import Hold, delete_folder, held_elsewhere, last_word
from engine.session.library.meter_record import MeterRecord
from engine.session.library.reading import (
    BROKEN,
    ID,
    NAME_LIMIT,
    Row,
    read_clips,
    read_events,
    session_row,
    stored_session,
)
from engine.session.library.records import ClipRow, SessionRow, State, StoredSession

__all__ = ["ClipRow", "Library", "SessionRow", "State", "StoredSession"]

log = logging.getLogger(__name__)

NOTE_LIMIT = 2_000
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_HEAD = "id, created, request, composer, state, position, name"
_ALL = f"{_HEAD}, composer_version, settings, materials"
_SHOWN = 40
"""So much is said of an id, which may be anything."""
_FAR = 2**62
"""Beyond it no row is numbered on."""
_CLIP = "number, revision, spec, start, frames, cut, continuation, record, marks"


class Library:
    """The sessions kept in ``folder``, made on demand. Any thread of this process may use it.

    A session that this process created or set 'running' is held: no other process can do the
    same until it is set to another state or this library is closed. What is damaged is left out,
    or set aside as a whole, and ``take_remarks`` says so. Every method raises ``MusmedError`` for a
    library that is not writable, on a full disk, or of a newer musmed; nothing is ever deleted but
    by ``delete`` and ``remove_clip``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "library.sqlite"
        self._holds: dict[str, Hold] = {}
        self._remarks: list[str] = []
        with in_words(self.path):
            make_private_folder(folder)
            self._keep_private()
            self._db = Database(self.path)
        self.listener = ListenerRecord(self._db, self._errors)
        self.meter = MeterRecord(self._db, self._errors)
        self.body = BodyRecord(self._db, self._errors)
        self.courses = CourseRecord(self._db, self._errors)

    def _keep_private(self) -> None:
        """A library of an older version, which others could read, is theirs no more; the folder of
        sessions is narrowed after what is in it, so that where it is private all of them are."""
        sessions = self.folder / "sessions"
        if os.path.lexists(sessions) and not sessions.is_dir():
            aside = sessions.with_name(f"sessions.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
            sessions.rename(aside)
            self._remarks.append(f"The sessions' folder was none and was set aside as {aside}.")
        if sessions.is_dir() and sessions.stat().st_mode & 0o077:
            for session in sessions.iterdir():
                if ID.fullmatch(session.name):
                    narrow(session)
            narrow(sessions)
        narrow(self.folder)

    def take_remarks(self) -> tuple[str, ...]:
        """What the listener should know of the library, since the last call: sentences."""
        said = (*self._remarks, *self._db.remarks)
        self._remarks.clear()
        self._db.remarks.clear()
        return said

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
        ``now`` has a time zone. ``materials``: digests of the listener's own
        files (``fingerprints``)."""
        moment = now.astimezone(UTC)
        head = (moment.isoformat(), _asked(request), composer, composer_version)
        told = (_json(dict(settings)) if settings else None, 0.0, "running")
        files = _json(dict(materials)) if materials else None
        while True:
            suffix = secrets.choice(_LETTERS) + secrets.choice(_LETTERS)
            session = f"{moment:%Y%m%d-%H%M%S}-{suffix}"
            if os.path.lexists(self.clip_folder(session)):
                continue
            row = (session, *head, *told, files, None)
            with self._errors():
                if self._begun(session, row):
                    return session

    def _begun(self, session: str, row: Row) -> bool:
        """Whether the id was free. It is held first and stored then, and where either fails (on a
        full disk) nothing is left of it."""
        made = False
        try:
            self._hold(session)
            sql = f"INSERT OR IGNORE INTO sessions VALUES ({_marks(row)})"
            made = self._db.write(sql, row) > 0
        finally:
            if not made:
                with contextlib.suppress(OSError, MusmedError):
                    delete_folder(self.clip_folder(session), self._holds.get(session))
                self._release(session)
        if made:
            self._db.remember(session, row)
        return made

    def add_event(self, session: str, event: Event) -> None:
        """Append an event."""
        with self._errors(session):
            self._db.write(
                "INSERT INTO events (session, position, event) SELECT ?,"
                " (SELECT count(*) FROM events WHERE session = ?), ?",
                (session, session, _json(event)),
            )

    def keep_events(self, session: str, count: int) -> None:
        """Forget all events but the first ``count``."""
        with self._errors(session):
            self._db.write(
                "DELETE FROM events WHERE session = ?"
                " AND NOT (typeof(position) = 'integer' AND position BETWEEN 0 AND ?)",
                (session, count - 1),
            )

    def add_note(self, session: str, seconds: float, text: str) -> None:
        """Append what happened at ``seconds`` of session time; the text is cut at 2000
        characters."""
        with self._errors(session):
            self._db.write(
                "INSERT INTO notes (session, position, seconds, text) SELECT ?, (SELECT"
                " coalesce(max(position) + 1, 0) FROM notes WHERE session = ?"
                f" AND position < {_FAR}), ?, ?",
                (session, session, seconds, text[:NOTE_LIMIT]),
            )

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
        spec = msgspec.structs.replace(spec, description=None)  # the request has it, once
        values = (session, *spec.key, _json(spec), start, frames, cut, continuation)
        with self._errors(session):
            row = (*values, _json(record), _json(marks))
            self._db.write(f"INSERT OR REPLACE INTO clips VALUES ({_marks(row)})", row)

    def remove_clip(self, session: str, key: ClipKey) -> None:
        """Forget a clip, if it is there; its file is the caller's."""
        with self._errors(session):
            self._db.write(
                "DELETE FROM clips WHERE session = ? AND number = ? AND revision = ?",
                (session, *key),
            )

    def set_position(self, session: str, seconds: float) -> None:
        """How far the session was heard, in session seconds."""
        self._set(session, "position", seconds)

    def rename(self, session: str, name: str) -> None:
        """What the listener calls it ('': nothing), on one line of at most ``NAME_LIMIT``
        characters."""
        self._set(session, "name", one_line(name, NAME_LIMIT) or None)

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

    def leave(self, session: str, state: State, seconds: float) -> None:
        """Let go of a session that ended so, heard as far as ``seconds``. Where the disk is so full
        that this can't be stored, it stands in the session's lock, which has room for it, and is
        stored when the library is next asked. Raises nothing."""
        hold = self._holds.get(session)
        if hold is not None:
            hold.leave_word(state, seconds)
        try:
            with self._errors(session):
                self._db.write(
                    "UPDATE sessions SET state = ?, position = ? WHERE id = ?",
                    (state, seconds, session),
                )
        except MusmedError as error:
            log.warning("how session %s ended was not stored: %s", session, error)
        self._release(session)

    def settle(self) -> None:
        """Store how sessions ended whose process could not do so any more."""
        with self._errors():
            rows = self._db.rows(_HEAD, "sessions", "WHERE state = 'running'")
            for row in rows:
                state, position = self._with_last_word(row)[4:6]
                if state != "running":
                    self._db.write(
                        "UPDATE sessions SET state = ?, position = ? WHERE id = ?",
                        (state, position, row[0]),
                    )

    def delete(self, session: str) -> None:
        """Delete a session and its clips: first the sound, so that a full disk has room again.
        ``MusmedError`` when another process holds it, or there is none."""
        with self._errors():
            there = delete_folder(self.clip_folder(session), self._holds.get(session))
            self._release(session)
            if not self.delete_row(session) and not there:
                raise _unknown(session)

    def delete_row(self, session: str) -> int:
        """Delete what the database has of a session; how many there were."""
        with self._errors():
            self._db.forget(session)
            return self._db.write("DELETE FROM sessions WHERE id = ?", (session,))

    def forget_nameless(self) -> None:
        """Delete rows whose id is none, which nothing else can name."""
        with self._errors():
            ids = self._db.rows("rowid, id", "sessions")
            for number, session in ids:
                if not isinstance(session, str) or not ID.fullmatch(session):
                    self._db.write("DELETE FROM sessions WHERE rowid = ?", (number,))

    def ids(self) -> tuple[str, ...]:
        """Of all sessions, those that can't be read too."""
        with self._errors():
            rows = self._db.rows("id", "sessions")
        return tuple(str(found) for (found,) in rows if ID.fullmatch(str(found)))

    def remark(self, sentence: str) -> None:
        """Something that the listener should know of the library (``take_remarks``)."""
        self._remarks.append(sentence)

    def close(self) -> None:
        """Let go of everything. May be called twice."""
        for session in list(self._holds):
            self._release(session)
        self._db.close()

    # reading

    def clip_folder(self, session: str) -> Path:
        """Where the session's clips lie. Raises ``MusmedError`` for what is no session id, so
        that the path never leaves the library."""
        return self.folder / "sessions" / checked(session)

    def sessions(self, limit: int = 50, before: str | None = None) -> tuple[SessionRow, ...]:
        """The newest sessions first, ``before``: of those older than it. They stand as they were
        begun, whatever the clock said. Those that can't be read are left out and remarked."""
        older = "WHERE rowid < (SELECT rowid FROM sessions WHERE id = ?) "
        where, values = ("", ()) if before is None else (older, (before,))
        where += "ORDER BY rowid DESC LIMIT ?"
        with self._errors():
            rows = self._db.rows(_HEAD, "sessions", where, (*values, limit))
        found, lost = [], []
        for row in rows:
            try:
                found.append(session_row(self._with_last_word(row)))
            except BROKEN as error:
                name = str(row[0])[:_SHOWN]
                log.warning("session %r can't be read: %.200s", name, error)
                lost.append(name)
        if lost:
            count = "1 session" if len(lost) == 1 else f"{len(lost)} sessions"
            self._remarks.append(
                f"{count} of the library can't be read ({', '.join(lost[:3])}"
                f"{', ...' if len(lost) > 3 else ''}); 'musmed sessions rm' removes it."
            )
        return tuple(found)

    def events_of(self, sessions: Sequence[SessionRow]) -> dict[str, tuple[Event, ...]]:
        """What the listener did in each of ``sessions``, in order, by the session's id."""
        ids = [row.id for row in sessions]
        if not ids:
            return {}
        where = "WHERE session BETWEEN ? AND ? ORDER BY session, position"
        with self._errors():
            rows = self._db.rows("session, position, event", "events", where, (min(ids), max(ids)))
        of: dict[object, list[Row]] = {}
        for session, *event in rows:
            of.setdefault(session, []).append(tuple(event))
        return {row.id: read_events(of.get(row.id, ()), row.request.seconds) for row in sessions}

    def latest_unfinished(self) -> str | None:
        """The newest session that was not played to its end, can be read, and that no process holds
        now."""
        with self._errors():
            rows = self._db.rows(_HEAD, "sessions", "ORDER BY rowid DESC")
        for row in rows:
            with contextlib.suppress(*BROKEN):
                found = session_row(self._with_last_word(row))
                if found.state != "finished" and not held_elsewhere(self.clip_folder(found.id)):
                    return found.id
        return None

    def load(self, session: str) -> StoredSession:
        """Everything of one session that can be read. Raises ``MusmedError`` for one that is not
        there, or whose request can't be read."""
        checked(session)
        of = (session,)
        with self._errors(), self._snapshot():
            rows = self._db.rows(_ALL, "sessions", "WHERE id = ?", of)
            where = "WHERE session = ? ORDER BY"
            events = self._db.rows("position, event", "events", f"{where} position", of)
            notes = self._db.rows("seconds, text", "notes", f"{where} position", of)
            clips = self._db.rows(_CLIP, "clips", f"{where} number, revision", of)
            offers = self._db.rows("offer", "offers", f"{where} position", of)
        if not rows:
            raise _unknown(session)
        try:
            head = self._with_last_word(rows[0])
            stored = stored_session(head, events, notes, clips, offers=offers)
        except BROKEN as error:
            raise MusmedError(
                f"Session {session} in the library can't be read ({error}); start a new one."
            ) from error
        self._remember(stored)
        return stored

    def clip(self, session: str, key: ClipKey, request: Request) -> ClipRow | None:
        """One clip of a session of ``request``; None where it is not there or can't be read."""
        where = "WHERE session = ? AND number = ? AND revision = ?"
        with self._errors():
            rows = self._db.rows(_CLIP, "clips", where, (session, *key))
        return next(read_clips(rows, request), None)

    def _with_last_word(self, row: Row) -> Row:
        """``row``, which begins as ``_HEAD`` says. One that is called 'running' and is held by
        nobody ended with its process: as its lock says, or else interrupted."""
        session, *some, state, position = row[:6]
        if state != "running" or not isinstance(session, str) or not ID.fullmatch(session):
            return row
        folder = self.clip_folder(session)
        if held_elsewhere(folder):
            return row
        state, position = last_word(folder) or ("interrupted", position)
        return (session, *some, state, position, *row[6:])

    def _remember(self, stored: StoredSession) -> None:
        """So that it goes on in a new library too, where this one has to be set aside."""
        told = stored.settings and _json(stored.settings)
        self._db.remember(
            stored.id,
            (
                *(stored.id, stored.created.isoformat(), _json(stored.request), stored.composer),
                *(stored.composer_version, told, stored.position, stored.state),
                _json(stored.materials) if stored.materials else None,
                stored.name or None,
            ),
        )

    # the database

    def _set(self, session: str, column: str, value: object) -> None:
        with self._errors(session):
            changed = self._db.write(
                f"UPDATE sessions SET {column} = ? WHERE id = ?", (value, session)
            )
        if not changed:
            raise _unknown(session)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self._db.execute("COMMIT")

    def _hold(self, session: str) -> None:
        if session not in self._holds:
            self._holds[session] = Hold(self.clip_folder(session))
            self._holds[session].begin()

    def _release(self, session: str) -> None:
        with self._db.lock:
            hold = self._holds.pop(session, None)
        if hold is not None:
            hold.release()

    @contextlib.contextmanager
    def _errors(self, session: str | None = None) -> Iterator[None]:
        """One thread at a time; what SQLite and the disk say becomes a sentence."""
        with in_words(self.path), self._db.lock:
            try:
                yield
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorname != "SQLITE_CONSTRAINT_FOREIGNKEY":
                    raise
                raise _unknown(str(session)) from error


def checked(session: str) -> str:
    """``session``, if it may be one's id. Raises ``MusmedError``."""
    if ID.fullmatch(session) is None:
        raise MusmedError(f"{session!r} is no session id; 'musmed sessions' lists them.")
    return session


def _unknown(session: str) -> MusmedError:
    return MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")


def _asked(request: Request) -> str:
    """The request as it is kept: who asks nothing of the music itself is read by an older musmed,
    too, which knows no such fields."""
    told = msgspec.to_builtins(request)
    for name in ("features", "description"):
        if told[name] is None:
            del told[name]
    return _json(told)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _marks(row: Row) -> str:
    return ", ".join("?" * len(row))
