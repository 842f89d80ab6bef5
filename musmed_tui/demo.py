"""What the demo does and says, and when: pure, stepped by whoever has a clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

Place = Literal["check_in", "session", "check_out"]

MINUTES = 1.2
"""How long the demo's session is."""
SEED = 9
_TYPING = 0.18
"""Seconds from one letter to the next."""


class Step(NamedTuple):
    """At ``at`` seconds of ``place`` (of the session: as far as it was heard) ``key`` is pressed,
    None for none, and ``said`` is what is being shown from then on, None for no change."""

    place: Place
    at: float
    key: str | None = None
    said: str | None = None


def _typed(place: Place, at: float, word: str) -> Iterator[Step]:
    yield from (Step(place, at + _TYPING * n, letter) for n, letter in enumerate(word))


SCRIPT: tuple[Step, ...] = (
    Step("check_in", 0.5, None, "How do you feel? A word, or a place on the plane"),
    Step("check_in", 1.5, "slash"),
    *_typed("check_in", 1.8, "tense"),
    Step("check_in", 3.4, "enter", "And how would you like to feel?"),
    *_typed("check_in", 4.2, "cheerful"),
    Step("check_in", 6.6, "enter", "Begin: that is all it needs"),
    Step("check_in", 8.4, "b"),
    Step("session", 0.0, None, "Composed as it plays, from the first second on"),
    Step("session", 8.0, None, "The line is the way, the dot is where the music is now"),
    Step("session", 16.0, "s", "Steering to calm: the music turns, with no cut"),
    Step("session", 17.0, "slash"),
    Step("session", 17.3, "backspace"),
    *_typed("session", 17.6, "calm"),
    Step("session", 19.5, "enter"),
    Step("session", 29.0, "e", "One key for 'this is too much': calmer from here on"),
    Step("session", 37.0, "D", "Less of this: other players take over"),
    Step("session", 46.0, "f", "The stage: for a hall, and for those at the back"),
    Step("session", 58.0, "f", "And back"),
    Step("session", 62.0, None, "At its end it settles"),
    Step("check_out", 0.5, None, "How it was, and what can be done with it"),
)
END = 7.0
"""Seconds for which the check-out is looked at."""


class DemoRun:
    """One run through ``SCRIPT``: each step is given once, in order."""

    def __init__(self, script: tuple[Step, ...] = SCRIPT, end: float = END) -> None:
        self._left = list(script)
        self._end = end
        self._place: Place = "check_in"

    def next(self, place: Place, seconds: float) -> Step | None:
        """The step that is due at ``seconds`` of ``place``, if one is. What was left of a place
        that is behind is left out."""
        self._place = place
        while self._left and self._left[0].place != place and self._is_behind(self._left[0].place):
            del self._left[0]
        if not self._left or self._left[0].place != place or self._left[0].at > seconds:
            return None
        return self._left.pop(0)

    def is_over(self, place: Place, seconds: float) -> bool:
        """Whether all of it was shown."""
        return place == "check_out" and seconds >= self._end and not self._left

    def _is_behind(self, place: Place) -> bool:
        order = ("check_in", "session", "check_out")
        return order.index(place) < order.index(self._place)
