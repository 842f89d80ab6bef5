"""A course: sessions that a therapist has written down, and how far a listener is. Pure.

The file is TOML (docs/listener.md has one). It names no other file, and says nothing that the
listener could not ask for themselves; nothing is done at a time by itself, and nobody is reminded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.affect.feelings import parse_affect
from engine.affect.path import Strategy
from engine.errors import MusmedError
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.printable import one_line
from engine.toml_text import parse_toml

MAX_BYTES = 64 * 1024
MOST_STEPS = 200
TITLE_LIMIT, NOTE_LIMIT = 80, 500
"""Characters."""
FEELING_LIMIT = 60
MOST_DAYS = 90
ENOUGH = 0.5
"""Of a session has to be heard for it to count; under that it is offered again."""
_YEARS = range(2000, 2101)
_REASON = 200
_PLACE = re.compile(r"\$\.session\[(\d+)\]")

Minutes = Annotated[float, Meta(ge=MIN_MINUTES, le=MAX_MINUTES)]
Days = Annotated[int, Meta(ge=1, le=MOST_DAYS)]
Feeling = Annotated[str, Meta(min_length=1, max_length=FEELING_LIMIT)]
Note = Annotated[str, Meta(max_length=NOTE_LIMIT)]


class _Session(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"start": "from", "target": "to"},
):
    """A table ``[[session]]`` of the file."""

    start: Feeling
    target: Feeling
    minutes: Minutes | None = None
    strategy: Strategy | None = None
    times: Annotated[int, Meta(ge=1, le=MOST_STEPS)] = 1
    day: date | None = None
    every_days: Days | None = None
    note: Note = ""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
    session: Annotated[tuple[_Session, ...], Meta(min_length=1, max_length=MOST_STEPS)]
    minutes: Minutes | None = None
    every_days: Days | None = None
    note: Note = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One session to be heard. ``number``: from 1; ``minutes``, ``strategy``: None where the
    listener's settings say them; ``day``: not before it; ``every_days``: so many after the step
    before was begun."""

    number: int
    start: str
    target: str
    minutes: float | None
    strategy: Strategy | None
    day: date | None
    every_days: int | None
    note: str


class Course(msgspec.Struct, frozen=True):
    """What the file says. The library knows the course by its ``title``."""

    title: str
    note: str
    steps: tuple[Step, ...]


class Heard(msgspec.Struct, frozen=True):
    """A session that was begun for a step; ``heard`` of ``total``: session seconds."""

    step: int
    session: str
    begun: datetime
    heard: float
    total: float

    @property
    def enough(self) -> bool:
        return self.heard >= ENOUGH * self.total


class Stand(msgspec.Struct, frozen=True):
    """A step, the last session that was begun for it, and the day on which it is meant; None where
    there is none, or it depends on a step that was not heard yet."""

    step: Step
    heard: Heard | None
    day: date | None

    @property
    def done(self) -> bool:
        return self.heard is not None and self.heard.enough


def parse_course(data: bytes) -> Course:
    """The course in a file's bytes. Raises ``MusmedError``, of which the sentence begins in its
    middle: what is wrong, and where."""
    if len(data) > MAX_BYTES:
        raise MusmedError(f"it has more than {MAX_BYTES // 1024} KiB")
    try:
        found = msgspec.convert(parse_toml(data), _File)
    except UnicodeDecodeError as error:
        raise MusmedError("it is no UTF-8 text") from error
    except ValueError as error:  # msgspec's and TOML's, too
        raise MusmedError(_in_words(str(error))) from error
    count = sum(one.times for one in found.session)
    if count > MOST_STEPS:
        raise MusmedError(f"it has {count} sessions, and {MOST_STEPS} are the most")
    for number, one in enumerate(found.session, start=1):
        _check(one, f"[[session]] {number}")
    title = one_line(found.title, TITLE_LIMIT)
    if not title:
        raise MusmedError("its title is empty")
    return Course(title, one_line(found.note), tuple(_steps(found)))


def stands(course: Course, heard: Iterable[Heard], zone: tzinfo | None = None) -> tuple[Stand, ...]:
    """How far the listener is; days are those of ``zone`` (None: here). What was heard of a step
    counts, whenever that was; of several sessions the last with enough, else the last."""
    last: dict[int, Heard] = {}
    for one in sorted(heard, key=lambda one: (one.enough, one.begun)):
        last[one.step] = one
    found: list[Stand] = []
    for step in course.steps:
        before = found[-1] if found else None
        found.append(Stand(step, last.get(step.number), _day_of(step, before, zone)))
    return tuple(found)


def following(found: Sequence[Stand]) -> Stand | None:
    """The first step that was not heard; None where all were."""
    return next((one for one in found if not one.done), None)


def _day_of(step: Step, before: Stand | None, zone: tzinfo | None) -> date | None:
    if step.day is not None:
        return step.day
    if step.every_days is None or before is None or before.heard is None or not before.done:
        return None
    return before.heard.begun.astimezone(zone).date() + timedelta(days=step.every_days)


def _in_words(reason: str) -> str:
    """What msgspec or TOML says, with the place as it stands in the file: sessions from 1."""
    placed = _PLACE.sub(lambda found: f"[[session]] {int(found[1]) + 1}", reason)
    return one_line(placed.replace("$.", "").replace("`", "'"), _REASON).rstrip(".")


def _check(one: _Session, where: str) -> None:
    """Raises ``MusmedError`` as ``parse_course`` does."""
    for key, text in (("from", one.start), ("to", one.target)):
        try:
            parse_affect(text, wanted=key == "to")
        except MusmedError as error:
            raise MusmedError(f"{where}, {key}: {one_line(str(error), _REASON)}") from error
    if one.day is not None and (one.times > 1 or one.every_days is not None):
        raise MusmedError(f"{where} has a day, and so neither times nor every_days")
    if one.day is not None and one.day.year not in _YEARS:
        raise MusmedError(f"{where} has a day in the year {one.day.year}")


def _steps(found: _File) -> Iterable[Step]:
    number = 0
    for one in found.session:
        for _ in range(one.times):
            number += 1
            yield Step(
                number=number,
                start=one_line(one.start),
                target=one_line(one.target),
                minutes=found.minutes if one.minutes is None else one.minutes,
                strategy=one.strategy,
                day=one.day,
                every_days=found.every_days if one.every_days is None else one.every_days,
                note=one_line(one.note),
            )
