"""Who composes which clip of a session that has had more than one composer.

A composer that fails is taken over from, in the midst of a clip or between two. Each clip's record
says whose it is, so that a session made again, and one that goes on, has the same composers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from engine.audio.format import SAMPLE_RATE
from engine.link.protocol import ClipRecord, HandedOver
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.session.conductor.clip_state import ClipState
from engine.session.library.records import StoredClip


class Part(NamedTuple):
    """``composer`` composes the clip; where there is a ``change``, ``first`` begins it."""

    composer: str
    first: str = ""
    change: Handover | None = None


Lineup = Mapping[ClipKey, Part]


def lineup_of(clips: Mapping[ClipKey, StoredClip]) -> Lineup:
    """The composers of the clips that are kept of a session."""
    return {key: _part(clip.record) for key, clip in clips.items() if clip.record is not None}


def record_of(state: ClipState, record: ClipRecord) -> ClipRecord:
    """``record``, which the last composer of the clip gave, as it is true of what is heard."""
    if not state.ceded_by:
        return record
    change = state.handover or Handover(state.reach, state.reach)
    return msgspec.structs.replace(
        record,
        loudness=None,
        true_peak=None,
        readings=tuple(r for r in record.readings if r.start * SAMPLE_RATE >= change.until),
        bars=tuple(bar for bar in record.bars if bar.start * SAMPLE_RATE >= change.at),
        handover=HandedOver(state.ceded_by, change.at, change.until),
    )


def _part(record: ClipRecord) -> Part:
    change = record.handover
    if change is None:
        return Part(record.composer)
    return Part(record.composer, change.composer, Handover(change.at, change.until))
