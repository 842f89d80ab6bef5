"""The moods music is tagged with: the 56 mood/theme tags of MTG-Jamendo, and where they lie: by
musmed's own table, or by one that people have signed off (``MoodTable``)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.data_files import read_data
from engine.errors import UnknownWordError
from engine.printable import is_visible, one_line

HINT = "'musmed moods' lists them."
OWN_TABLE = "musmed"
"""What musmed's own table is called."""
MAX_NAME = 64
FEWEST_PLACES = 4
"""Different places that a table has: MusicGen mixes the three nearest moods, within the reach of
the fourth."""
_NORMS = "Warriner et al. (2013)"


class Mood(msgspec.Struct, frozen=True):
    """A mood/theme tag. ``affect`` is its place on the circumplex when it is a true mood word,
    None when it is a theme; ``source`` says where the place comes from, or why there is none."""

    name: str
    affect: Affect | None
    source: str


def check_name(text: str) -> None:
    """Raises ``ValueError`` for what can't be a table's name or a signature."""
    if not 1 <= len(text) <= MAX_NAME or text != text.strip() or not is_visible(text):
        raise ValueError(f"a name has 1 to {MAX_NAME} visible characters")


class PlacedMood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a table sees a tag."""

    name: str
    affect: Affect


class MoodTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in place of musmed's own: the tags that have a place, all others are themes.

    ``ValueError`` (msgspec's ``ValidationError`` when one is decoded) for one that no session can
    be composed by: a tag that there is not or that stands there twice, fewer than
    ``FEWEST_PLACES`` different places, or none on one of the four sides of the plane.
    """

    name: str
    places: tuple[PlacedMood, ...]

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.name.casefold() == OWN_TABLE:
            raise ValueError(f"{OWN_TABLE!r} is the name of musmed's own mood table")
        names = [place.name for place in self.places]
        for name in names:
            if name not in _by_name():
                raise ValueError(f"there is no tag called {one_line(name, 40)!r}")
        if len(set(names)) < len(names):
            raise ValueError("a tag stands twice in the mood table")
        if len({place.affect for place in self.places}) < FEWEST_PLACES:
            raise ValueError(f"a mood table has moods in {FEWEST_PLACES} different places or more")
        _check_sides([place.affect for place in self.places])


def _check_sides(places: Sequence[Affect]) -> None:
    """Raises ``ValueError`` where a side of the plane has no place."""
    for side, reached in (
        ("unpleasant", any(place.valence < 0.0 for place in places)),
        ("pleasant", any(place.valence > 0.0 for place in places)),
        ("low energy", any(place.arousal < 0.0 for place in places)),
        ("high energy", any(place.arousal > 0.0 for place in places)),
    ):
        if not reached:
            raise ValueError(f"no mood of the table lies on the side of {side!r}")


class _Tags(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    norms: dict[str, tuple[float, float]]
    stand_ins: dict[str, str]
    themes: dict[str, tuple[str, ...]]


@functools.cache
def _moods() -> tuple[Mood, ...]:
    data = read_data("moods")
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


def moods_of(table: MoodTable | None) -> tuple[Mood, ...]:
    """All 56 tags, by name, as ``table`` has them; None: musmed's own."""
    if table is None:
        return _moods()
    places = {place.name: place.affect for place in table.places}
    source = f"mood table {table.name!r}"
    return tuple(
        Mood(name, places.get(name), source if name in places else f"theme: {source}")
        for name in _by_name()
    )


@functools.lru_cache(16)
def placed_moods(table: MoodTable | None) -> tuple[tuple[Mood, Affect], ...]:
    """The true moods of ``moods_of`` and their places."""
    return tuple((mood, mood.affect) for mood in moods_of(table) if mood.affect is not None)


def mood(name: str) -> Mood:
    """The mood or theme called ``name``, whatever its case and spacing.

    Raises ``UnknownWordError`` naming the nearest tags.
    """
    found = _by_name().get(name.strip().lower())
    if found is None:
        raise UnknownWordError("mood", name, _by_name(), HINT)
    return found


def nearest_moods(affect: Affect, n: int, table: MoodTable | None = None) -> tuple[Mood, ...]:
    """The ``n`` true moods nearest to ``affect``, nearest first; never a theme. Of several in one
    place the first by name comes first."""
    near = sorted(placed_moods(table), key=lambda placed: affect.distance(placed[1]))
    return tuple(mood for mood, _ in near[:n])
