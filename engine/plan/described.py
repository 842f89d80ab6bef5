"""A description of music, bar by bar, in FIGARO's vocabulary (von Rütte et al. 2022): what is
measured of a piece, or what is asked of one. In one that is asked for, what is None or empty
follows the affect. The file format and how each is measured: docs/description.md.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_BARS = 2048
"""An hour of 4/4 at 126 BPM has 1890."""

_Name = Annotated[str, Meta(max_length=32)]


class DescribedBar(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A bar, as it is or is asked to be."""

    time_signature: Annotated[str, Meta(pattern=r"^([1-9]|[1-9]\d)/(1|2|4|8|16|32)$")] | None = None
    note_density: Annotated[float, Meta(ge=0.0, le=256.0)] | None = None
    """Notes that begin, a quarter note."""
    mean_pitch: Annotated[float, Meta(ge=0.0, le=127.0)] | None = None
    """MIDI, of the notes that are no drums."""
    mean_velocity: Annotated[float, Meta(ge=1.0, le=127.0)] | None = None
    """MIDI."""
    mean_duration: Annotated[float, Meta(gt=0.0, le=256.0)] | None = None
    """Quarter notes, of the notes that are no drums."""
    instruments: Annotated[tuple[_Name, ...], Meta(max_length=32)] = ()
    """General MIDI's names, or 'drums'."""
    chords: Annotated[tuple[_Name, ...], Meta(max_length=32)] = ()
    """'C:maj', 'F#:min7' or 'N' for none, in order, one a beat or for as long as each is."""


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bars in order from the piece's beginning. A session that is longer goes on from the first bar
    again."""

    bars: Annotated[tuple[DescribedBar, ...], Meta(min_length=1, max_length=MAX_BARS)]
