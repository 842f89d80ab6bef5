"""One participant's way through their list: what is asked or played next, and what was answered.

It has no screen, no sound and no clock of its own: whoever shows it (``musmed play --study``, the
service's page) asks for the ``step`` and says what happened. Every answer is kept before the next
step, so a sitting that ends anywhere goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.listener.ratings import Rating, clean_note
from engine.study.listening import answers, seats
from engine.study.listening.answers import NOTHING, Answer
from engine.study.listening.sheet import ListeningList

NEAR_END = 0.5
"""Seconds: a session that was heard so near to its end has been heard."""


class Consent(NamedTuple):
    """Asked once, in the study's own words."""

    words: str


class Before(NamedTuple):
    """How it feels before the session at ``place`` of ``of``."""

    place: int
    of: int


class Hear(NamedTuple):
    """The sound ``code``, from ``start`` seconds on; ``moments``: still to be asked."""

    place: int
    of: int
    code: str
    start: float
    seconds: float
    moments: tuple[float, ...]


class After(NamedTuple):
    """How it feels after the session at ``place``: what of the questions is asked is the list's."""

    place: int
    of: int


class Done(NamedTuple):
    """All sessions were heard."""

    of: int


Step = Consent | Before | Hear | After | Done


class Sitting:
    """``said``: the participant's code or pseudonym. Raises ``MusmedError`` for somebody who is
    not of this list, or has withdrawn."""

    def __init__(
        self, folder: Path, sheet: ListeningList, said: str, now: Callable[[], datetime]
    ) -> None:
        seat = seats.seat_of(folder, sheet, said)
        if answers.has_withdrawn(folder, seat.participant):
            raise MusmedError(f"{seat.participant} has withdrawn; nothing is asked any more.")
        self._folder, self._sheet, self._seat, self._now = folder, sheet, seat, now
        self._name = seats.name_of(folder, seat.participant)
        self._given = answers.read(folder, seat.participant)

    @property
    def participant(self) -> str:
        return self._seat.participant

    @property
    def step(self) -> Step:
        """What comes next."""
        asked, of = self._sheet.asked, len(self._seat.codes)
        if asked.consent and not self._has("consent", 0):
            return Consent(asked.consent)
        for place, code in enumerate(self._seat.codes, start=1):
            if asked.ratings and not self._has("before", place):
                return Before(place, of)
            if not self._has("ended", place):
                return self._hearing(place, of, code)
            if self._asks_after and not self._has("after", place):
                return After(place, of)
        return Done(of)

    def consent(self) -> None:
        """They agree to the words as they stand."""
        digest = hashlib.sha256(self._sheet.asked.consent.encode()).hexdigest()[:16]
        if isinstance(self.step, Consent):
            self._add("consent", consent=digest)

    def before(self, rating: Rating) -> None:
        if isinstance(step := self.step, Before):
            self._add("before", step.place, rating=rating)

    def began(self, seconds: float) -> None:
        """The sound is heard from ``seconds`` on."""
        self._of_hearing("begun", seconds)

    def moment(self, asked_at: float, seconds: float, rating: Rating) -> None:
        """How it felt at the moment asked for at ``asked_at``, said at ``seconds``."""
        step = self.step
        if isinstance(step, Hear) and asked_at in step.moments:
            heard = self._within(seconds, step)
            self._add("moment", step.place, asked_at=asked_at, seconds=heard, rating=rating)

    def stopped(self, seconds: float) -> None:
        """It was left there; the next sitting goes on from there."""
        self._of_hearing("stopped", seconds)

    def ended(self, seconds: float) -> None:
        """It was heard to its end. One that says so long before it has only stopped."""
        if isinstance(step := self.step, Hear):
            whole = seconds >= step.seconds - NEAR_END
            self._of_hearing("ended" if whole else "stopped", seconds)

    def after(self, rating: Rating, liking: int | None = None, note: str = "") -> None:
        """What is not asked is not kept. Raises ``MusmedError`` for a note that is too long."""
        asked = self._sheet.asked
        if isinstance(step := self.step, After):
            self._add(
                "after",
                step.place,
                rating=rating if asked.ratings else NOTHING,
                liking=liking if asked.liking else None,
                note=clean_note(note) if asked.note else "",
            )

    @property
    def _asks_after(self) -> bool:
        asked = self._sheet.asked
        return asked.ratings or asked.liking or asked.note

    def _hearing(self, place: int, of: int, code: str) -> Hear:
        heard = [one for one in self._given if one.place == place]
        start = next((one.seconds for one in reversed(heard) if one.seconds is not None), 0.0)
        said = {one.asked_at for one in heard if one.what == "moment"}
        moments = tuple(one for one in self._sheet.asked.moments if one not in said)
        return Hear(place, of, code, start, self._sheet.seconds(code), moments)

    def _of_hearing(self, what: answers.What, seconds: float) -> None:
        if isinstance(step := self.step, Hear):
            self._add(what, step.place, seconds=self._within(seconds, step))

    @staticmethod
    def _within(seconds: float, step: Hear) -> float:
        return round(min(max(seconds, 0.0), step.seconds), 2)

    def _has(self, what: answers.What, place: int) -> bool:
        return any(one.what == what and one.place == place for one in self._given)

    def _add(
        self,
        what: answers.What,
        place: int = 0,
        *,
        seconds: float | None = None,
        asked_at: float | None = None,
        rating: Rating = NOTHING,
        liking: int | None = None,
        note: str = "",
        consent: str = "",
    ) -> None:
        answer = Answer(
            at=self._now(),
            participant=self.participant,
            what=what,
            name=self._name,
            place=place,
            code=self._seat.codes[place - 1] if place else "",
            asked_at=asked_at,
            seconds=seconds,
            rating=rating,
            liking=liking,
            note=note,
            consent=consent,
        )
        answers.add(self._folder, answer, len(self._given))
        self._given.append(answer)
