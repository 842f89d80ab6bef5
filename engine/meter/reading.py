"""What the meter says: one reading. Light enough for every process."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.affect.circumplex import Affect

Coordinate = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Error = Annotated[float, msgspec.Meta(ge=0.0, le=2.0)]


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One estimate: of [``start``, ``end``) seconds, from up to 30 s that end there.

    ``valence``, ``arousal`` in [-1, 1]; 0.4 is a standard deviation of VGMIDI's ratings.
    ``valence_error``, ``arousal_error``: root mean square error in cross-validation on that
    scale. ``known``: the sound is like what the meter learnt from (no proof that it is).
    """

    start: float
    end: float
    valence: Coordinate
    arousal: Coordinate
    valence_error: Error
    arousal_error: Error
    known: bool

    @property
    def affect(self) -> Affect:
        return Affect(self.valence, self.arousal)
