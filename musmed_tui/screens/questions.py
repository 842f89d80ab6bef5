"""Which of the check-in's questions is asked, and which keys answer it. Pure.

There are two questions (how do you feel, how would you like to feel), and each is answered by its
field. One of them is asked at any time, or none once both are answered::

    question   the plane: arrows, mouse   the plane: Enter      '/' types in
    --------   ------------------------   -------------------   --------------------
    START      answer START               take the answer       the field of START
    TARGET     answer TARGET              take the answer       the field of TARGET
    READY      move the cursor, no more   nothing               the field of START

What is asked changes by three things alone, and never by an arrow:

    a field gets the focus             its question is asked, answered or not
    the focus leaves the fields        the first question that has no answer (READY: both have)
    an answer is taken (Enter)         the same; from a field the focus goes there too, and to
                                       the button that begins when it is READY

So an answer is replaced only while its own question is asked, and both are asked in their order,
however the listener has gone from field to field. A field that was emptied is a question again.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

Place = Literal["plane", "start", "target", "elsewhere"]
"""What has the focus."""
Answered = tuple[bool, bool]
"""Whether the first and the second question have an answer."""


class Question(IntEnum):
    """``READY``: none is left."""

    START = 0
    TARGET = 1
    READY = 2


def first_open(answered: Answered) -> Question:
    """The first question without an answer."""
    return next((Question(i) for i in range(2) if not answered[i]), Question.READY)


class Asking(msgspec.Struct, frozen=True):
    """What is asked while the focus is at ``place``."""

    question: Question = Question.START
    place: Place = "plane"

    def went(self, place: Place, answered: Answered) -> Asking:
        """The focus is at ``place`` now. Where it stood already, nothing changes."""
        if place == self.place:
            return self
        if place == "start":
            return Asking(Question.START, place)
        if place == "target":
            return Asking(Question.TARGET, place)
        return Asking(first_open(answered), place)

    def taken(self, answered: Answered) -> Asking:
        """The answer was taken as it stands."""
        return Asking(first_open(answered), self.place)

    @property
    def typed_in(self) -> Question:
        """Whose field '/' goes to."""
        return Question.START if self.question is Question.READY else self.question
