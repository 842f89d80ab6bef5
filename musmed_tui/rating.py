"""Keeping how a session felt: the one way, for the command line and the screen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.listener.ratings import Felt, Moment, Rating

if TYPE_CHECKING:
    from engine.session.library.library import Library


def keep(
    library: Library,
    session: str,
    *,
    before: Rating | None = None,
    after: Rating | None = None,
    note: str | None = None,
) -> Felt:
    """Keep what was said of ``session`` in place of what was kept, and give what is kept then.
    None: nothing was said of that. ``note`` is clean already (``clean_note``). A moment of which
    nothing is left is forgotten. Raises ``MusmedError``."""
    felt = library.listener.felt([session])[session]
    if before is not None:
        _keep_one(library, session, "before", before, "")
    if after is not None:
        _keep_one(library, session, "after", after, felt.note if note is None else note)
    elif note is not None and not felt.after.is_none:
        library.listener.annotate(session, note)  # which says nothing of when it was rated
    elif note is not None:
        _keep_one(library, session, "after", Rating(), note)
    return library.listener.felt([session])[session]


def _keep_one(library: Library, session: str, moment: Moment, rating: Rating, note: str) -> None:
    if rating.is_none and not note:
        library.listener.take_back(session, moment)
    else:
        library.listener.rate(session, moment, rating, datetime.now(UTC), note=note)
