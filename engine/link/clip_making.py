"""A clip's beginning and its record: composer and finishing, from where the clip before stood."""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING

from engine.clip_record import ClipRecord
from engine.composers.base import Composer, Composition, Continuation
from engine.errors import MusmedError

if TYPE_CHECKING:
    from engine.finished import Ending
    from engine.finishing import ClipFinisher
    from engine.link.worker import Job
    from engine.meter.reading import Reading


def begin(
    composer: Composer, job: Job, denoise: bool | None, before: Ending | None
) -> tuple[Composition, ClipFinisher]:
    """Start composing where the continuation left off.

    Another composer's state means nothing to this one, which then begins afresh at the spec's
    start; another version's is for the composer to judge. What finishing remembers (loudness,
    filters, noise) is about the audio that was heard, whoever made it, and is used as long as it
    can be read; ``before`` is what it has kept of the clip that was made last.
    """
    from engine.finishing import ClipFinisher

    state = checkpoints = None
    if job.continuation:
        continuation = Continuation.unpack(job.continuation)
        checkpoints = continuation.finishing
        if continuation.composer == composer.name:
            state = continuation.state
    composition = composer.compose(job.spec, state, job.cancelled)
    begun = partial(ClipFinisher, job.spec, composition, composer.traits, denoise=denoise)
    try:
        finisher = begun(checkpoints=checkpoints, before=before)
    except MusmedError as error:
        if checkpoints is None:
            raise
        print(f"musmed engine: finishing begins afresh: {error}", file=sys.stderr)
        finisher = begun(checkpoints=None)
    if finisher.frames < 1:
        raise MusmedError("There is nothing to compose between a clip's end and itself.")
    return composition, finisher


def record_of(
    composer: Composer,
    finisher: ClipFinisher,
    frames: int,
    seconds: float,
    readings: list[Reading],
) -> ClipRecord:
    from engine.audio.format import seconds_of

    peak = finisher.true_peak
    return ClipRecord(
        composer=composer.name,
        version=composer.version,
        synthesis=composer.traits.synthesis,
        precision=composer.traits.precision,
        loudness=finisher.loudness,
        levels=finisher.levels,
        true_peak=peak if math.isfinite(peak) else None,
        gating=finisher.gating,
        seconds=seconds,
        speed=seconds_of(frames) / max(seconds, 1e-6),
        readings=tuple(readings),
    )
