"""What the library keeps of courses: which session was begun for which step of which.

Private, in no log. Any value may be anything (``reading``); one that is not what it should be
counts as left out.
"""

from __future__ import annotations

import msgspec

from engine.listener.course import MOST_STEPS, TITLE_LIMIT
from engine.printable import one_line
from engine.session.library.database import Database
from engine.session.library.listener import Errors


class Begun(msgspec.Struct, frozen=True):
    """A session was begun for the ``step``th (from 1) of ``course``, by its title."""

    session: str
    course: str
    step: int


class CourseRecord:
    """The courses' part of a library (``Library.courses``). Any thread may use it. Every method
    raises what the library's do."""

    def __init__(self, database: Database, errors: Errors) -> None:
        self._db = database
        self._errors = errors

    def begin(self, begun: Begun) -> None:
        """Keep that it was. ``MusmedError`` for a session that is not there."""
        with self._errors(begun.session):
            self._db.write(
                "INSERT OR REPLACE INTO course_sessions (session, course, step) VALUES (?, ?, ?)",
                (begun.session, begun.course, begun.step),
            )

    def begun(self) -> tuple[Begun, ...]:
        """All of them, of every course, by session."""
        with self._errors(None):
            rows = self._db.rows("session, course, step", "course_sessions", "ORDER BY session")
        return tuple(
            Begun(session, one_line(course, TITLE_LIMIT), step)
            for session, course, step in rows
            if isinstance(session, str)
            and isinstance(course, str)
            and isinstance(step, int)
            and 1 <= step <= MOST_STEPS
        )
