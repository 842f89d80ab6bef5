"""The next session of a course, as what is asked of ``musmed play``."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from engine.errors import MusmedError
from engine.listener.course import MAX_BYTES, Course, Stand, following, parse_course, stands
from engine.places import place_of, read_small
from musmed_tui.asked import Asked

if TYPE_CHECKING:
    from engine.session.library.library import Library
    from musmed_tui.session_control import Begun, SessionControl

log = logging.getLogger(__name__)


class Next(msgspec.Struct, frozen=True):
    """A step to be played, of ``course``, which the file ``named`` describes."""

    named: str
    course: Course
    stand: Stand

    @property
    def in_words(self) -> str:
        """'Session 3 of 6 of 'Evenings'. Lie down.'"""
        step = self.stand.step
        head = f"Session {step.number} of {len(self.course.steps)} of {self.course.title!r}."
        return f"{head} {step.note}".rstrip()


def read_course(named: str) -> Course:
    """The course in the file ``named``. Raises ``MusmedError``."""
    path = place_of(named, "course")
    data = read_small(path, f"The course {path}", MAX_BYTES)
    try:
        return parse_course(data)
    except MusmedError as error:
        raise MusmedError(f"The course {path} can't be followed: {error}.") from error


def how_far(course: Course, library: Library | None) -> tuple[Stand, ...]:
    """Each step with what was heard of it; nothing was, where there is no library. Raises
    ``MusmedError``."""
    if library is None:
        return stands(course, ())
    from engine.session.library.followed import heard_of

    return stands(course, heard_of(library, course.title))


def next_of(named: str, library: Library | None) -> Next:
    """The first step of the course in the file ``named`` that was not heard. Raises
    ``MusmedError``, also where all were."""
    course = read_course(named)
    stand = following(how_far(course, library))
    if stand is None:
        raise MusmedError(
            f"All {len(course.steps)} sessions of {course.title!r} were heard; 'musmed course "
            f"{named}' shows them, and 'musmed play --from ... --to ...' plays another."
        )
    return Next(named, course, stand)


def asked_for(asked: Asked, wanted: Next) -> Asked:
    """``asked`` with what the step says. A length and a strategy that were asked for stand. Raises
    ``MusmedError`` where a feeling was asked for, too."""
    if asked.start is not None or asked.target is not None:
        raise MusmedError(
            f"{wanted.named} says from which feeling to which; leave out --from and --to, "
            "also in a file of feelings."
        )
    step = wanted.stand.step
    minutes = None if step.minutes is None else f"{step.minutes:g}"
    return replace(
        asked,
        start=step.start,
        target=step.target,
        minutes=minutes if asked.minutes is None else asked.minutes,
        strategy=step.strategy if asked.strategy is None else asked.strategy,
    )


def keep_step(control: SessionControl, begun: Begun, wanted: Next | None) -> Begun:
    """Keep that a session was begun for a step; where that can't be the session goes on, and a
    sentence says so."""
    if wanted is None:
        return begun
    from engine.session.library.course_record import Begun as BegunStep

    step = BegunStep(begun.look().session_id, wanted.course.title, wanted.stand.step.number)
    try:
        control.library.courses.begin(step)
    except MusmedError as error:
        said = f"That this is a session of {wanted.course.title!r} was not kept. {error}"
        return begun._replace(notice=f"{begun.notice} {said}" if begun.notice else said)
    return begun
