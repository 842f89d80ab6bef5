"""What the body said when something was done by it, or offered: figures and words. No sample of the
signal is in it but the two that the decision was made by."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Measure = Literal["heart", "arousal"]
"""Beats a minute, or an arousal of -1 to 1 that another program has told."""

MAX_DWELL_SECONDS = 60.0
"""A path stays no longer than this for one event."""
_FAR = 1_000.0
"""Beyond every figure that a body is believed."""
Figure = Annotated[float, msgspec.Meta(ge=-_FAR, le=_FAR)]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why: the measure is ``now``, was ``usual``, and meanwhile the path's arousal has come down by
    ``fell`` (-2 to 2; below 0 it has risen). Both in beats a minute, or -1 to 1."""

    measure: Measure
    usual: Figure
    now: Figure
    fell: Figure


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At ``at`` session seconds an ease was offered. No event: nothing of the session changes by
    it, and what the listener then does is an event of its own."""

    at: Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
    why: Reason


def in_words(why: Reason) -> str:
    """'the heart beats 75 a minute, 74 were usual, and the way's arousal has come down by 0.21'."""
    if why.measure == "heart":
        said = f"the heart beats {why.now:.0f} a minute, {why.usual:.0f} were usual"
    else:
        said = f"arousal is told as {why.now:+.2f}, {why.usual:+.2f} was usual"
    return f"{said}, and the way's arousal has {_moved(why.fell)}"


def _moved(fell: float) -> str:
    if abs(fell) < 0.005:
        return "stayed where it was"
    return f"{'come down' if fell > 0 else 'risen'} by {abs(fell):.2f}"
