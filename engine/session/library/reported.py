"""The sessions of a report: the past, and what is kept of how it sounded."""

from __future__ import annotations

import math
from collections.abc import Iterable

from engine.clip_record import ClipRecord
from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.report import Reported, Sounded
from engine.plan.generation import file_name
from engine.session.library.library import Library


def reported(library: Library, pasts: Iterable[Past]) -> tuple[Reported, ...]:
    """Each of ``pasts`` with its sound, the oldest first. Where a session's clips can't be read
    nothing is said of them."""
    return tuple(
        Reported(past, _sounded(library, past)) for past in sorted(pasts, key=lambda past: past.id)
    )


def _sounded(library: Library, past: Past) -> Sounded:
    try:
        stored = library.load(past.id)
    except MusmedError:
        return Sounded()
    records = [clip.record for clip in stored.clips.values() if clip.record is not None]
    names = {f"{file_name(record.composer)} version {record.version}" for record in records}
    heard = past.request.seconds if past.state == "finished" else past.heard
    end = library.meter.read_at_end(past.id, heard)
    return Sounded(_level(records), tuple(sorted(names)), end)


def _level(records: Iterable[ClipRecord]) -> float | None:
    """The mean of their powers, in LUFS."""
    powers = [10 ** (one.loudness / 10) for one in records if one.loudness is not None]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else None
