"""Changes of players in a score, from its notes: who comes, who goes, when, and what that does.

A player is a track (percussion is one). A player's *stay* lasts while no more than ``ABSENT``
seconds pass without an onset of theirs; one that is shorter than ``GUEST_SECONDS`` or has fewer
than ``GUEST_NOTES`` onsets is a guest's and no change. A stay's first onset is an entrance, its
last note's end an exit, but for those of the session's own beginning and end. Entrances and exits
within ``TOGETHER`` seconds are one change: of the band, if two of them are in it or it is about
who sings or drums, else of a colour.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.evaluation.notes import Piece, ScoreNote

ABSENT = 30.0
GUEST_SECONDS = 8.0
GUEST_NOTES = 4
TOGETHER = 8.0
BEGINNING = 25.0
"""Seconds in which the band assembles; also those before the last note in which it leaves."""
DRUMS = -1
"""The player that all percussion is."""
SIDE = 8.0
"""Seconds before and after a change that are compared."""
PATH_SIDE = 20.0
"""Seconds before and after a change between which the path's way is looked at."""
STILL = 0.02
"""Of arousal: a path that moves less than this there goes nowhere."""
MARGIN = 1.1
"""How much more or fewer onsets are still no more or fewer."""
STROKES = 0.5
"""Strokes a second by which drums may grow where arousal falls."""


class Event(NamedTuple):
    """A player comes or goes at ``second``."""

    second: float
    player: int
    enters: bool


class Change(NamedTuple):
    """Events of one moment: the first entrance, else the last exit. ``band``: more than a
    colour."""

    second: float
    events: tuple[Event, ...]
    band: bool

    @property
    def enters(self) -> bool:
        """Whether anybody comes."""
        return any(event.enters for event in self.events)


def players(piece: Piece) -> dict[int, list[ScoreNote]]:
    """The notes of each player, in their order."""
    made: dict[int, list[ScoreNote]] = defaultdict(list)
    for note in piece.notes:
        made[note.track].append(note)
    if piece.drums:
        made[DRUMS] = list(piece.drums)
    return {player: sorted(notes, key=lambda n: n.onset_s) for player, notes in made.items()}


def changes(piece: Piece, line: Sequence[ScoreNote]) -> list[Change]:
    """The changes of a score whose melody is ``line``, in their order."""
    found = sorted(itertools.chain.from_iterable(_events(piece)))
    made: list[Change] = []
    for event in found:
        if made and event.second - made[-1].events[0].second <= TOGETHER:
            made[-1] = made[-1]._replace(events=(*made[-1].events, event))
        else:
            made.append(Change(event.second, (event,), band=False))
    return [_judged(change, line) for change in made]


def _events(piece: Piece) -> list[list[Event]]:
    until = max((note.onset_s for note in (*piece.notes, *piece.drums)), default=0.0)
    made = []
    for player, notes in players(piece).items():
        events = []
        for stay in _stays(notes):
            if stay[0].onset_s > BEGINNING:
                events.append(Event(stay[0].onset_s, player, enters=True))
            ends = max(note.end_s for note in stay)
            if stay[-1].onset_s < until - ABSENT:
                events.append(Event(ends, player, enters=False))
        made.append(events)
    return made


def _stays(notes: Sequence[ScoreNote]) -> list[list[ScoreNote]]:
    stays: list[list[ScoreNote]] = []
    for note in notes:
        if stays and note.onset_s - stays[-1][-1].onset_s <= ABSENT:
            stays[-1].append(note)
        else:
            stays.append([note])
    return [
        stay
        for stay in stays
        if len(stay) >= GUEST_NOTES and stay[-1].onset_s - stay[0].onset_s >= GUEST_SECONDS
    ]


def _judged(change: Change, line: Sequence[ScoreNote]) -> Change:
    entrances = [event.second for event in change.events if event.enters]
    second = min(entrances) if entrances else max(event.second for event in change.events)
    who = {event.player for event in change.events}
    singers = {_singer(line, second - SIDE, second), _singer(line, second, second + SIDE)}
    sings = len(singers - {None}) == 2 and bool(singers & who)
    return Change(second, change.events, len(change.events) > 1 or DRUMS in who or sings)


def _singer(line: Sequence[ScoreNote], start: float, end: float) -> int | None:
    counted = Counter(note.track for note in line if start <= note.onset_s < end)
    return counted.most_common(1)[0][0] if counted else None


def at_section(piece: Piece, change: Change, starts: Sequence[float]) -> bool:
    """Whether a change is at a section's start: who comes does so within its first bar, or at most
    a quarter of a bar before it (a pick-up); where somebody only goes, it begins within a bar of
    the end of their last note."""
    lines = [bar.start_s for bar in piece.bars]
    here = piece.bars[max(0, bisect.bisect_right(lines, change.second) - 1)]
    bar = here.end_s - here.start_s
    early = 0.25 if change.enters else 1.0
    return any(-early * bar <= change.second - start < bar for start in starts)


class Density(NamedTuple):
    """Onsets a second (those within 30 ms are one), notes a second, strokes a second."""

    onsets: float
    notes: float
    strokes: float


def density(piece: Piece, start: float, end: float) -> Density:
    """Of [start, end) seconds; drums count as notes."""
    pitched = [n.onset_s for n in piece.notes if start <= n.onset_s < end]
    strokes = [n.onset_s for n in piece.drums if start <= n.onset_s < end]
    times = sorted([*pitched, *strokes])
    apart = [
        time for before, time in zip([-1.0, *times], times, strict=False) if time - before > 0.03
    ]
    seconds = max(end - start, 1e-9)
    return Density(len(apart) / seconds, len(times) / seconds, len(strokes) / seconds)


class Effect(NamedTuple):
    """What a moment does: how many times as many onsets (or notes) there are on its denser side,
    at least 1; whether they go against the path's arousal, None where that goes nowhere."""

    onsets: float
    notes: float
    against: bool | None


def effect(piece: Piece, second: float, arousal: Callable[[float], float]) -> Effect:
    """Of a change at ``second``: ``SIDE`` seconds before and after it, beside the path's
    ``arousal`` at a session second."""
    before = density(piece, second - SIDE, second - 0.05)
    after = density(piece, second - 0.05, second + SIDE)
    way = arousal(second + PATH_SIDE) - arousal(second - PATH_SIDE)
    against: bool | None = None
    if abs(way) >= STILL:
        denser = after.onsets > MARGIN * before.onsets
        thinner = before.onsets > MARGIN * after.onsets
        drummed = after.strokes - before.strokes
        against = (denser or drummed > STROKES) if way < 0 else (thinner or drummed < -STROKES)
    return Effect(_ratio(before.onsets, after.onsets), _ratio(before.notes, after.notes), against)


def _ratio(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return high / low if low > 0 else (1.0 if high == 0 else float("inf"))
