"""What was measured of a finished clip, as the engine tells it and the library keeps it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec

from engine.clip_levels import MOST_SECONDS
from engine.composers.base import BarRecords
from engine.composers.clip_notes import ClipNotes
from engine.composers.precision import PrecisionName
from engine.composers.synthesis import SynthesisName
from engine.meter.reading import Reading

MAX_READINGS = 16
"""Of the meter in one record: a clip of 30 s has three."""


MAX_HANDOVERS = 8
"""In one clip, before the last: as many as failures with no clip between them can make."""


_Name = Annotated[str, msgspec.Meta(max_length=4_096)]
"""Of a composer: it may be a checkpoint's path."""
_Frame = Annotated[int, msgspec.Meta(ge=-(2**40), le=2**40)]


Codec = Literal["flac", "opus"]
"""How a clip's sound crossed the link: as it is, or lossy (``engine.link.codec``)."""
LOSSLESS: Codec = "flac"

Coding = Literal["flac", "opus", "pcm"]
"""What a chunk on the line is: of a ``Codec``, or plain samples, on one machine."""
PLAIN: Coding = "pcm"


def codec_of(coding: Coding) -> Codec:
    """What the record of a clip says that came so: whether anything was lost, and by what."""
    return LOSSLESS if coding == "pcm" else coding


class Stage(NamedTuple):
    """A composer, and what sounds its notes or what its model multiplies in ('' where that is not
    known, or there are none)."""

    composer: str
    synthesis: str = ""
    precision: str = ""


class HandedOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a clip went over from one composer, or one synthesis, to another. The front adds this:
    the engine knows of one at a time."""

    composer: _Name
    """It made the clip's sound up to ``until`` and was taken over from."""
    at: _Frame
    """Session frame at which the second composer's sound enters."""
    until: _Frame
    """Session frame at which the first one's has gone; ``at`` where what followed was silence."""
    synthesis: SynthesisName = ""
    """What sounded the first one's notes (``Traits.synthesis``)."""
    precision: PrecisionName = ""
    """What the first one's model multiplied in (``Traits.precision``)."""


class ClipRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured of a finished clip.

    Of a clip of several composers or syntheses (``handover``) ``composer`` made the end; its
    levels and peak are not measured then (None, empty), and what else is said is of the end.
    """

    composer: _Name
    version: Annotated[int, msgspec.Meta(ge=0, le=2**31)]
    loudness: float | None
    """Integrated LUFS; None when silent or shorter than 0.4 s."""
    true_peak: float | None
    """dBTP; None when silent."""
    gating: Annotated[str, msgspec.Meta(max_length=512)]
    """'off', 'on', or why it was bypassed."""
    seconds: float
    """Wall seconds of composing and finishing, waiting for credits left out."""
    speed: float
    """Audio seconds per wall second."""
    readings: Annotated[tuple[Reading, ...], msgspec.Meta(max_length=MAX_READINGS)] = ()
    """The meter's, one for each 10 s from the clip's start, in session seconds."""
    bars: BarRecords = ()
    """What is played, bar by bar, from a composer that knows bars."""
    notes: ClipNotes | None = None
    """What is played, note by note, from a composer that knows notes."""
    levels: Annotated[bytes, msgspec.Meta(max_length=MOST_SECONDS)] = b""
    """How loud each second from its first frame on is (``engine.clip_levels``); empty where that
    was not measured."""
    synthesis: SynthesisName = ""
    """What sounded it (``Traits.synthesis``)."""
    precision: PrecisionName = ""
    """What its model multiplied in (``Traits.precision``)."""
    built_in: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=32)], ...], msgspec.Meta(max_length=64)
    ] = ()
    """Its instruments of which notes were sounded by the built-in synthesis all the same."""
    handover: HandedOver | None = None
    """The last in the clip, None where there was none."""
    earlier: Annotated[tuple[HandedOver, ...], msgspec.Meta(max_length=MAX_HANDOVERS)] = ()
    """Those before it."""

    codec: Codec = LOSSLESS
    """How its sound (the end of it) came from the engine."""

    @property
    def handovers(self) -> tuple[HandedOver, ...]:
        """All of them, in order."""
        return self.earlier if self.handover is None else (*self.earlier, self.handover)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Whose sound the clip is, in order: one more than ``handovers``."""
        before = [
            Stage(passed.composer, passed.synthesis, passed.precision) for passed in self.handovers
        ]
        return (*before, Stage(self.composer, self.synthesis, self.precision))
