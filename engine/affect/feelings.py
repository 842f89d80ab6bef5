"""The check-in's feelings: words a listener says, each with its place on the circumplex."""

from __future__ import annotations

import functools
import importlib.resources
import math
from typing import TYPE_CHECKING

import msgspec

from engine.affect.circumplex import Affect
from engine.errors import MusmedError, UnknownWordError

HINT = "'musmed feelings' lists them."


class Feeling(msgspec.Struct, frozen=True):
    """A feeling word, its place on the circumplex and where that place comes from."""

    word: str
    affect: Affect
    source: str


class AffectTextError(MusmedError):
    """Two numbers were given for an affect and they are not two numbers in [-1, 1]."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    radius: float
    degrees: dict[str, float]
    everyday: dict[str, str]
    middle: tuple[str, ...]


@functools.cache
def _words() -> _Words:
    data = importlib.resources.files("engine.affect").joinpath("data/feelings.json").read_bytes()
    return msgspec.json.decode(data, type=_Words)


def _on_circle(degrees: float, radius: float) -> Affect:
    angle = math.radians(degrees)
    return Affect(round(radius * math.cos(angle), 4), round(radius * math.sin(angle), 4))


@functools.cache
def _feelings() -> tuple[Feeling, ...]:
    words = _words()
    circle = {
        word: Feeling(word, _on_circle(degrees, words.radius), f"Russell (1980), {degrees} degrees")
        for word, degrees in words.degrees.items()
    }
    everyday = (
        Feeling(word, circle[russell].affect, f"everyday word, put at Russell's {russell!r}")
        for word, russell in words.everyday.items()
    )
    middle = (Feeling(word, Affect(0.0, 0.0), "the middle of the plane") for word in words.middle)
    return (*circle.values(), *everyday, *middle)


if TYPE_CHECKING:
    FEELINGS: tuple[Feeling, ...]
    """All feelings: Russell's 28 words in the order of the circle, then everyday words."""


def __getattr__(name: str) -> tuple[Feeling, ...]:
    """``FEELINGS`` is read from its file when it is first asked for."""
    if name == "FEELINGS":
        return _feelings()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _by_word() -> dict[str, Feeling]:
    return {feeling.word: feeling for feeling in _feelings()}


def feeling(word: str) -> Feeling:
    """The feeling called ``word``, whatever its case and spacing ('At  Ease', 'at-ease').

    Raises ``UnknownWordError`` naming the nearest words.
    """
    plain = " ".join(word.replace("-", " ").replace("_", " ").lower().split())
    found = _by_word().get(plain)
    if found is None:
        raise UnknownWordError("feeling", word, _by_word(), HINT)
    return found


def nearest_feelings(affect: Affect, n: int) -> tuple[Feeling, ...]:
    """The ``n`` feelings nearest to ``affect``, nearest first, Russell's words before everyday
    words at the same place."""
    return tuple(sorted(_feelings(), key=lambda f: affect.distance(f.affect))[:n])


def parse_affect(text: str) -> tuple[Affect, str | None]:
    """An affect as a listener writes it: a feeling word, or 'valence,arousal' ('-0.4,0.7').

    Returns the affect and the feeling's word (None for numbers). Raises ``UnknownWordError``
    or ``AffectTextError``.
    """
    if "," not in text and not _is_number(text):
        found = feeling(text)
        return found.affect, found.word
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 2 or not all(_is_number(part) for part in numbers):
        raise AffectTextError(
            f"{text!r} is not an affect; give a feeling or two numbers, as in -0.4,0.7."
        )
    valence, arousal = (float(part) for part in numbers)
    if not (-1.0 <= valence <= 1.0 and -1.0 <= arousal <= 1.0):
        raise AffectTextError(
            f"{text!r} lies off the plane; valence and arousal are each between -1 and 1."
        )
    return Affect(valence, arousal), None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
