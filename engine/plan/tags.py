"""The tags of a clip: mood and emotion from its affect, instrument and genre from drift."""

from __future__ import annotations

import itertools

from engine.affect.circumplex import Affect
from engine.affect.feelings import nearest_feelings
from engine.affect.moods import MoodTable, nearest_moods, placed_moods
from engine.affect.path import Path

MOOD_MARGIN = 0.08
"""A neighbouring mood must be nearer by this before it takes over from the clip before."""
WORD_RADIUS = 0.1
"""Within this of the listener's start or target a clip carries the listener's own word."""

NEUTRAL_RADIUS = 0.2
"""Only within this of the middle does music feel 'neutral'; further out it leans somewhere."""


def mean_affect(path: Path, start: float, end: float) -> Affect:
    """The time average of the affect over [start, end] session seconds."""
    points = path.segment(start, end).waypoints
    valence = arousal = 0.0
    for a, b in itertools.pairwise(points):
        half = (b.time - a.time) / 2
        valence += half * (a.affect.valence + b.affect.valence)
        arousal += half * (a.affect.arousal + b.affect.arousal)
    span = end - start
    return Affect(_on_plane(valence / span), _on_plane(arousal / span))


def mood_of(affect: Affect, before: str | None, table: MoodTable | None) -> str:
    """The nearest true mood of ``table`` (None: musmed's own); the mood of the clip before stays
    until another is clearly nearer."""
    nearest = nearest_moods(affect, 1, table)[0]
    kept = next((place for mood, place in placed_moods(table) if mood.name == before), None)
    if kept is None or nearest.affect is None or before is None:
        return nearest.name
    if affect.distance(kept) - affect.distance(nearest.affect) <= MOOD_MARGIN:
        return before
    return nearest.name


def emotion_of(affect: Affect, said: tuple[tuple[Affect, str | None], ...]) -> str:
    """The first of the listener's own words that lies within reach, else the nearest feeling."""
    for place, word in said:
        if word is not None and affect.distance(place) <= WORD_RADIUS:
            return word
    middle = Affect(0.0, 0.0)
    near = nearest_feelings(affect, 2)
    if near[0].affect == middle and affect.distance(middle) > NEUTRAL_RADIUS:
        return near[1].word
    return near[0].word


def _on_plane(x: float) -> float:
    return min(max(x, -1.0), 1.0)
