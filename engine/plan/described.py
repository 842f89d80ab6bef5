"""A description of music, bar by bar, in FIGARO's vocabulary (von Rütte et al. 2022): what is
measured of a piece, or what is asked of one. In one that is asked for, what is None or empty
follows the affect. The file format and how each is measured: docs/description.md.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.plan.general_midi import DRUMS, PROGRAMMES

MAX_BARS = 2048
"""An hour of 4/4 at 126 BPM has 1890."""

MOST_NAMES = 32
"""Instruments, and chords, in a bar."""
ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
QUALITIES = ("maj", "min", "dim", "aug", "dom7", "maj7", "min7")
"""FIGARO's; its eighth, 'None', is no chord and so ``NO_CHORD`` here."""
NO_CHORD = "N"
INSTRUMENTS = (*PROGRAMMES, DRUMS)

_TIME = r"^([1-9]|[1-9]\d)/(1|2|4|8|16|32)$(?!\n)"
_CHORD = rf"^({NO_CHORD}|[ACDFG]#?:({'|'.join(QUALITIES)})|[BE]:({'|'.join(QUALITIES)}))$(?!\n)"
_INSTRUMENT = f"^({'|'.join(re.escape(name) for name in INSTRUMENTS)})$(?!\n)"

TimeSignature = Annotated[str, Meta(max_length=5, pattern=_TIME)]
Chord = Annotated[str, Meta(max_length=7, pattern=_CHORD)]
Instrument = Annotated[str, Meta(max_length=32, pattern=_INSTRUMENT)]


class DescribedBar(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A bar, as it is or is asked to be."""

    time_signature: TimeSignature | None = None
    note_density: Annotated[float, Meta(ge=0.0, le=256.0)] | None = None
    """Notes that begin, a quarter note; drums are left out."""
    mean_pitch: Annotated[float, Meta(ge=0.0, le=127.0)] | None = None
    """MIDI, of the notes that are no drums."""
    mean_velocity: Annotated[float, Meta(ge=1.0, le=127.0)] | None = None
    """MIDI, drums and all."""
    mean_duration: Annotated[float, Meta(gt=0.0, le=256.0)] | None = None
    """Quarter notes, of the notes that are no drums."""
    instruments: Annotated[tuple[Instrument, ...], Meta(max_length=MOST_NAMES)] = ()
    """General MIDI's names (``PROGRAMMES``), or 'drums'."""
    chords: Annotated[tuple[Chord, ...], Meta(max_length=MOST_NAMES)] = ()
    """'C:maj', 'F#:min7' or 'N' for none, in order: each for as long as it lasts, so that the first
    is the one that the bar begins with. Asked for, they share the bar evenly."""


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bars in order from the piece's beginning. A session that is longer goes on from the first bar
    again."""

    bars: Annotated[tuple[DescribedBar, ...], Meta(min_length=1, max_length=MAX_BARS)]
