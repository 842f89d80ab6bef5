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
from engine.composers.musicgen.files.checkpoints import CONFIG, Checkpoint, find
from engine.errors import MusmedError
from engine.places import open_file, place_of
from engine.plan.generation import Generation, file_name
from engine.plan.request import Request
from engine.session.library.records import StoredSession
from engine.tensorfile import read_header

OPENING_BYTES = 32 * 1024 * 1024
"""An opening may have gigabytes, and is heard from its last minute only."""
_SAMPLES, _FEWEST, _SAMPLE_BYTES = 64, 4, 4096
"""Places in a checkpoint's weights that are read, shared by its files, and the bytes at each."""


def materials_of(request: Request, composer: str) -> dict[str, str]:
    """A digest (hex) of everything that ``composer`` makes a session of ``request`` of, by its
    place as the request has it, without an adapter's scale. What can't be read has none.

    Of an adapter and an opening it is the file's sha256; of an adapter with an affect prefix, that
    of both files'; of an opening over ``OPENING_BYTES``, that of its size and so many bytes of its
    end. Of a checkpoint (by the composer's name) it is
    that of config.json and, of every file of its weights, of header, size and samples: gigabytes
    are not read for it, so other weights of the same shape show unless they differ in very few
    places.
    """
    if not has_model(composer):
        return {}
    found = {}
    with contextlib.suppress(MusmedError, OSError):
        found[composer] = _checkpoint(find(composer))
    for place, files in _adapters(request.generation):
        with contextlib.suppress(OSError):
            found[place] = _together(files)
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


def _together(paths: tuple[Path, ...]) -> str:
    """The sha256 of a file that is alone, of several that of theirs."""
    digests = [_whole(path) for path in paths]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _whole(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _end(path: Path) -> str:
    size = path.stat().st_size
    if size <= OPENING_BYTES:
        return _whole(path)
    with open_file(path) as file:
        file.seek(size - OPENING_BYTES)
        digest = hashlib.sha256(b"%d " % size)
        digest.update(file.read(OPENING_BYTES))
    return digest.hexdigest()


def _checkpoint(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256((checkpoint.folder / CONFIG).read_bytes())
    samples = max(_FEWEST, _SAMPLES // len(checkpoint.weights))
    for path in checkpoint.weights:
        size, header = read_header(path)
        digest.update(b"%s %d " % (path.name.encode(), size))
        digest.update(header)
        with open_file(path) as file:
            for number in range(samples):
                file.seek(max(0, size - _SAMPLE_BYTES) * number // (samples - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
