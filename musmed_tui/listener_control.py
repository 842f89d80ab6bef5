"""What the screens ask of and tell the library about the listener. Any thread may use it, and
nothing here is for the thread that draws: a library may be slow, or busy with another process.

Every method raises ``MusmedError``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from engine.listener.personal_meter import UNBENT, PersonalMeter, personal_meter

if TYPE_CHECKING:
    from engine.affect.circumplex import Affect
    from engine.listener.history import Past
    from engine.listener.preferences import Learned
    from engine.listener.ratings import Felt, Rating
    from engine.plan.spec import ClipSpec
    from engine.session.library.library import Library

    HeardClips = tuple[tuple[ClipSpec, Affect | None], ...]
    """Clips as planned, each with where the meter placed it."""


class OnePast(NamedTuple):
    """A session of the past, what was heard of it, and the meter as bent to the listener."""

    past: Past
    clips: HeardClips
    meter: PersonalMeter = UNBENT


class ListenerControl:
    """Over the library that the sessions are kept in."""

    def __init__(self, opened: Callable[[], Library]) -> None:
        self._opened = opened

    @property
    def _library(self) -> Library:
        return self._opened()

    # how a session felt

    def felt(self, session: str) -> Felt:
        """How it was before and after."""
        return self._library.listener.felt([session])[session]

    def rate(self, session: str, after: Rating, note: str | None) -> Felt:
        """Keep how it was after a session, and the note (None: as it is); what is kept then. What
        was rated so before is not rated anew: it keeps its time."""
        from engine.listener.ratings import clean_note
        from musmed_tui.rating import keep

        told = None if note is None else clean_note(note)
        rated = None if after == self.felt(session).after else after
        return keep(self._library, session, after=rated, note=told)

    # sessions of the past

    def page(self, count: int, before: str | None = None) -> tuple[Past, ...]:
        """The newest ``count`` sessions older than ``before`` (None: of all), the newest first."""
        from engine.session.library.past import past_sessions

        return past_sessions(self._library, count, before)

    def past(self, session: str) -> OnePast:
        """One session, with its clips."""
        from engine.session.library.past import past_session
        from engine.session.library.rated import rated_music
        from musmed_tui.past_words import heard_clips

        past, readings = past_session(self._library, session)
        meter = personal_meter(rated_music(self._library))
        return OnePast(past, heard_clips(past, readings), meter)

    def rename(self, session: str, name: str) -> None:
        """Call a session ``name``, '' for nothing."""
        self._library.rename(session, name)

    def delete(self, session: str) -> None:
        """Delete a session and its sound."""
        self._library.delete(session)

    # what was learned

    def learned(self) -> tuple[Learned, ...]:
        """Each preference, the most said first."""
        from engine.listener.preferences import learned

        return learned(self._library.listener.evidence())

    def forget(self, one: Learned) -> None:
        """Count nothing any more of what was said of it."""
        self._library.listener.forget(one.kind, one.tag, one.mood)

    def forget_all(self) -> None:
        """Count nothing any more of all that was said."""
        self._library.listener.forget_all()
