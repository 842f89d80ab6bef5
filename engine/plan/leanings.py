"""What a listener leans to: P(instrument | mood) and P(genre | mood), bent by what they liked.

A Dirichlet update of each mood's row of MTG-Jamendo's statistics: the prior has ``strength``
pseudo-counts, spread as the row says, and what was liked adds to them. The counts stand in the
request, so that a session is made again the same whatever has been liked or forgotten since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.plan.spec import Players
from engine.plan.words import Distribution, tag_statistics

Kind = Literal["instrument", "genre"]

MOST = 1_000.0
"""Likes, or pseudo-counts."""
STRENGTH = 10.0
"""Pseudo-counts of the prior in each mood: ten likes there weigh as much as the 5,704 tracks of
MTG-Jamendo. musmed's choice: how far listeners differ from that catalogue is not known."""
WISH = 10.0
"""What 'more of this now' counts in every mood for the rest of its session: as much as the
catalogue. 'Less of this now' takes as many back."""

Count = Annotated[float, Meta(ge=-MOST, le=MOST)]
Counts = dict[str, dict[str, Count]]
"""Mood -> tag -> likes less dislikes."""


class Leanings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Likes less dislikes of each tag in each mood; what stands nowhere is 0."""

    strength: Annotated[float, Meta(gt=0, le=MOST)]
    """Pseudo-counts of the statistics, in each mood."""
    instruments: Counts = {}
    genres: Counts = {}


def wished(leanings: Leanings | None, wishes: Sequence[tuple[Players, bool]]) -> Leanings | None:
    """``leanings`` bent by wishes of this session, each for more of some players, or for less."""
    if not wishes:
        return leanings
    table, old = tag_statistics(), leanings or Leanings(strength=STRENGTH)
    instruments = {
        mood: dict(old.instruments.get(mood, {})) for mood in table.instrument_given_mood
    }
    genres = {mood: dict(old.genres.get(mood, {})) for mood in table.genre_given_mood}
    for players, more in wishes:
        by = WISH if more else -WISH
        for counts, tag in ((instruments, players.instrument), (genres, players.genre)):
            for row in counts.values():
                row[tag] = max(-MOST, min(MOST, row.get(tag, 0.0) + by))
    return Leanings(strength=old.strength, instruments=instruments, genres=genres)


def instruments_for(mood: str, leanings: Leanings | None) -> Distribution:
    """P(instrument | mood) for a listener."""
    table = tag_statistics()
    row = table.instrument_given_mood[mood]
    if leanings is None:
        return row
    return leaned(row, leanings.instruments.get(mood, {}), leanings.strength, table.instruments)


def genres_for(mood: str, leanings: Leanings | None) -> Distribution:
    """P(genre | mood) for a listener."""
    table = tag_statistics()
    row = table.genre_given_mood[mood]
    if leanings is None:
        return row
    return leaned(row, leanings.genres.get(mood, {}), leanings.strength, table.genres)


def leaned(
    row: Distribution, counts: Mapping[str, float], strength: float, known: Sequence[str]
) -> Distribution:
    """The posterior mean of ``row``; ``row`` itself where nothing was said of any tag of ``known``.

    A like is a count. A dislike takes one back; more dislikes than likes divide the tag's own
    pseudo-counts: once too many leaves half of them, twice a third, k times 1 / (1 + k). So what is
    rare is not silenced by one key, and nothing is ever silenced.
    """
    said = {tag: count for tag, count in counts.items() if count and tag in known}
    if not said:
        return row
    found: Distribution = {}
    for tag in sorted({*row, *said}):
        count = _count(strength * row.get(tag, 0.0), said.get(tag, 0.0))
        if count > 0.0:
            found[tag] = count
    total = sum(found.values())
    return {tag: count / total for tag, count in found.items()} if total > 0.0 else row


def _count(prior: float, more: float) -> float:
    """A tag's counts, with ``more`` likes than dislikes beside its pseudo-counts."""
    return prior + more if more >= 0.0 else prior / (1.0 - more)
