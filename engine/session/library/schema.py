"""The library's tables and how an older library becomes a newer one."""

from __future__ import annotations

import sqlite3

from engine.errors import MusmedError

MIGRATIONS = (
    """
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        created TEXT NOT NULL,
        request TEXT NOT NULL,
        composer TEXT NOT NULL,
        composer_version INTEGER NOT NULL,
        settings TEXT,
        position REAL NOT NULL DEFAULT 0.0,
        state TEXT NOT NULL DEFAULT 'running'
            CHECK (state IN ('running', 'finished', 'interrupted', 'stopped'))
    );
    CREATE TABLE events (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
    CREATE TABLE clips (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        spec TEXT NOT NULL,
        start INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        continuation BLOB NOT NULL,
        record TEXT NOT NULL,
        marks TEXT NOT NULL,
        PRIMARY KEY (session, number, revision)
    );
    CREATE TABLE notes (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        seconds REAL NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (session, position)
    );
    """,
    "ALTER TABLE sessions ADD COLUMN materials TEXT",
    """
    CREATE TABLE ratings (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        moment TEXT NOT NULL CHECK (moment IN ('before', 'after')),
        valence INTEGER CHECK (valence BETWEEN 0 AND 100),
        arousal INTEGER CHECK (arousal BETWEEN 0 AND 100),
        note TEXT NOT NULL,
        given TEXT NOT NULL,
        PRIMARY KEY (session, moment)
    )
    """,
    """
    CREATE TABLE likings (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        clip INTEGER NOT NULL CHECK (typeof(clip) = 'integer'),
        revision INTEGER NOT NULL,
        at REAL NOT NULL CHECK (typeof(at) = 'real'),
        mood TEXT NOT NULL,
        instrument TEXT NOT NULL,
        genre TEXT NOT NULL,
        liked INTEGER NOT NULL CHECK (liked IN (0, 1)),
        given TEXT NOT NULL,
        PRIMARY KEY (session, clip, instrument, genre)
    )
    """,
    """
    ALTER TABLE likings ADD COLUMN by_instrument INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE likings ADD COLUMN by_genre INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE told (
        kind TEXT NOT NULL CHECK (kind IN ('instrument', 'genre')),
        mood TEXT NOT NULL,
        tag TEXT NOT NULL,
        liked INTEGER NOT NULL CHECK (typeof(liked) = 'integer'),
        disliked INTEGER NOT NULL CHECK (typeof(disliked) = 'integer'),
        given TEXT NOT NULL,
        PRIMARY KEY (kind, mood, tag)
    )
    """,
    "ALTER TABLE sessions ADD COLUMN name TEXT",
    """
    ALTER TABLE ratings ADD COLUMN by_meter INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE clip_ratings (
        given TEXT PRIMARY KEY,
        read_valence REAL NOT NULL CHECK (read_valence BETWEEN -1 AND 1),
        read_arousal REAL NOT NULL CHECK (read_arousal BETWEEN -1 AND 1),
        valence INTEGER CHECK (valence BETWEEN 0 AND 100),
        arousal INTEGER CHECK (arousal BETWEEN 0 AND 100)
    )
    """,
    """
    CREATE TABLE course_sessions (
        session TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        course TEXT NOT NULL,
        step INTEGER NOT NULL CHECK (typeof(step) = 'integer')
    )
    """,
    """
    CREATE TABLE offers (
        session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        position INTEGER NOT NULL,
        offer TEXT NOT NULL,
        PRIMARY KEY (session, position)
    )
    """,
)
"""Script n takes a library from schema n to n + 1. Never changed once released; only added to."""
SHAPE = {
    "sessions": (
        *("id", "created", "request", "composer", "composer_version", "settings", "position"),
        *("state", "materials", "name"),
    ),
    "events": ("session", "position", "event"),
    "clips": (
        *("session", "number", "revision", "spec", "start", "frames", "cut", "continuation"),
        *("record", "marks"),
    ),
    "notes": ("session", "position", "seconds", "text"),
    "likings": (
        *("session", "clip", "revision", "at", "mood", "instrument", "genre", "liked", "given"),
        *("by_instrument", "by_genre"),
    ),
    "told": ("kind", "mood", "tag", "liked", "disliked", "given"),
    "ratings": ("session", "moment", "valence", "arousal", "note", "given", "by_meter"),
    "course_sessions": ("session", "course", "step"),
    "offers": ("session", "position", "offer"),
    "clip_ratings": ("given", "read_valence", "read_arousal", "valence", "arousal"),
}
"""The tables and columns that the newest schema has."""
_NO_VERSION = 1_000
"""No musmed has had so many: a version that is larger, or negative, was never written."""


class DamagedDatabaseError(sqlite3.DatabaseError):
    """It can be opened, and is no library."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the library to the newest schema, one transaction for each step.

    ``connection`` is in autocommit mode. Raises ``MusmedError`` for a library of a newer
    musmed, ``sqlite3.Error`` when the file can't be changed or is no library.
    """
    if not 0 <= _version(connection) < _NO_VERSION:
        raise DamagedDatabaseError("its version is none")
    while (version := _version(connection)) < len(MIGRATIONS):
        # The version is asked for again under the write lock: another process may migrate too.
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) == version:
                for statement in MIGRATIONS[version].split(";"):
                    # SQLite keeps the text as it is given, and all of it has to lie on the first
                    # page: salvage puts that of a new library in the place of a damaged one.
                    connection.execute(" ".join(statement.split()))
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # on a full disk SQLite has rolled back already
                connection.execute("ROLLBACK")
            raise
    if version > len(MIGRATIONS):
        raise MusmedError(
            "The session library was written by a newer musmed; update this one, or choose "
            "another data folder."
        )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
