"""The sessions of a library as a history: each with what was done in it and how it felt."""

from __future__ import annotations

from engine.listener.history import Past
from engine.session.library.library import Library


def past_sessions(library: Library, limit: int = -1) -> tuple[Past, ...]:
    """The newest ``limit`` sessions (-1: all), the newest first. Those that can't be read are left
    out and remarked. Raises ``MusmedError``."""
    rows = library.sessions(limit)
    events = library.events_of(rows)
    ids = [row.id for row in rows]
    felt, likings = library.listener.felt(ids), library.listener.likings(ids)
    return tuple(
        Past(
            id=row.id,
            name=row.name,
            begun=row.created,
            request=row.request,
            events=events[row.id],
            composer=row.composer,
            state=row.state,
            heard=row.position,
            felt=felt[row.id],
            likings=likings[row.id],
        )
        for row in rows
    )
