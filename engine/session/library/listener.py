"""What the library keeps of the listener: how they felt, what they like. Private, in no log.

Values are read as those of every table are (``reading``): each may be anything, and one that is not
what it should be counts as left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import get_args

import msgspec

from engine.errors import MusmedError
from engine.listener.likings import Liking
from engine.listener.preferences import Counted, Evidence, Key, Told, kind_of, learned
from engine.listener.ratings import HIGHEST, NOTE_LIMIT, Felt, Moment, Rating
from engine.plan.leanings import MOST, Kind
from engine.printable import visible_lines
from engine.session.library.database import Database, Row
from engine.session.library.reading import MAX_FIGURE

Errors = Callable[[str | None], AbstractContextManager[None]]

_LIKING = "session, clip, revision, at, mood, instrument, genre, liked, given"
TAG_LIMIT = 64
"""Characters of a tag, as in a clip's record."""
_TOLD = "kind, mood, tag, liked, disliked, given"
_MORE = f"""
    SELECT mood, {{kind}}, sum(2 * liked - 1) FROM likings
    WHERE by_{{kind}} <> 0 AND liked IN (0, 1) AND clip >= 0 AND typeof(revision) = 'integer'
        AND at >= 0 AND at < {MAX_FIGURE}
        AND length(mood) BETWEEN 1 AND {TAG_LIMIT}
        AND length(instrument) BETWEEN 1 AND {TAG_LIMIT}
        AND length(genre) BETWEEN 1 AND {TAG_LIMIT}
        AND typeof(mood) = 'text' AND typeof(instrument) = 'text' AND typeof(genre) = 'text'
    GROUP BY mood, {{kind}}
"""
"""The likings that ``_liking`` can read, counted."""
_RATING = "session, moment, valence, arousal, note, given"


