"""What is asked of the music itself, beside the affect of its path: features, which hold for the
whole session, and faders, which move while it plays. What is named holds, the rest follows the
affect. Each is defined, with its source, in docs/description.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Key = Literal["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
TimeSignature = Literal["2/4", "3/4", "4/4", "6/8"]


Mode = Literal["major", "minor"]
RANGES: dict[str, tuple[float, float]] = {
    "energy": (0.0, 1.0),
    "valence": (0.0, 1.0),
    "loudness": (-40.0, -10.0),
    "instrumentalness": (0.0, 1.0),
    "danceability": (0.0, 1.0),
    "acousticness": (0.0, 1.0),
    "tempo": (40.0, 200.0),
}
"""Of the features that are numbers."""


def _within(name: str) -> Meta:
    low, high = RANGES[name]
    return Meta(ge=low, le=high)


class Features(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Ten features of a piece, after the emotion-to-music tool of Sabbagh, Hachana & Shahin over
    FIGARO; None where nothing is asked."""

    energy: Annotated[float, _within("energy")] | None = None
    valence: Annotated[float, _within("valence")] | None = None
    """How positive it sounds, from 0 to 1: 0.5 is valence 0 of the circumplex."""
    loudness: Annotated[float, _within("loudness")] | None = None
    """LUFS, integrated."""
    instrumentalness: Annotated[float, _within("instrumentalness")] | None = None
    danceability: Annotated[float, _within("danceability")] | None = None
    acousticness: Annotated[float, _within("acousticness")] | None = None
    key: Key | None = None
    mode: Mode | None = None
    time_signature: TimeSignature | None = None
    tempo: Annotated[float, _within("tempo")] | None = None
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


class FaderStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From ``time`` session seconds on, the faders stand so."""

    time: float
    faders: Faders


FREE = Faders()
"""All follow the affect."""


class _Said(NamedTuple):
    """How one fader is spoken of: what it is, moved up, moved down."""

    name: str
    more: str
    less: str


_SAID = {
    "rhythm": _Said("rhythm", "busier rhythm", "steadier rhythm"),
    "density": _Said("notes", "more notes", "fewer notes"),
    "register": _Said("height", "higher", "lower"),
    "brightness": _Said("brightness", "brighter", "darker"),
}


FADERS: tuple[str, ...] = Faders.__struct_fields__


def in_words(faders: Faders) -> str:
    """How the faders stand: 'notes 20 %, height 80 %', or that all follow the feeling."""
    set_at = [
        held_in_words(name, value)
        for name in FADERS
        if (value := getattr(faders, name)) is not None
    ]
    return ", ".join(set_at) or "all as the feeling has it"


def moved_in_words(before: Faders, after: Faders, felt: Faders) -> str:
    """What was done to the faders, as a sentence begins: 'Fewer notes, higher', of one that was not
    held before from where the feeling has it (``felt``); 'Height as the feeling has it' of one that
    is let go."""
    if after == FREE != before:
        return "All as the feeling has it"
    moved = [
        _moved_in_words(name, getattr(before, name), getattr(after, name), getattr(felt, name))
        for name in FADERS
        if getattr(before, name) != getattr(after, name)
    ]
    sentence = ", ".join(moved) or "the faders as they were"
    return sentence[0].upper() + sentence[1:]


def _moved_in_words(name: str, old: float | None, new: float | None, felt: float | None) -> str:
    said = _SAID[name]
    if new is None:
        return f"{said.name} as the feeling has it"
    here = felt if old is None else old
    if here is None or abs(new - here) < _ALIKE:
        return held_in_words(name, new)
    return said.more if new > here else said.less


_ALIKE = 0.005
"""Of a fader: nearer is where it was, in whole hundredths."""


def held_in_words(name: str, value: float) -> str:
    """'notes 20 %', of the fader with that name."""
    return f"{_SAID[name].name} {value * 100:.0f} %"


def faders_at(steps: Sequence[FaderStep], time: float = math.inf) -> Faders:
    """How the faders stand at ``time`` session seconds."""
    return next((step.faders for step in reversed(steps) if step.time <= time), FREE)


def faders_before(steps: Sequence[FaderStep], time: float) -> Faders:
    """How they stood until ``time``."""
    return next((step.faders for step in reversed(steps) if step.time < time), FREE)
