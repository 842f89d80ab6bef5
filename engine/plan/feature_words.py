"""Features as they are typed and said: 'energy=.4,key=Bb,mode=minor,tempo=70'."""

from __future__ import annotations

import math
from typing import get_args

import msgspec

from engine.errors import MusmedError, UnknownWordError
from engine.plan.request import Request
from engine.plan.wanted import RANGES, Features, Key, Mode, TimeSignature
from engine.printable import one_line

NAMES: tuple[str, ...] = Features.__struct_fields__
_CHOICES: dict[str, tuple[str, ...]] = {
    "key": get_args(Key),
    "mode": get_args(Mode),
    "time_signature": get_args(TimeSignature),
}
_OTHERWISE = {
    "Db": "C#",
    "Eb": "D#",
    "E#": "F",
    "Fb": "E",
    "Gb": "F#",
    "Ab": "G#",
    "Bb": "A#",
    "B#": "C",
    "Cb": "B",
}
"""How else a key is spelled."""
_LETTERS = 60
"""Of what was typed, in a sentence about it."""


def parse_features(text: str, named: str) -> Features:
    """The features that are named, each once, with commas between them.

    Raises ``MusmedError`` that says what is wrong, with ``named`` for what was being set.
    """
    said: dict[str, object] = {}
    for part in text.split(","):
        word, equals, value = (piece.strip() for piece in part.partition("="))
        name = word.lower().replace("-", "_")
        if not equals:
            raise MusmedError(
                f"{named} is features with their values, such as 'energy=.4,key=D,tempo=70', "
                f"not {_typed(part)}."
            )
        if name not in NAMES:
            raise UnknownWordError("feature", one_line(word, _LETTERS), NAMES, _ALL)
        if name in said:
            raise MusmedError(f"{named}: {name} stands there twice; leave out one.")
        read = _choice if name in _CHOICES else _number
        said[name] = read(name, value, named)
    return msgspec.convert(said, Features)


_ALL = f"They are {', '.join(NAMES[:-1])} and {NAMES[-1]} (docs/description.md)."


def _number(name: str, text: str, named: str) -> float:
    low, high = RANGES[name]
    sentence = f"{named}: {name} is a number from {low:g} to {high:g}, not {_typed(text)}."
    try:
        number = float(text)
    except ValueError as error:
        raise MusmedError(sentence) from error
    if not (math.isfinite(number) and low <= number <= high):
        raise MusmedError(sentence)
    return number


def _choice(name: str, text: str, named: str) -> str:
    word = text.lower()
    if name == "key":
        word = text[:1].upper() + text[1:].replace("\u266f", "#").replace("\u266d", "b")
        word = _OTHERWISE.get(word, word)
    known = _CHOICES[name]
    if word in known:
        return word
    flats = ", or flats such as Bb; minor is mode=minor" if name == "key" else ""
    raise MusmedError(f"{named}: {name} is one of {', '.join(known)}{flats}, not {_typed(text)}.")


def _typed(text: str) -> str:
    return repr(one_line(text.strip(), _LETTERS))


def written(features: Features | None) -> str:
    """The features as ``parse_features`` reads them; '' where nothing is asked."""
    if features is None:
        return ""
    said = ((name, getattr(features, name)) for name in NAMES)
    return ",".join(f"{name}={_short(value)}" for name, value in said if value is not None)


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def asked_of_music(request: Request) -> str:
    """What a request asks of the music itself: 'energy 0.4, key D and a description of 24 bars', ''
    where that is nothing."""
    said = []
    if request.features is not None:
        asked = ((name, getattr(request.features, name)) for name in NAMES)
        said = [
            f"{name.replace('_', ' ')} {_short(value)}"
            for name, value in asked
            if value is not None
        ]
    held = ", ".join(said)
    if request.description is None:
        return held
    bars = len(request.description.bars)
    described = f"a description of {bars} bar{'s' if bars > 1 else ''}"
    return f"{held} and {described}" if held else described
