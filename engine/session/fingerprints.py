"""What a session is made of beside the request: kept is what it was, not only where.

An adapter changes every code, and so do the model's own weights; an opening changes those of the
first clip, from which all others follow. They lie outside the library, under a place that the
request names; something else may lie there when the session goes on or is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from engine.composers.base import has_model
from engine.composers.musicgen.files.adapters import adapter_files, parse_adapter
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.digests import (
    checkpoint_digest,
    digest_together,
    file_digest,
)
from engine.errors import MusmedError
from engine.places import open_file, place_of
from engine.plan.generation import Generation, file_name
from engine.plan.request import Request
from engine.session.library.records import StoredSession

OPENING_BYTES = 32 * 1024 * 1024
"""An opening may have gigabytes, and is heard from its last minute only."""


def materials_of(request: Request, composer: str) -> dict[str, str]:
    """A digest (hex) of everything that ``composer`` makes a session of ``request`` of, by its
    place as the request has it, without an adapter's scale. What can't be read has none.

    Of an adapter and an opening it is the file's sha256; of an adapter with an affect prefix, that
    of both files'; of an opening over ``OPENING_BYTES``, that of its size and so many bytes of its
    end. Of a checkpoint (by the composer's name) it is its ``checkpoint_digest``.
    """
    if not has_model(composer):
        return {}
    found = {}
    with contextlib.suppress(MusmedError, OSError):
        found[composer] = checkpoint_digest(find(composer))
    for place, files in _adapters(request.generation):
        with contextlib.suppress(OSError):
            found[place] = digest_together(files)
    opening = request.generation.opening
    if opening is not None:
        with contextlib.suppress(MusmedError, OSError):
            found[opening] = _end(place_of(opening, "opening"))
    return found


def changed_materials(session: StoredSession, composer: str) -> tuple[str, ...]:
    """The places where something else lies now than when ``session`` was begun, as far as that
    matters to what ``composer`` still composes of it: an opening matters until the first clip is
    kept. Nothing is known of sessions older than this record."""
    now = materials_of(session.request, composer)
    opening = session.request.generation.opening
    begun = any(key.index == 0 for key in session.clips)
    return tuple(
        place
        for place, digest in session.materials.items()
        if now.get(place, digest) != digest and not (begun and place == opening)
    )


def said_of(place: str, composer: str) -> str:
    """What is said of one of the ``changed_materials``, without an end."""
    if place == composer:
        return f"The model {file_name(place)} is not the one that this session was begun with"
    if not PurePath(place).is_absolute():  # openings lie at paths; a name or a hub repository
        return f"The adapter {place} is not the one that this session was begun with"
    return f"{file_name(place)} is not the file that this session was begun with"


def _adapters(generation: Generation) -> Iterator[tuple[str, tuple[Path, ...]]]:
    for adapter in generation.adapters:
        place = parse_adapter(adapter).source
        try:
            yield place, adapter_files(place)
        except MusmedError:
            continue  # who composes will say so


def _end(path: Path) -> str:
    size = path.stat().st_size
    if size <= OPENING_BYTES:
        return file_digest(path)
    with open_file(path) as file:
        file.seek(size - OPENING_BYTES)
        digest = hashlib.sha256(b"%d " % size)
        digest.update(file.read(OPENING_BYTES))
    return digest.hexdigest()
