"""What screen and lines know of the faders: their ends in words, what is typed for them, and when
one that is moved has come to rest. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from engine.affect.path import Path
from engine.errors import MusmedError
from engine.plan.contradictions import contradictions
from engine.plan.request import Request
from engine.plan.wanted import Faders, FaderStep

CAN_NOT = "This composer follows the feeling alone; musmed's own can be adjusted."
REST_SECONDS = 0.7
"""A fader that was not moved for so long has come to rest: what it says is asked for then."""
STEP = 0.2
"""What a word moves a fader by."""
FREE = "as it feels"
"""What is said of a fader that follows the feeling."""


class Ends(NamedTuple):
    """What a fader is called, and its two ends."""

    name: str
    low: str
    high: str


ENDS: Mapping[str, Ends] = {
    "rhythm": Ends("rhythm", "steadier", "busier"),
    "density": Ends("notes", "fewer notes", "more notes"),
    "register": Ends("height", "lower", "higher"),
    "brightness": Ends("brightness", "darker", "brighter"),
}
"""By the names of ``Faders``, in the order in which they stand."""
PHRASES = (*(word for ends in ENDS.values() for word in (ends.low, ends.high)), FREE)
"""What can be typed as it is."""
_NAMED = re.compile(r"(\w+)\s*=?\s*(?:(\d{1,3})\s*%?|(as it feels))")


def said_apart(request: Request, path: Path, since: float, faders: Faders) -> tuple[str, ...]:
    """What pulls apart from ``since`` session seconds on, where the faders stand so: sentences that
    say what holds."""
    before = contradictions(request, path)
    found = contradictions(request, path, (FaderStep(since, faders),))
    return tuple(one for one in found if one not in before)


class Hand:
    """What the listener does to the faders, until the session has it. ``now`` is any clock that
    ascends; ``newest`` how they stand in the session, what is to be heard soon included."""

    def __init__(self) -> None:
        self._moved: tuple[Faders, float] | None = None
        self._asked: Faders | None = None

    def move(self, faders: Faders, now: float) -> None:
        self._moved = faders, now

    def waited_for(self, newest: Faders) -> Faders | None:
        """What was moved or asked for and the session has not yet."""
        if self._asked == newest:
            self._asked = None
        return self._asked if self._moved is None else self._moved[0]

    def stand(self, newest: Faders) -> Faders:
        """How they stand for the listener."""
        return self.waited_for(newest) or newest

    def rested(self, now: float, newest: Faders) -> Faders | None:
        """What is to be asked for, once for each time that they come to rest."""
        if self._moved is None or now - self._moved[1] < REST_SECONDS:
            return None
        return self.take(newest)

    def take(self, newest: Faders) -> Faders | None:
        """What is to be asked for, rested or not; None where that is how they stand."""
        moved, self._moved = self._moved, None
        if moved is None or moved[0] == (self._asked or newest):
            return None
        self._asked = moved[0]
        return self._asked


def typed(text: str, stand: Faders, felt: Faders) -> Faders:
    """``stand`` as ``text`` wants it: 'fewer notes, higher', 'notes 20', 'height as it feels', 'as
    it feels' for all. A word moves by ``STEP``, from where the feeling has it (``felt``) where it
    is not held. Raises ``MusmedError``."""
    wanted = stand
    for part in filter(None, (one.strip().lower() for one in text.split(","))):
        changes = Faders() if part == FREE else _changed(part, wanted, felt)
        if changes is None:
            raise MusmedError(
                f"{part!r} moves nothing; say {', '.join(PHRASES[:-1])}, notes 20 (of 100) or "
                f"{FREE}."
            )
        wanted = changes
    return wanted


def _changed(part: str, stand: Faders, felt: Faders) -> Faders | None:
    for name, ends in ENDS.items():
        if part in (ends.low, ends.high):
            here = getattr(stand, name)
            here = getattr(felt, name) if here is None else here
            step = STEP if part == ends.high else -STEP
            return _with(stand, name, round(min(1.0, max(0.0, (here or 0.0) + step)), 2))
        found = _NAMED.fullmatch(part)
        if found and found[1] == ends.name:
            value = None if found[2] is None else int(found[2]) / 100
            return None if value is not None and value > 1 else _with(stand, name, value)
    return None


def _with(faders: Faders, name: str, value: float | None) -> Faders:
    return msgspec.structs.replace(faders, **{name: value})
