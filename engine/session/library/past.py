"""The sessions of a library as a history: each with what was done in it and how it felt."""

from __future__ import annotations

from engine.affect.circumplex import Affect
from engine.listener.history import Past
from engine.plan.spec import ClipKey
from engine.session.library.library import Library


def past_sessions(library: Library, limit: int = -1, before: str | None = None) -> tuple[Past, ...]:
    """The newest ``limit`` sessions (-1: all), the newest first; ``before``: of those older than
    it. Those that can't be read are left out and remarked. Raises ``MusmedError``."""
    rows = library.sessions(limit, before)
    events = library.events_of(rows)
    ids = [row.id for row in rows]
    felt, likings = library.listener.felt(ids), library.listener.likings(ids)
    offers = library.body.offers(ids)
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
            offers=offers[row.id],
        )
        for row in rows
    )


def past_session(library: Library, session: str) -> tuple[Past, dict[ClipKey, Affect]]:
    """One session, and of its clips where the meter placed them, by the last reading of each.
    Raises ``MusmedError`` where there is none."""
    stored = library.load(session)
    past = Past(
        id=session,
        name=stored.name,
        begun=stored.created,
        request=stored.request,
        events=stored.events,
        composer=stored.composer,
        state=stored.state,
        heard=stored.position,
        felt=library.listener.felt([session])[session],
        likings=library.listener.likings([session])[session],
        offers=stored.offers,
    )
    measured = {
        key: record.readings[-1].affect
        for key, record in stored.records.items()
        if record is not None and record.readings
    }
    return past, measured
