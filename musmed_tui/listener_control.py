"""What the screens ask of and tell the library about the listener. Any thread may use it, and
nothing here is for the thread that draws: a library may be slow, or busy with another process.

Every method raises ``MusmedError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.listener.ratings import Felt, Rating, clean_note
from musmed_tui.rating import keep

if TYPE_CHECKING:
    from engine.session.library.library import Library


class ListenerControl:
    """Over the library that the sessions are kept in."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def felt(self, session: str) -> Felt:
        """How it was before and after."""
        return self._library.listener.felt([session])[session]

    def rate(self, session: str, after: Rating, note: str | None) -> Felt:
        """Keep how it was after a session, and the note (None: as it is); what is kept then."""
        return keep(
            self._library, session, after=after, note=None if note is None else clean_note(note)
        )
