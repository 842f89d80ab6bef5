"""Drift: who plays first, and how players and genre change (the paper's temperature).

Drawn from P(instrument | mood) and P(genre | mood) in MTG-Jamendo, bent by what the listener leans
to (``leanings``), among what can be reached from who plays now (``families``) and does not work
against the path.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Sequence

import msgspec

from engine.plan.families import Stretch, may_follow, stay
from engine.plan.leanings import genres_for, instruments_for
from engine.plan.request import Request
from engine.plan.spec import Players
from engine.plan.words import Distribution, tag_statistics

NOT_CHOSEN = frozenset({"voice"})
"""musmed composes instrumental music: a voice is heard only when it is pinned."""
PERCUSSION = frozenset({"drums", "drummachine", "beat", "percussion", "bongo"})
"""What nobody plays where a request turns percussion off."""
FAMILY = 0.5
"""The share of the players that stays in a change within a family."""
_NEIGHBOUR = 0.1
"""The least share that stays where the family is left: of up to ten players one."""
_SURPRISE = 0.25
"""At temperature 1 one change in so many goes to a neighbouring family."""


class Place(msgspec.Struct, frozen=True):
    """Where a change may begin: with clip ``index``, in ``mood`` on the way to the mood ``goal``.
    ``steered``: the path has been steered since the last change."""

    index: int
    mood: str
    goal: str
    steered: bool
    stretch: Stretch


def first_players(request: Request, start_mood: str, target_mood: str) -> Players:
    """Who plays first: drawn from what goes with the session's first and last mood, with both of
    them, and an instrument and a genre that belong together. Pinned tags stand."""
    return _chosen(request, *_both_rows(request, start_mood, target_mood))


def changed(now: Sequence[Players], request: Request, place: Place) -> Players | None:
    """Who plays from ``place`` on after those of ``now`` (one of them plays; the first, if nothing
    came between), or None where nobody changes.

    With the request's temperature as its chance an instrument or a genre that is not pinned gives
    way to another that goes with the mood, within the family; more rarely, the warmer the oftener,
    both to those of a neighbouring family. After a steer both to what goes with where the path is
    and where it goes now. Depends on the seed and the index, not on what was drawn for other clips.
    """
    if _uniform(request.seed, place.index, "chance") >= request.temperature:
        return None
    if place.steered:
        both = _both_rows(request, place.mood, place.goal)
        return _one_of(now, _weighted(request, *both), (0.0, 1.0), request.seed, place)
    weights = _weighted(request, *_rows(request, place.mood))
    surprised = _uniform(request.seed, place.index, "surprise")
    if surprised < _SURPRISE * request.temperature**2:
        found = _one_of(now, weights, (_NEIGHBOUR, FAMILY), request.seed, place)
        if found is not None:
            return found
    kinds = [_instrument, _genre]
    if _uniform(request.seed, place.index, "which") < 0.5:
        kinds.reverse()
    # Tags for which the same players play are changed only where no others are in reach.
    for audible, changes in itertools.product((True, False), kinds):
        one = {
            players: w
            for players, w in weights.items()
            if changes(now[0], players) and (stay(now[0], players) < 1.0) == audible
        }
        found = _one_of(now, one, (FAMILY, 1.0), request.seed, place)
        if found is not None:
            return found
    return None


def instead(now: Sequence[Players], request: Request, place: Place) -> Players | None:
    """Who takes over from ``place`` on because less of ``now`` is wanted: with another instrument
    if none is pinned, else of another genre, and heard to be others; first from the family, then
    from a neighbouring one, then whoever goes with the path. None where nobody may."""
    pinned = request.instrument is not None
    weights = {
        players: w
        for players, w in _weighted(request, *_rows(request, place.mood)).items()
        if all(
            (players.genre != one.genre if pinned else players.instrument != one.instrument)
            and stay(one, players) < 1.0
            for one in now
        )
    }
    for shares in ((FAMILY, 1.0), (_NEIGHBOUR, 1.0), (0.0, 1.0)):
        found = _one_of(now, weights, shares, request.seed, place)
        if found is not None:
            return found
    return None


def _instrument(now: Players, other: Players) -> bool:
    """Whether only the instrument is another."""
    return now.genre == other.genre and now.instrument != other.instrument


def _genre(now: Players, other: Players) -> bool:
    """Whether only the genre is another."""
    return now.instrument == other.instrument and now.genre != other.genre


def _weighted(
    request: Request, instruments: Distribution, genres: Distribution
) -> dict[Players, float]:
    """All who may be drawn, with their weights."""
    pairs = itertools.product(
        _may_be(instruments, request.instrument).items(), _may_be(genres, request.genre).items()
    )
    return {
        (players := Players(instrument, genre)): p * q * _belong(players)
        for (instrument, p), (genre, q) in pairs
    }


def _one_of(
    now: Sequence[Players],
    weights: dict[Players, float],
    shares: tuple[float, float],
    seed: int,
    place: Place,
) -> Players | None:
    """Others who may play there, of whom a share within ``shares`` plays now; None where nobody
    may."""
    least, most = shares
    found = {
        f"{players.instrument} {players.genre}": players
        for players, weight in weights.items()
        if weight > 0.0
        and players not in now
        and all(
            least <= stay(one, players) <= most and may_follow(one, players, place.stretch)
            for one in now
        )
    }
    if not found:
        return None
    row = {name: weights[players] for name, players in found.items()}
    return found[_draw(row, _uniform(seed, place.index, "players"))]


def _may_be(row: Distribution, pinned: str | None) -> Distribution:
    """What may be drawn: the pinned tag alone, else all but what is not chosen."""
    if pinned is not None:
        return {pinned: 1.0}
    return {tag: p for tag, p in row.items() if tag not in NOT_CHOSEN}


def _chosen(request: Request, instruments: Distribution, genres: Distribution) -> Players:
    """First the instrument, then a genre that it belongs to."""
    instruments = _may_be(instruments, request.instrument)
    if request.genre is not None:
        instruments = {
            tag: p * _belong(Players(tag, request.genre)) for tag, p in instruments.items()
        }
    instrument = _draw(instruments, _uniform(request.seed, 0, "instrument"))
    genres = {
        tag: p * _belong(Players(instrument, tag))
        for tag, p in _may_be(genres, request.genre).items()
    }
    return Players(instrument, _draw(genres, _uniform(request.seed, 0, "genre")))


@functools.cache
def _belong(players: Players) -> float:
    """How many times as often instrument and genre come together as they would by chance."""
    table = tag_statistics()
    return table.instrument_lift[players.genre][table.instruments.index(players.instrument)]


def _rows(request: Request, mood: str) -> tuple[Distribution, Distribution]:
    """Instruments and genres that go with a mood, for who asks."""
    instruments = instruments_for(mood, request.leanings)
    wanted = {tag: p for tag, p in instruments.items() if not unwanted(request, tag)}
    return wanted, genres_for(mood, request.leanings)


def unwanted(request: Request, instrument: str) -> bool:
    """Whether a tag is percussion where that is off."""
    gentle = request.gentle
    return gentle is not None and gentle.percussion is not None and instrument in PERCUSSION


def _both_rows(request: Request, a: str, b: str) -> tuple[Distribution, Distribution]:
    """Those that go with two moods."""
    one, other = _rows(request, a), _rows(request, b)
    return _both(one[0], other[0]), _both(one[1], other[1])


def _both(one: Distribution, other: Distribution) -> Distribution:
    """What goes with both moods: the geometric mean; where nothing does, what goes with either."""
    found = {tag: math.sqrt(one[tag] * other[tag]) for tag in sorted(one.keys() & other.keys())}
    if not found.keys() - NOT_CHOSEN:
        return {tag: one.get(tag, 0.0) + other.get(tag, 0.0) for tag in sorted({*one, *other})}
    return found


def _draw(row: Distribution, place: float) -> str:
    """The tag at ``place`` in [0, 1) of the distribution, weights in any scale."""
    items = sorted(row.items())
    left = place * sum(p for _, p in items)
    for tag, p in items:
        left -= p
        if left < 0:
            return tag
    return items[-1][0]


def _uniform(seed: int, index: int, purpose: str) -> float:
    """A number in [0, 1) that belongs to (seed, index, purpose): the same on every machine."""
    digest = hashlib.blake2b(f"drift:{seed}:{index}:{purpose}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
