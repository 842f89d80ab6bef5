"""Gentle ears: caps on what the music may ask of who is sound-sensitive, has tinnitus or hears with
aids. They stand in the request, so that a session is made again with them; without any, nothing of
the music is other than it was. What each does, measured: docs/listener.md.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engine.errors import MusmedError

RANGES: dict[str, tuple[float, float]] = {
    "register": (72, 96),
    "leaps": (6, 12),
    "held": (1.0, 8.0),
    "brightness": (1500.0, 12000.0),
    "beating": (0.3, 1.0),
    "onsets": (5.0, 100.0),
}
_WHOLE = ("register", "leaps")


def _within(name: str) -> Meta:
    low, high = RANGES[name]
    return Meta(ge=int(low) if name in _WHOLE else low, le=int(high) if name in _WHOLE else high)


class Gentle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The caps; None where something is not capped. One at least is."""

    register: Annotated[int, _within("register")] | None = None
    """The highest note, as a MIDI pitch."""
    leaps: Annotated[int, _within("leaps")] | None = None
    """The largest leap from one note of a voice to its next, in semitones; none under six, so
    that a tone of any chord is always in reach."""
    held: Annotated[float, _within("held")] | None = None
    """The longest tone, in seconds from its onset to its release."""
    brightness: Annotated[float, _within("brightness")] | None = None
    """Hz above which all sound is softened, by 12 dB an octave."""
    beating: Annotated[float, _within("beating")] | None = None
    """How far apart two tones that sound together are at least, in equivalent rectangular
    bandwidths of the ear between them (Glasberg & Moore 1990)."""
    onsets: Annotated[float, _within("onsets")] | None = None
    """The shortest rise of a note, in milliseconds."""
    percussion: Literal["off"] | None = None
    """No drums."""

    @property
    def shortens(self) -> bool:
        """Whether how long tones sound is capped."""
        return self.held is not None or self.beating is not None


ALL = Gentle(
    register=76, leaps=7, held=4.0, brightness=3000.0, beating=0.75, onsets=30.0, percussion="off"
)
"""What 'all' stands for."""
NAMES: tuple[str, ...] = Gentle.__struct_fields__
_FREE = "free"


def parse_gentle(text: str, named: str) -> Gentle | None:
    """The caps of 'all' or of names with commas between them, each as it is in ``ALL`` or with a
    value behind '=' ('leaps=6,held'); 'free' takes one out ('all,percussion=free'). None for 'none'
    and where nothing is left.

    Raises ``MusmedError`` that says what is wrong, with ``named`` for what was being set.
    """
    said = [part.strip() for part in text.split(",")]
    if said == ["none"]:
        return None
    values: dict[str, Any] = {}
    for part in said:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if part == "all":
            values |= msgspec.structs.asdict(ALL)
        elif name not in NAMES:
            raise MusmedError(
                f"{named} is none, all, or some of {', '.join(NAMES)} with commas between them, "
                f"not {text[:60]!r}."
            )
        else:
            values[name] = _value(name, value, named) if equals else getattr(ALL, name)
    return None if all(value is None for value in values.values()) else Gentle(**values)


def _value(name: str, text: str, named: str) -> float | str | None:
    """What was said of one cap."""
    if text == _FREE:
        return None
    if name == "percussion":
        if text == "off":
            return text
        raise MusmedError(f"{named}: percussion is off or free, not {text[:60]!r}.")
    low, high = RANGES[name]
    kind = "whole number" if name in _WHOLE else "number"
    sentence = f"{named}: {name} must be a {kind} from {low:g} to {high:g}, not {text[:60]!r}."
    try:
        number = float(text)
    except ValueError as error:
        raise MusmedError(sentence) from error
    if not (math.isfinite(number) and low <= number <= high):
        raise MusmedError(sentence)
    if name not in _WHOLE:
        return number
    if number != round(number):
        raise MusmedError(sentence)
    return int(number)


def written(gentle: Gentle | None) -> str:
    """The caps as ``parse_gentle`` reads them."""
    if gentle is None:
        return "none"
    said = {name: getattr(gentle, name) for name in NAMES}
    return ",".join(f"{name}={value}" for name, value in said.items() if value is not None)
