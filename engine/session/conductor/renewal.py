"""What is said where a kept session goes on otherwise than it was made: by another version of its
composer, or with other sounds. What is kept of it stays as it is."""

from __future__ import annotations

from engine.composers.base import EMBEDDED
from engine.composers.synthesis import spoken
from engine.record_in_short import RecordInShort
from engine.session.conductor.clip_composers import ComposedBy
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.state import ConductorState


def begins_anew(before: RecordInShort | None, composer: str, version: int) -> bool:
    """Whether ``composer`` begins a piece of its own after a clip with the record ``before``: it is
    the embedded composer, in another ``version``."""
    if before is None or not before.composer == EMBEDDED == composer:
        return False
    return before.version != version > 0


def said_of_renewal(
    state: ConductorState, source: ClipState | None, known: ComposedBy | None, start: float
) -> str:
    """A sentence on the clip from ``start`` session seconds on, which is about to be composed from
    ``source``; '' where all is as it was. ``known``: who composed it before, if anybody did.

    MusicGen's versions need none: whichever it is goes on from the codes of another.
    """
    if state.composer != EMBEDDED:
        return ""
    when, now = f"from {int(start // 60)}:{int(start % 60):02d} on", state.version
    record = source.record if source is not None else None
    if record is None or record.composer != EMBEDDED:
        if source is None and known is not None and 0 < known.version != now > 0:
            return (
                f"Version {known.version} of the embedded composer made this session; {when} "
                f"version {now} composes it again, and it is another piece."
            )
        return ""
    if begins_anew(record, state.composer, now):
        return (
            f"Version {record.version} of the embedded composer made what comes before; {when} "
            f"version {now} composes, and begins a piece of its own."
        )
    if record.synthesis == state.synthesis != state.sounds and state.sounds and not state.otherwise:
        before, after = spoken(record.synthesis), spoken(state.sounds)
        if before == after:
            before, after = f"{before} of an earlier version", "that of this one"
        return f"What comes before was sounded by {before}; {when} it is {after}."
    return ""
