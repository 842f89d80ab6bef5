"""What the listener does during a session: stored, so that the session can be made again.

``at`` is session seconds: the change is heard from the first beat (MusicGen: code frame) at or
after ``at``. It is the write cursor plus a margin at the moment the key was pressed, and is
moved later when the new audio could not be there in time, so that what is stored is what was
heard.
"""

from __future__ import annotations

import msgspec

from engine.affect.circumplex import Affect


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


Event = Steer | Ease | Skip
