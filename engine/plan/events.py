"""What the listener does during a session, or what is done for their body: stored, so that the
session can be made again.

``at`` is session seconds. Of an event that is kept, the change is heard from the first beat
(MusicGen: code frame) at or after ``at``: it was aimed a margin past the write cursor at the moment
the key was pressed, and later where the new audio could not be there in time, so that what is
stored is what was heard. An event on its way to the conductor, which aims it, has the second at
which the key was pressed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.affect.circumplex import Affect
from engine.plan.body import MAX_DWELL_SECONDS, Reason
from engine.plan.spec import Players
from engine.plan.wanted import Faders


class Steer(msgspec.Struct, frozen=True, tag="steer", forbid_unknown_fields=True):
    """From ``at`` on the path travels to a new target, at the path's own limits."""

    at: float
    target: Affect
    word: str | None = None


class Ease(msgspec.Struct, frozen=True, tag="ease", forbid_unknown_fields=True):
    """From ``at`` on arousal is lowered: the one key for 'this is too much'."""

    at: float


class Skip(msgspec.Struct, frozen=True, tag="skip", forbid_unknown_fields=True):
    """From ``at`` on this stretch is composed anew with a new seed; path time does not jump."""

    at: float


class More(msgspec.Struct, frozen=True, tag="more", forbid_unknown_fields=True):
    """More of this now: ``players``, who are heard at ``at``, stay for a while, and come back more
    often."""

    at: float
    players: Players


class Less(msgspec.Struct, frozen=True, tag="less", forbid_unknown_fields=True):
    """Less of this now: others take over from ``players``, who are heard at ``at``, where the
    music has the next place for it, and these come back more rarely."""

    at: float
    players: Players


class Dwell(msgspec.Struct, frozen=True, tag="dwell", forbid_unknown_fields=True):
    """From ``at`` on the path stays where it is for ``seconds``, because the body did not follow:
    the one event that is not the listener's own. What was to come is so much later."""

    at: float
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=MAX_DWELL_SECONDS)]
    why: Reason


class Shape(msgspec.Struct, frozen=True, tag="shape", forbid_unknown_fields=True):
    """From ``at`` on the faders stand so, all of them; one that is None follows the affect."""

    at: float
    faders: Faders


Event = Steer | Ease | Skip | More | Less | Dwell | Shape
