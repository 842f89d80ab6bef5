"""The listener's own files that a session is made of: kept is what they were, not only where.

An adapter changes every code, an opening those of the first clip, from which all others follow.
Both lie outside the library, under a place that the request names; another file may lie there
when the session goes on or is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from engine.composers.base import has_model
from engine.composers.musicgen.adapters import adapter_file, parse_adapter
from engine.errors import MusmedError
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.session.stored import StoredSession


def materials_of(request: Request, composer: str) -> dict[str, str]:
    """The sha256 (hex) of each file that ``composer`` makes a session of ``request`` of, by its
    place as the request has it, without an adapter's scale. What can't be read has none."""
    if not has_model(composer):
        return {}
    found = {}
    for place, file in _files(request.generation):
        try:
            with file.open("rb") as opened:
                found[place] = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:
            continue
    return found


def changed_materials(session: StoredSession, composer: str) -> tuple[str, ...]:
    """The places where other files lie now than when ``session`` was begun, as far as they matter
    to what ``composer`` still composes of it: an opening matters until the first clip is kept.
    Nothing is known of sessions older than this record."""
    now = materials_of(session.request, composer)
    opening = session.request.generation.opening
    begun = any(key.index == 0 for key in session.clips)
    return tuple(
        place
        for place, digest in session.materials.items()
        if now.get(place, digest) != digest and not (begun and place == opening)
    )


def _files(generation: Generation) -> Iterator[tuple[str, Path]]:
    for adapter in generation.adapters:
        place = parse_adapter(adapter).source
        try:
            yield place, adapter_file(place)
        except MusmedError:
            continue  # who composes will say so
    if generation.opening is not None:
        yield generation.opening, Path(generation.opening).expanduser()
