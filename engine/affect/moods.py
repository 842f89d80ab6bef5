"""The moods music is tagged with: the 56 mood/theme tags of MTG-Jamendo."""

from __future__ import annotations

import functools
import importlib.resources
from typing import TYPE_CHECKING

import msgspec

from engine.affect.circumplex import Affect
from engine.errors import UnknownWordError

HINT = "'musmed moods' lists them."
_NORMS = "Warriner et al. (2013)"


class Mood(msgspec.Struct, frozen=True):
    """A mood/theme tag. ``affect`` is its place on the circumplex when it is a true mood word,
    None when it is a theme; ``source`` says where the place comes from, or why there is none."""

    name: str
    affect: Affect | None
    source: str


class _Tags(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    norms: dict[str, tuple[float, float]]
    stand_ins: dict[str, str]
    themes: dict[str, tuple[str, ...]]


@functools.cache
def _moods() -> tuple[Mood, ...]:
    data = importlib.resources.files("engine.affect").joinpath("data/moods.json").read_bytes()
    tags = msgspec.json.decode(data, type=_Tags)
    true = [
        Mood(name, from_norms(*norms), f"norm of {tags.stand_ins.get(name, name)!r}, {_NORMS}")
        for name, norms in tags.norms.items()
    ]
    themes = [
        Mood(name, None, f"theme: {reason}")
        for reason, names in tags.themes.items()
        for name in names
    ]
    return tuple(sorted([*true, *themes], key=lambda mood: mood.name))


def from_norms(valence: float, arousal: float) -> Affect:
    """Word norms on scales of 1 to 9 as an affect: (x - 5) / 4 on both axes."""
    return Affect(round((valence - 5) / 4, 4), round((arousal - 5) / 4, 4))


if TYPE_CHECKING:
    MOODS: tuple[Mood, ...]
    """All 56 mood/theme tags, by name."""


def __getattr__(name: str) -> tuple[Mood, ...]:
    """``MOODS`` is read from its file when it is first asked for."""
    if name == "MOODS":
        return _moods()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _by_name() -> dict[str, Mood]:
    return {mood.name: mood for mood in _moods()}


@functools.cache
def _placed() -> tuple[tuple[Mood, Affect], ...]:
    return tuple((mood, mood.affect) for mood in _moods() if mood.affect is not None)


def mood(name: str) -> Mood:
    """The mood or theme called ``name``, whatever its case and spacing.

    Raises ``UnknownWordError`` naming the nearest tags.
    """
    found = _by_name().get(name.strip().lower())
    if found is None:
        raise UnknownWordError("mood", name, _by_name(), HINT)
    return found


def nearest_moods(affect: Affect, n: int) -> tuple[Mood, ...]:
    """The ``n`` true moods nearest to ``affect``, nearest first; never a theme."""
    near = sorted(_placed(), key=lambda placed: affect.distance(placed[1]))
    return tuple(mood for mood, _ in near[:n])
