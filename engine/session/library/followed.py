"""How far a course was followed: its sessions in the library."""

from __future__ import annotations

from engine.listener.course import Heard
from engine.session.library.library import Library


def heard_of(library: Library, title: str) -> tuple[Heard, ...]:
    """Each session that was begun for a step of the course called ``title``, the oldest first.
    Raises ``MusmedError``."""
    steps = {one.session: one.step for one in library.courses.begun() if one.course == title}
    if not steps:
        return ()
    return tuple(
        Heard(
            step=steps[row.id],
            session=row.id,
            begun=row.created,
            heard=row.request.seconds if row.state == "finished" else row.position,
            total=row.request.seconds,
        )
        for row in reversed(library.sessions(-1))
        if row.id in steps
    )