class ListenerRecord:
    """The listener's part of a library (``Library.listener``). Any thread may use it. Every method
    raises what the library's do; ``MusmedError`` for a session that is not there."""

    def __init__(self, database: Database, errors: Errors) -> None:
        self._db = database
        self._errors = errors

    def rate(
        self, session: str, moment: Moment, rating: Rating, now: datetime, *, note: str = ""
    ) -> None:
        """Keep how it was before or after a session, in place of what was kept of that moment. One
        row, so a killed process leaves the old one or the new one. ``now`` has a time zone.
        ``note`` is clean already (``clean_note``)."""
        when = now.astimezone(UTC).isoformat()
        values = (session, moment, rating.valence, rating.arousal, note, when)
        with self._errors(session):
            self._db.write(
                f"INSERT OR REPLACE INTO ratings ({_RATING}) VALUES (?,?,?,?,?,?)", values
            )

    def annotate(self, session: str, note: str) -> None:
        """Keep ``note`` (clean already) beside how it was after a session, in place of the one that
        was kept; what was rated then stays, and when."""
        with self._errors(session):
            self._db.write(
                "UPDATE ratings SET note = ? WHERE session = ? AND moment = 'after'",
                (note, session),
            )

    def take_back(self, session: str, moment: Moment) -> None:
        """Forget how it was then, and the note of that moment."""
        with self._errors(session):
            self._db.write(
                "DELETE FROM ratings WHERE session = ? AND moment = ?", (session, moment)
            )

    def add_liking(self, session: str, liking: Liking, now: datetime) -> None:
        """Keep that something was liked, or not, in place of what was said of the same clip and
        players before. ``now`` has a time zone."""
        values = (
            *(session, liking.clip, liking.revision, liking.at, liking.mood, liking.instrument),
            *(liking.genre, int(liking.liked), now.astimezone(UTC).isoformat()),
        )
        sql = f"INSERT OR REPLACE INTO likings ({_LIKING}) VALUES ({', '.join('?' * len(values))})"
        with self._errors(session):
            self._db.write(sql, values)

    def likings(self, sessions: Sequence[str]) -> dict[str, tuple[Liking, ...]]:
        """What was liked and disliked in each of ``sessions``, by its id, in session time."""
        if not sessions:
            return {}
        ends = (min(sessions), max(sessions))
        with self._errors(None):
            rows = self._db.rows(_LIKING, "likings", "WHERE session BETWEEN ? AND ?", ends)
        of: dict[object, list[Liking]] = {}
        for session, *values in rows:
            liking = _liking(values)
            if liking is not None:
                of.setdefault(session, []).append(liking)
        return {
            session: tuple(sorted(of.get(session, ()), key=lambda liking: liking.at))
            for session in sessions
        }

    def evidence(self) -> Evidence:
        """All that was liked and disliked, with what was set by hand and what was forgotten."""
        with self._errors(None):
            rows = self._db.rows(f"{_LIKING}, by_instrument, by_genre", "likings")
            told = self._db.rows(_TOLD, "told")
        counted = []
        for row in rows:
            liking = _liking(row[1:-2])
            if liking is not None:
                counted.append(Counted(liking, row[-2] != 0, row[-1] != 0))
        return Evidence(tuple(counted), tuple(one for row in told if (one := _told(row))))

    def more_liked(self) -> dict[Key, int]:
        """Of each instrument and genre in a mood how much more often it was liked than disliked,
        with what was set by hand: all that a request needs of ``evidence``, and counted by SQLite,
        since there may be tens of thousands. Where that can't be read they are read one by one."""
        more: dict[Key, int] = {}
        try:
            with self._errors(None):
                for kind in get_args(Kind):
                    for mood, tag, count in self._db.execute(_MORE.format(kind=kind)):
                        if kind_of(tag) == kind:
                            more[Key(kind, mood, tag)] = count
                told = self._db.rows(_TOLD, "told")
        except MusmedError:
            evidence = self.evidence()
            return {one.key: one.liked - one.disliked for one in learned(evidence)}
        for one in (found for row in told if (found := _told(row))):
            more[one.key] = more.get(one.key, 0) + one.liked - one.disliked
        return more

    def tell(self, told: Told, now: datetime) -> None:
        """Set by hand how often something was liked and disliked, in place of what was counted so
        far. ``now`` has a time zone."""
        values = (*told.key, told.liked, told.disliked, now.astimezone(UTC).isoformat())
        with self._errors(None), self._together():
            self._forget(told.kind, told.tag, told.mood)
            self._db.write(f"INSERT INTO told ({_TOLD}) VALUES (?, ?, ?, ?, ?, ?)", values)

    def forget(self, kind: Kind, tag: str, mood: str | None = None) -> int:
        """Count nothing any more that was said of an instrument or a genre, in one mood or in all;
        how much that was. That it was liked then stays with its session."""
        with self._errors(None), self._together():
            return self._forget(kind, tag, mood)

    def forget_all(self) -> int:
        """Count nothing any more that was said so far; how much that was."""
        with self._errors(None), self._together():
            some = self._db.write(
                "UPDATE likings SET by_instrument = 0, by_genre = 0"
                " WHERE by_instrument <> 0 OR by_genre <> 0"
            )
            return some + self._db.write("DELETE FROM told")

    def _forget(self, kind: Kind, tag: str, mood: str | None) -> int:
        where, values = ("", (tag,)) if mood is None else (" AND mood = ?", (tag, mood))
        some = self._db.write(
            f"UPDATE likings SET by_{kind} = 0 WHERE by_{kind} <> 0 AND {kind} = ?{where}", values
        )
        told = f"DELETE FROM told WHERE kind = ? AND tag = ?{where}"
        return some + self._db.write(told, (kind, *values))

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """All of it or nothing, whatever ends the process."""
        self._db.write("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def felt(self, sessions: Sequence[str]) -> dict[str, Felt]:
        """How it was before and after each of ``sessions``, by its id."""
        if not sessions:
            return {}
        ends = (min(sessions), max(sessions))
        with self._errors(None):
            rows = self._db.rows(_RATING, "ratings", "WHERE session BETWEEN ? AND ?", ends)
        of: dict[object, list[Row]] = {}
        for row in rows:
            of.setdefault(row[0], []).append(row[1:])
        return {session: _felt(of.get(session, ())) for session in sessions}


def _felt(rows: Iterable[Row]) -> Felt:
    before, after, note = Rating(), Rating(), ""
    before_at = after_at = None
    for moment, valence, arousal, text, given in rows:
        rating, when = Rating(read_slider(valence), read_slider(arousal)), read_moment(given)
        if moment == "before":
            before, before_at = rating, when
        elif moment == "after":
            after, after_at = rating, when
            note = visible_lines(text[:NOTE_LIMIT]) if isinstance(text, str) else ""
    return Felt(before, after, note, before_at, after_at)


def _liking(values: Sequence[object]) -> Liking | None:
    """None for one that can't be read."""
    clip, revision, at, mood, instrument, genre, liked, given = values
    fields = {
        "clip": clip,
        "revision": revision,
        "at": at,
        "mood": mood,
        "genre": genre,
        "instrument": instrument,
        "liked": liked in {0, 1} and bool(liked),
    }
    with contextlib.suppress(msgspec.ValidationError):
        found = msgspec.convert({**fields, "given": read_moment(given)}, Liking)
        tags = (found.mood, found.instrument, found.genre)
        if liked in {0, 1} and found.clip >= 0 and all(0 < len(tag) <= TAG_LIMIT for tag in tags):
            return found if 0.0 <= found.at < MAX_FIGURE else None
    return None


def _told(values: Sequence[object]) -> Told | None:
    """None for one that can't be read."""
    kind, mood, tag, liked, disliked, given = values
    fields = {"kind": kind, "mood": mood, "tag": tag, "liked": liked, "disliked": disliked}
    with contextlib.suppress(msgspec.ValidationError):
        found = msgspec.convert({**fields, "given": read_moment(given)}, Told)
        if all(0 <= count <= MOST for count in (found.liked, found.disliked)):
            return found if len(found.mood) <= TAG_LIMIT and kind_of(found.tag) == kind else None
    return None


def read_slider(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST:
        return None
    return value


def read_moment(value: object) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None
