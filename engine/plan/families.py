"""Families: which players may take over from which, as measured of the embedded composer.

Two ensembles are of one *family* if at least half of the players of the larger stay; they are
neighbours if one player stays. How much an ensemble plays at an arousal is measured too
(scripts/measure_ensembles.py writes both), so that a change never works against the path.
"""

from __future__ import annotations

import functools
import importlib.resources
from typing import NamedTuple

import msgspec

from engine.affect.path import Path
from engine.plan.spec import Players

AROUSALS = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
LARGEST_STEP = 1.25
"""By how much denser or sparser new players may be."""
BEFORE_SECONDS = 20.0
AHEAD_SECONDS = 60.0
"""How far before and after the seconds in which a change may be made the path is looked at."""
_LOOK_SECONDS = 7.5
_STILL = 0.02
"""Of arousal: a path that moves less than this goes nowhere."""
_ALIKE = 1.03
"""How much denser or sparser is still neither, and ..."""
_STROKES = 0.25
"""... how many strokes of drums a second more or fewer are."""


class Played(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ensemble. ``players``: its instruments, a kit by its name; ``onsets``, ``notes`` and
    ``strokes`` (of drums) a second at each of ``AROUSALS``."""

    players: frozenset[str]
    onsets: tuple[float, ...]
    notes: tuple[float, ...]
    strokes: tuple[float, ...]


class Density(NamedTuple):
    """Onsets, notes and strokes a second."""

    onsets: float
    notes: float
    strokes: float


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``cells``: for each group of instruments and each of genres which of ``ensembles`` plays."""

    source: str
    arousals: tuple[float, ...]
    instruments: tuple[tuple[str, ...], ...]
    genres: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[int, ...], ...]
    ensembles: tuple[Played, ...]


@functools.cache
def _table() -> _Table:
    data = importlib.resources.files("engine.plan").joinpath("data/ensembles.json").read_bytes()
    return msgspec.json.decode(data, type=_Table)


@functools.cache
def _number(players: Players) -> int:
    """Of the ensemble that plays for two tags of MTG-Jamendo."""
    table = _table()
    row = next(k for k, tags in enumerate(table.instruments) if players.instrument in tags)
    column = next(k for k, tags in enumerate(table.genres) if players.genre in tags)
    return table.cells[row][column]


def played(players: Players) -> Played:
    """What is played for two tags of MTG-Jamendo."""
    return _table().ensembles[_number(players)]


def density(ensemble: Played, arousal: float) -> Density:
    """How much it plays, interpolated."""
    place = (arousal - AROUSALS[0]) / (AROUSALS[1] - AROUSALS[0])
    low = min(max(int(place), 0), len(AROUSALS) - 2)
    figures = (ensemble.onsets, ensemble.notes, ensemble.strokes)
    return Density(*(row[low] + (place - low) * (row[low + 1] - row[low]) for row in figures))


@functools.cache
def stay(one: Players, other: Players) -> float:
    """The share of the larger ensemble's players that stay in a change."""
    here, there = played(one).players, played(other).players
    return len(here & there) / max(len(here), len(there))


class Stretch(NamedTuple):
    """The path where a change may be made: the ``arousals`` at which that may be, and whether
    arousal ``falls`` and whether it ``rises`` around it."""

    arousals: tuple[float, ...]
    falls: bool
    rises: bool


def stretch(path: Path, not_before: float, not_after: float) -> Stretch:
    """Of a change that is made between two session seconds."""
    total = path.waypoints[-1].time

    def along(start: float, end: float) -> list[float]:
        count = max(1, round((end - start) / _LOOK_SECONDS))
        times = (start + (end - start) * k / count for k in range(count + 1))
        return [path.at(min(max(0.0, time), total)).arousal for time in times]

    around = along(not_before - BEFORE_SECONDS, not_after + AHEAD_SECONDS)
    return Stretch(
        arousals=tuple(along(not_before, not_after)),
        falls=any(b - min(around[k:]) > _STILL for k, b in enumerate(around)),
        rises=any(max(around[k:]) - b > _STILL for k, b in enumerate(around)),
    )


def may_follow(one: Players, other: Players, where: Stretch) -> bool:
    """Whether ``other`` may take over there from ``one``: nowhere much denser or sparser, no denser
    where arousal falls, no sparser where it rises."""
    return _follows(_number(one), _number(other), where)


@functools.lru_cache(maxsize=1_024)
def _follows(one: int, other: int, where: Stretch) -> bool:
    """``may_follow`` of two ensembles: many tags have the same, and a plan that is made again with
    an event more asks the same of nearly all places."""
    here, there = _table().ensembles[one], _table().ensembles[other]
    if here == there:
        return True
    return all(
        _goes(density(here, arousal), density(there, arousal), where) for arousal in where.arousals
    )


def _goes(here: Density, there: Density, where: Stretch) -> bool:
    more = max(_ratio(here.onsets, there.onsets), _ratio(here.notes, there.notes))
    less = max(_ratio(there.onsets, here.onsets), _ratio(there.notes, here.notes))
    drummed = there.strokes - here.strokes
    return (
        max(more, less) <= LARGEST_STEP
        and not (where.falls and (more > _ALIKE or drummed > _STROKES))
        and not (where.rises and (less > _ALIKE or drummed < -_STROKES))
    )


def _ratio(one: float, other: float) -> float:
    return other / one if one > 0.0 else (1.0 if other == 0.0 else float("inf"))
