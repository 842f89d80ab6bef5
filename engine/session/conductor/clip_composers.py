"""Who composes which clip of a session that has had more than one composer, or one that was
sounded in more than one way.

A composer that fails is taken over from, in the midst of a clip or between two, and so is the
synthesis of one. Each clip's record says whose it is, so that a session made again, and one that
goes on, has the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from engine.audio.format import SAMPLE_RATE
from engine.clip_record import ClipRecord, HandedOver, Stage
from engine.composers.base import has_model
from engine.composers.precision import USUAL
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.session.conductor.clip_state import ClipState


class ComposedBy(NamedTuple):
    """The ``stages`` of the clip, at least one, and where each but the first takes over;
    ``version`` of the last one's composer, 0 where that is not known."""

    stages: tuple[Stage, ...]
    changes: tuple[Handover, ...] = ()
    version: int = 0


ClipComposers = Mapping[ClipKey, ComposedBy]


def composers_of(
    records: Mapping[ClipKey, ClipRecord | None], *, resound: bool = False
) -> ClipComposers:
    """Who composed the clips that have a record. ``resound``: whatever sounded their notes, they
    are to be sounded in another way."""
    known = {key: _composed_by(record) for key, record in records.items() if record is not None}
    return {key: _resounded(by) for key, by in known.items()} if resound else known


def record_of(clip: ClipState, record: ClipRecord) -> ClipRecord:
    """``record``, which the last composer of the clip gave, as it is true of what is heard."""
    if not clip.ceded:
        return record
    unheard = len(clip.ceded) - len(clip.handovers)
    changes = [*clip.handovers, *[Handover(clip.reach, clip.reach)] * unheard]
    *earlier, last = (
        HandedOver(stage.composer, change.at, change.until, stage.synthesis, stage.precision)
        for stage, change in zip(clip.ceded, changes, strict=True)
    )
    return msgspec.structs.replace(
        record,
        loudness=None,
        levels=b"",
        true_peak=None,
        readings=tuple(r for r in record.readings if r.start * SAMPLE_RATE >= last.until),
        bars=tuple(bar for bar in record.bars if bar.start * SAMPLE_RATE >= last.at),
        handover=last,
        earlier=tuple(earlier),
    )


def _composed_by(record: ClipRecord) -> ComposedBy:
    changes = tuple(Handover(passed.at, passed.until) for passed in record.handovers)
    stages = tuple(stage._replace(precision=precision_of(stage)) for stage in record.stages)
    return ComposedBy(stages, changes, record.version)


def precision_of(stage: Stage) -> str:
    """What to go on in after ``stage``, or to make it again in: what its record says, and for a
    model of which it says nothing, what was usual before it was recorded."""
    return stage.precision or (USUAL if has_model(stage.composer) else "")


def _resounded(by: ComposedBy) -> ComposedBy:
    """Without syntheses, and without the changes that were of nothing else."""
    stages, changes = [by.stages[0]._replace(synthesis="")], []
    for stage, change in zip(by.stages[1:], by.changes, strict=True):
        if stage.composer != stages[-1].composer:
            stages.append(stage._replace(synthesis=""))
            changes.append(change)
    return ComposedBy(tuple(stages), tuple(changes), by.version)
