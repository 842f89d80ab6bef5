"""What the library keeps of what was rated and what the meter read of it, for a personal meter.

Private, in no log. Any value may be anything (``reading``); one that is not what it should be
counts as left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from engine.affect.circumplex import Affect
from engine.audio.units import frames_of
from engine.listener.personal_meter import Rated
from engine.listener.ratings import Rating
from engine.meter.reading import Reading
from engine.session.library.database import Database, Row
from engine.session.library.listener import Errors, read_moment, read_slider
from engine.session.library.reading import BROKEN

LAST_SECONDS = 60.0
"""Of what was heard: what a rating after a session is set beside."""
MOST_CLIPS = 600
"""Answers about clips that count, the newest: a hundred rounds."""
_CLIP = "given, read_valence, read_arousal, valence, arousal"


class _Readings(msgspec.Struct):
    """Of a clip's record what the meter said."""

    readings: tuple[Reading, ...] = ()


class MeterRecord:
    """The meter's part of a library (``Library.meter``). Any thread may use it. Every method raises
    what the library's do."""

    def __init__(self, database: Database, errors: Errors) -> None:
        self._db = database
        self._errors = errors

    def rate_clip(self, reading: Affect, rating: Rating, now: datetime) -> None:
        """Keep what was rated of a clip that the meter read so. One row, so a killed process leaves
        it whole or not at all. ``now`` has a time zone."""
        when = now.astimezone(UTC).isoformat()
        values = (when, reading.valence, reading.arousal, rating.valence, rating.arousal)
        with self._errors(None):
            self._db.write(
                f"INSERT OR REPLACE INTO clip_ratings ({_CLIP}) VALUES (?,?,?,?,?)", values
            )

    def clips(self) -> tuple[Rated, ...]:
        """The newest ``MOST_CLIPS`` answers about clips, the newest first."""
        order = "ORDER BY given DESC LIMIT ?"
        with self._errors(None):
            rows = self._db.rows(_CLIP, "clip_ratings", order, (MOST_CLIPS,))
        return tuple(one for row in rows if (one := _rated(row)) is not None)

    def after(self, sessions: Sequence[str]) -> dict[str, tuple[Rating, datetime]]:
        """Of each of ``sessions`` that was rated after it, where that was not forgotten: how, and
        when."""
        if not sessions:
            return {}
        where = "WHERE session BETWEEN ? AND ? AND moment = 'after' AND by_meter <> 0"
        with self._errors(None):
            rows = self._db.rows(
                "session, valence, arousal, given",
                "ratings",
                where,
                (min(sessions), max(sessions)),
            )
        return {
            session: (Rating(read_slider(valence), read_slider(arousal)), when)
            for session, valence, arousal, given in rows
            if isinstance(session, str) and (when := read_moment(given)) is not None
        }

    def read_at_end(self, session: str, heard: float) -> Affect | None:
        """What the meter read of the last minute of ``heard`` session seconds, on average; None
        where it read nothing. Of a clip that was composed anew the newest counts, which is what was
        heard."""
        since = max(0.0, heard - LAST_SECONDS)
        where = "WHERE session = ? AND start + frames > ? AND start < ? ORDER BY number, revision"
        values = (session, frames_of(since), frames_of(heard))
        with self._errors(None):
            rows = self._db.rows("number, revision, record", "clips", where, values)
        newest = {row[0]: row for row in rows}
        places = [
            one.affect
            for row in newest.values()
            for one in _readings(row[2])
            if since <= one.start and one.end <= heard
        ]
        if not places:
            return None
        return Affect(
            sum(place.valence for place in places) / len(places),
            sum(place.arousal for place in places) / len(places),
        )

    def forget(self) -> int:
        """Learn nothing any more from what was rated so far: how many ratings that was. Answers
        about clips are deleted; ratings of sessions stay with these, and count no more."""
        with self._errors(None):
            clips = self._db.write("DELETE FROM clip_ratings")
            sessions = "UPDATE ratings SET by_meter = 0 WHERE moment = 'after' AND by_meter <> 0"
            return clips + self._db.write(sessions)


def _rated(row: Row) -> Rated | None:
    """None for one that can't be read."""
    _, read_valence, read_arousal, valence, arousal = row
    with contextlib.suppress(msgspec.ValidationError):
        reading = msgspec.convert((read_valence, read_arousal), tuple[float, float])
        if all(-1.0 <= one <= 1.0 for one in reading):
            rating = Rating(read_slider(valence), read_slider(arousal))
            return None if rating.is_none else Rated(Affect(*reading), rating)
    return None


def _readings(record: object) -> Iterator[Reading]:
    with contextlib.suppress(*BROKEN):
        if isinstance(record, str | bytes):
            yield from msgspec.json.decode(record, type=_Readings).readings
