"""What was learned of a listener's likes: from what, in words, and as a request takes it. Pure.

Counts are likes and dislikes of an instrument or a genre in a mood. For the plan they are spread
over the moods nearby (a like when it is calm says something of 'relaxing' too), by how near the
moods lie on the plane.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from engine.affect.moods import placed_moods
from engine.listener.likings import Liking
from engine.plan.leanings import MOST, STRENGTH, Counts, Kind, Leanings, leaned
from engine.plan.words import Distribution, spelled, tag_statistics

SPREAD = 0.3
"""A like counts in a mood at a distance d on the plane as exp(-(d / SPREAD)^2 / 2); the moods lie
some 0.1 to 0.4 from their neighbours ..."""
LEAST = 0.05
"""... and under this not at all."""
_DIGITS = 4


class Key(NamedTuple):
    """An instrument or a genre in a mood."""

    kind: Kind
    mood: str
    tag: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the listener has set by hand: so often liked and disliked, in place of what was counted
    until then."""

    kind: Kind
    mood: str
    tag: str
    liked: int
    disliked: int
    given: datetime | None = None

    @property
    def key(self) -> Key:
        return Key(self.kind, self.mood, self.tag)


class Counted(msgspec.Struct, frozen=True):
    """A liking, and whether it still counts for its instrument and for its genre."""

    liking: Liking
    by_instrument: bool = True
    by_genre: bool = True


class Evidence(msgspec.Struct, frozen=True):
    """All that the library knows of a listener's likes."""

    counted: tuple[Counted, ...] = ()
    told: tuple[Told, ...] = ()


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """One preference, and what it comes from. ``told``: some of it was set by hand. ``share`` of
    the tag in its mood in MTG-Jamendo, and ``leaned`` with all that was learned."""

    kind: Kind
    mood: str
    tag: str
    liked: int
    disliked: int
    last: datetime | None
    told: bool
    share: float = 0.0
    leaned: float = 0.0

    @property
    def key(self) -> Key:
        return Key(self.kind, self.mood, self.tag)


class _Sum:
    def __init__(self) -> None:
        self.liked = self.disliked = 0
        self.last: datetime | None = None
        self.told = False

    def add(self, liked: int, disliked: int, when: datetime | None) -> None:
        self.liked += liked
        self.disliked += disliked
        if when is not None and (self.last is None or when > self.last):
            self.last = when


def learned(evidence: Evidence) -> tuple[Learned, ...]:
    """Each preference there is something to say of, the most said first."""
    sums: dict[Key, _Sum] = {}
    for one in evidence.told:
        found = sums.setdefault(one.key, _Sum())
        found.add(one.liked, one.disliked, one.given)
        found.told = True
    for counted in evidence.counted:
        liking = counted.liking
        for key in _keys(counted):
            sums.setdefault(key, _Sum()).add(liking.liked, not liking.liked, liking.given)
    said = {key: one for key, one in sums.items() if one.liked or one.disliked}
    leanings = leanings_from({key: one.liked - one.disliked for key, one in said.items()})
    found_all = [
        Learned(
            kind=key.kind,
            mood=key.mood,
            tag=key.tag,
            liked=one.liked,
            disliked=one.disliked,
            last=one.last,
            told=one.told,
            share=_row(key).get(key.tag, 0.0),
            leaned=_leaned_row(key, leanings).get(key.tag, 0.0),
        )
        for key, one in said.items()
    ]
    return tuple(sorted(found_all, key=lambda one: (-one.liked - one.disliked, one.key)))


def leanings_of(preferences: Iterable[Learned]) -> Leanings | None:
    """As a request takes it; None where nothing leans anywhere."""
    return leanings_from({one.key: one.liked - one.disliked for one in preferences})


def in_words(one: Learned, day: str) -> str:
    """'piano more often when calm: liked 7 times, last on 12 Nov.' ``day``: that of the last time,
    '' where it is not known."""
    more = one.liked - one.disliked
    how = "more often" if more > 0 else "less often" if more < 0 else "as often as ever"
    times = " and ".join(
        said for said in (_times("liked", one.liked), _times("disliked", one.disliked)) if said
    )
    hand = ", some of it set by hand" if one.told else ""
    last = f", last on {day}" if day else ""
    return f"{spelled(one.tag)} {how} when {one.mood}: {times}{hand}{last}"


def _times(word: str, count: int) -> str:
    if not count:
        return ""
    return f"{word} {('once', 'twice')[count - 1] if count < 3 else f'{count} times'}"


def _keys(counted: Counted) -> Iterable[Key]:
    liking = counted.liking
    if counted.by_instrument and liking.instrument in tag_statistics().instruments:
        yield Key("instrument", liking.mood, liking.instrument)
    if counted.by_genre and liking.genre in tag_statistics().genres:
        yield Key("genre", liking.mood, liking.genre)


def kind_of(tag: str) -> Kind | None:
    """Whether a tag is an instrument or a genre; None for neither."""
    table = tag_statistics()
    if tag in table.instruments:
        return "instrument"
    return "genre" if tag in table.genres else None


def leanings_from(more: Mapping[Key, int]) -> Leanings | None:
    """As a request takes it, of how much ``more`` often each was liked than disliked; None where
    nothing leans anywhere."""
    counts: dict[Kind, Counts] = {"instrument": {}, "genre": {}}
    for key in sorted(more):
        for mood, share in _near(key.mood).items() if more[key] else ():
            of = counts[key.kind].setdefault(mood, {})
            of[key.tag] = of.get(key.tag, 0.0) + more[key] * share
    tidy = {kind: _tidy(one) for kind, one in counts.items()}
    if not any(tidy.values()):
        return None
    return Leanings(strength=STRENGTH, instruments=tidy["instrument"], genres=tidy["genre"])


def _tidy(counts: Counts) -> Counts:
    """Rounded and bounded, without what is 0."""
    rounded = {
        mood: {
            tag: round(min(max(count, -MOST), MOST), _DIGITS)
            for tag, count in sorted(of.items())
            if round(count, _DIGITS)
        }
        for mood, of in sorted(counts.items())
    }
    return {mood: of for mood, of in rounded.items() if of}


def _near(mood: str) -> dict[str, float]:
    """How much a like in ``mood`` counts in each mood; in one that has no place only in itself."""
    places = {one.name: place for one, place in placed_moods(None)}
    here = places.get(mood)
    if here is None:
        return {mood: 1.0} if mood in tag_statistics().instrument_given_mood else {}
    shares = {
        name: math.exp(-((here.distance(place) / SPREAD) ** 2) / 2)
        for name, place in places.items()
    }
    return {name: share for name, share in shares.items() if share >= LEAST}


def _row(key: Key) -> Distribution:
    table = tag_statistics()
    rows = table.instrument_given_mood if key.kind == "instrument" else table.genre_given_mood
    return rows.get(key.mood, {})


def _leaned_row(key: Key, leanings: Leanings | None) -> Distribution:
    row = _row(key)
    if leanings is None:
        return row
    counts = leanings.instruments if key.kind == "instrument" else leanings.genres
    return leaned(row, counts.get(key.mood, {}), leanings.strength, _known(key.kind))


def _known(kind: Kind) -> Sequence[str]:
    table = tag_statistics()
    return table.instruments if kind == "instrument" else table.genres
