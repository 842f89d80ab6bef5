"""Mood tables that people might have signed off."""

from __future__ import annotations

from typing import Any

from engine.affect.categories import category_of
from engine.affect.circumplex import Affect
from engine.affect.mood_tables import FORMAT, SignedTable, SignedTag
from engine.affect.moods import MOODS, MoodTable, PlacedMood

CORNERS = {"epic": (0.6, 0.6), "love": (0.6, -0.6), "action": (-0.6, 0.6), "dark": (-0.6, -0.6)}


def table_of(places: dict[str, tuple[float, float]], name: str = "clinic") -> MoodTable:
    return MoodTable(name, tuple(PlacedMood(tag, Affect(*at)) for tag, at in places.items()))


def signed(**changes: Any) -> SignedTable:
    tags = {}
    for mood in MOODS:
        at = Affect(*CORNERS[mood.name]) if mood.name in CORNERS else None
        category = category_of(at)
        source = None if at is None else "raters"
        tags[mood.name] = SignedTag(category, at, source, {category.value: 2})  # type: ignore[arg-type]
    usual: dict[str, Any] = {
        "format": FORMAT,
        "name": "clinic",
        "signed": "a therapist",
        "date": "2026-11-29",
        "raters": 2,
        "kappa": 0.5,
        "tags": tags,
    }
    return SignedTable(**usual | changes)
