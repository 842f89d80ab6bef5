"""What was rated of music that the meter has read: all that a personal meter learns from."""

from __future__ import annotations

from datetime import timedelta

from engine.listener.personal_meter import Rated
from engine.session.library.library import Library

MOST_SESSIONS = 200
"""The newest: people change, and this is some half a year of every day."""
SOON = timedelta(minutes=30)
"""After the music: what is rated later is no answer to its last minute. A session that was paused
or gone on with for so long has no answer either."""


def rated_music(library: Library) -> tuple[Rated, ...]:
    """Answers about clips, and of the newest sessions the rating after each beside what the meter
    read of the last minute heard. A rating before a session is set beside nothing: no music was
    heard. Raises ``MusmedError``."""
    return (*rated_sessions(library), *library.meter.clips())


def rated_sessions(library: Library) -> tuple[Rated, ...]:
    """Those of the sessions, the newest first. Raises ``MusmedError``."""
    rows = library.sessions(MOST_SESSIONS)
    after = library.meter.after([row.id for row in rows])
    found = []
    for row in rows:
        if row.id not in after:
            continue
        rating, given = after[row.id]
        heard = row.request.seconds if row.state == "finished" else row.position
        if rating.is_none or given > row.created + timedelta(seconds=heard) + SOON:
            continue
        reading = library.meter.read_at_end(row.id, heard)
        if reading is not None:
            found.append(Rated(reading, rating))
    return tuple(found)
