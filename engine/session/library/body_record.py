"""What the library keeps of a body that was listened to: which eases were offered, and why. What
was done because of it is an event; no sample of a signal is kept. Private, in no log.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.plan.body import Offer
from engine.session.library.database import Database
from engine.session.library.listener import Errors
from engine.session.library.reading import read_offer


class BodyRecord:
    """The body's part of a library (``Library.body``). Any thread may use it. Every method raises
    what the library's do."""

    def __init__(self, database: Database, errors: Errors) -> None:
        self._db = database
        self._errors = errors

    def offered(self, session: str, offer: Offer) -> None:
        """Keep that an ease was offered. ``MusmedError`` for a session that is not there."""
        with self._errors(session):
            self._db.write(
                "INSERT INTO offers (session, position, offer) SELECT ?,"
                " (SELECT coalesce(max(position) + 1, 0) FROM offers WHERE session = ?), ?",
                (session, session, msgspec.json.encode(offer).decode()),
            )

    def offers(self, sessions: Sequence[str]) -> dict[str, tuple[Offer, ...]]:
        """What was offered in each of ``sessions``, by its id, in session time."""
        if not sessions:
            return {}
        ends = (min(sessions), max(sessions))
        with self._errors(None):
            rows = self._db.rows("session, offer", "offers", "WHERE session BETWEEN ? AND ?", ends)
        of: dict[object, list[Offer]] = {}
        for session, value in rows:
            if (offer := read_offer(value)) is not None:
                of.setdefault(session, []).append(offer)
        return {one: tuple(sorted(of.get(one, ()), key=lambda offer: offer.at)) for one in sessions}
