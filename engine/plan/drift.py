"""Drift: how instrument and genre are chosen and how they change (the paper's temperature)."""

from __future__ import annotations

import hashlib

import msgspec

from engine.plan.request import Request
from engine.plan.words import Distribution, tag_statistics

DRIFT_SECONDS = 90.0
"""Instrument or genre change at most once in so long."""
NOT_CHOSEN = frozenset({"voice"})
"""musmed composes instrumental music: a voice is heard only when it is pinned."""


class Ensemble(msgspec.Struct, frozen=True):
    """What plays: instrument and genre, and the session seconds of their last change."""

    instrument: str
    genre: str
    since: float


def first_ensemble(request: Request, start_mood: str, target_mood: str) -> Ensemble:
    """The session's first ensemble: drawn from what goes with its first and last mood, half
    and half, so that it fits both ends of the path. Pinned tags stand."""
    table = tag_statistics()
    drawn_instrument = _draw(
        _blend(table.instrument_given_mood, start_mood, target_mood),
        _uniform(request.seed, 0, "instrument"),
    )
    drawn_genre = _draw(
        _blend(table.genre_given_mood, start_mood, target_mood),
        _uniform(request.seed, 0, "genre"),
    )
    return Ensemble(request.instrument or drawn_instrument, request.genre or drawn_genre, 0.0)


def drifted(ensemble: Ensemble, request: Request, index: int, time: float, mood: str) -> Ensemble:
    """The ensemble of clip ``index``, which starts at ``time`` in ``mood``, after ``ensemble``.

    When 90 s have gone by since the last change, with the request's temperature as its chance
    one of those not pinned, instrument or genre, changes to another that goes with ``mood``.
    Depends on the seed and the index, not on what was drawn for other clips.
    """
    free = [
        kind
        for kind, pinned in (("instrument", request.instrument), ("genre", request.genre))
        if pinned is None
    ]
    if not free or time - ensemble.since < DRIFT_SECONDS:
        return ensemble
    if _uniform(request.seed, index, "chance") >= request.temperature:
        return ensemble
    kind = free[int(_uniform(request.seed, index, "which") * len(free))]
    table, place = tag_statistics(), _uniform(request.seed, index, kind)
    if kind == "instrument":
        others = _without(table.instrument_given_mood[mood], ensemble.instrument)
        return Ensemble(_draw(others, place), ensemble.genre, time)
    others = _without(table.genre_given_mood[mood], ensemble.genre)
    return Ensemble(ensemble.instrument, _draw(others, place), time)


def _blend(table: dict[str, Distribution], a: str, b: str) -> Distribution:
    tags = sorted(table[a].keys() | table[b].keys())
    return {tag: table[a].get(tag, 0.0) + table[b].get(tag, 0.0) for tag in tags}


def _without(row: Distribution, tag: str) -> Distribution:
    return {other: p for other, p in row.items() if other != tag}


def _draw(row: Distribution, place: float) -> str:
    """The tag at ``place`` in [0, 1) of the distribution, weights in any scale."""
    items = [(tag, p) for tag, p in sorted(row.items()) if tag not in NOT_CHOSEN]
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
