"""What is asked of the music itself, beside the affect of its path: features, which hold for the
whole session, and faders, which move while it plays. What is named holds, the rest follows the
affect. Each is defined, with its source, in docs/description.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Key = Literal["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
TimeSignature = Literal["2/4", "3/4", "4/4", "6/8"]


class Features(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Ten features of a piece, after the emotion-to-music tool of Sabbagh, Hachana & Shahin over
    FIGARO; None where nothing is asked."""

    energy: Share | None = None
    valence: Share | None = None
    """How positive it sounds, from 0 to 1: 0.5 is valence 0 of the circumplex."""
    loudness: Annotated[float, Meta(ge=-40.0, le=-10.0)] | None = None
    """LUFS, integrated."""
    instrumentalness: Share | None = None
    danceability: Share | None = None
    acousticness: Share | None = None
    key: Key | None = None
    mode: Literal["major", "minor"] | None = None
    time_signature: TimeSignature | None = None
    tempo: Annotated[float, Meta(ge=40.0, le=200.0)] | None = None
    """Quarter notes a minute."""


class Faders(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Where the listener holds the music, each from 0, the least, to 1, the most; None: it follows
    the affect. The first two as in Music FaderNets (Tan & Herremans 2020)."""

    rhythm: Share | None = None
    """Rhythm density: in how many places of a bar something begins."""
    density: Share | None = None
    """Note density: how many notes begin."""
    register: Share | None = None
    """How high it lies."""
    brightness: Share | None = None
    """How much of its sound lies high: its timbre, not its mode."""


_SAID = {
    "rhythm": "rhythm",
    "density": "notes",
    "register": "height",
    "brightness": "brightness",
}


def in_words(faders: Faders) -> str:
    """How the faders stand: 'notes 20 %, height 80 %', or that all follow the feeling."""
    set_at = [
        f"{word} {value * 100:.0f} %"
        for name, word in _SAID.items()
        if (value := getattr(faders, name)) is not None
    ]
    return ", ".join(set_at) or "all as the feeling has it"


class FaderStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From ``time`` session seconds on, the faders stand so."""

    time: float
    faders: Faders
