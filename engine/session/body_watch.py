"""A body beside a session: its signal is heard, what follows from it is said, kept and handed on.

Figures of it stand in events, offers and sentences, never in a log.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from engine.errors import MusmedError
from engine.listener.body import USUAL_SECONDS, Body, Here, State
from engine.listener.signal_lines import Sample
from engine.plan.body import Offer, in_words
from engine.plan.events import Dwell
from engine.session.library.library import Library
from engine.session.notices import Notices
from engine.session.status import RunnerStatus

MOST_LOST = 3
"""A signal that comes and goes is spoken of so often."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where samples come from (``signal_reader.SignalReader``)."""

    def now(self) -> float: ...
    def take(self) -> Sequence[tuple[float, Sample]]: ...
    def take_said(self) -> Sequence[str]: ...
    def close(self) -> None: ...


class BodyWatch:
    """Of one session; for its thread alone."""

    def __init__(self, source: Source, library: Library, notices: Notices) -> None:
        self._source = source
        self._library = library
        self._notices = notices
        self._body = Body()
        self._state: State = "none"
        self._lost = 0

    def look(self, status: RunnerStatus) -> Dwell | None:
        """Hear what has come; the event that follows from it, if one does."""
        here = Here(
            heard=status.playback.heard,
            path=status.plan.path,
            total=status.plan.total,
            acted=status.events[-1].at if status.events else None,
        )
        for at, sample in self._source.take():
            self._body.hear(sample, at, here)
        for text in self._source.take_said():
            self._notices.tell(text)
        now = self._source.now()
        self._say_state(self._body.state(now))
        act = self._body.look(now, here) if status.phase == "playing" else None
        if isinstance(act, Offer):
            self._offer(status.session, act)
            return None
        return act

    def close(self) -> None:
        self._source.close()

    def _offer(self, session: str, offer: Offer) -> None:
        """One that can't be stored ends nothing."""
        why = in_words(offer.why)
        self._notices.tell(f"{why[0].upper()}{why[1:]}: 'e' eases, if you like.", answer=True)
        try:
            self._library.body.offered(session, offer)
        except MusmedError:
            log.warning("an offer was not stored")

    def _say_state(self, state: State) -> None:
        before, self._state = self._state, state
        if state == before:
            return
        if state == "lost":
            self._lost += 1
        if self._lost <= MOST_LOST:
            for text in self._said_of(before, state):
                self._notices.tell(text, answer=state != "lost")

    def _said_of(self, before: State, state: State) -> Sequence[str]:
        if state == "lost":
            return ("The signal has stopped; nothing is done by it until it is back.",)
        if before == "lost":
            return ("The signal is back.",)
        if state == "learning":
            minutes = f"{USUAL_SECONDS / 60:g}"
            return (f"The signal is heard; {minutes} minutes of it say what is usual for you.",)
        if self._body.usual is None:
            return ()
        measure, usual = self._body.usual
        if measure == "heart":
            return (f"Usual for you now: the heart beats {usual:.0f} a minute.",)
        return (f"Usual for you now: an arousal of {usual:+.2f}.",)
