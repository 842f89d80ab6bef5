"""What was measured of a finished clip, as the engine tells it and the library keeps it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.composers.base import BarRecords
from engine.meter.reading import Reading

MAX_READINGS = 16
"""Of the meter in one record: a clip of 30 s has three."""


class HandedOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``composer`` made the clip's sound up to session frame ``until`` and was taken over from,
    over the frames from ``at`` on; the same frame where what followed was silence. The front adds
    this: the engine knows of one composer at a time."""

    composer: str
    at: int
    until: int


class ClipRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured of a finished clip.

    ``loudness`` integrated LUFS (None when silent or shorter than 0.4 s), ``true_peak`` dBTP,
    ``gating``: 'off', 'on', or why it was bypassed; ``seconds``: wall seconds of composing and
    finishing, waiting for credits left out; ``speed``: audio seconds per wall second.
    ``readings``: the meter's, one for each 10 s from the clip's start, in session seconds;
    ``bars``: what is played, bar by bar, from a composer that knows bars; ``synthesis``: what
    sounded it (``Traits.synthesis``). ``handover``: for a clip of two composers, of which
    ``composer`` made the end; its level and peak are not measured then (None), and what else is
    said is of the end.
    """

    composer: str
    version: int
    loudness: float | None
    true_peak: float | None
    gating: str
    seconds: float
    speed: float
    readings: Annotated[tuple[Reading, ...], msgspec.Meta(max_length=MAX_READINGS)] = ()
    bars: BarRecords = ()
    synthesis: str = ""
    handover: HandedOver | None = None
