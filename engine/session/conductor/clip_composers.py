"""Who composes which clip of a session that has had more than one composer.

A composer that fails is taken over from, in the midst of a clip or between two. Each clip's record
says whose it is, so that a session made again, and one that goes on, has the same composers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from engine.audio.format import SAMPLE_RATE
from engine.clip_record import ClipRecord, HandedOver
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.session.conductor.clip_state import ClipState


class ComposedBy(NamedTuple):
    """``composer`` composes the clip; where there is a ``change``, ``first`` begins it."""

    composer: str
    first: str = ""
    change: Handover | None = None


ClipComposers = Mapping[ClipKey, ComposedBy]


def composers_of(records: Mapping[ClipKey, ClipRecord | None]) -> ClipComposers:
    """Who composed the clips that have a record."""
    return {key: _composed_by(record) for key, record in records.items() if record is not None}


def record_of(clip: ClipState, record: ClipRecord) -> ClipRecord:
    """``record``, which the last composer of the clip gave, as it is true of what is heard."""
    if not clip.ceded_by:
        return record
    change = clip.handover or Handover(clip.reach, clip.reach)
    return msgspec.structs.replace(
        record,
        loudness=None,
        true_peak=None,
        readings=tuple(r for r in record.readings if r.start * SAMPLE_RATE >= change.until),
        bars=tuple(bar for bar in record.bars if bar.start * SAMPLE_RATE >= change.at),
        handover=HandedOver(clip.ceded_by, change.at, change.until),
    )


def _composed_by(record: ClipRecord) -> ComposedBy:
    change = record.handover
    if change is None:
        return ComposedBy(record.composer)
    return ComposedBy(record.composer, change.composer, Handover(change.at, change.until))
