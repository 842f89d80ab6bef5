"""A session described by the score that the embedded composer writes for it: nothing is sounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.audio.k_weighting import ABSOLUTE_GATE_LUFS, energy_of, lufs
from engine.clip_levels import unpacked
from engine.clip_record import ClipRecord
from engine.description.described import NO_SOUND, Described, describe_score
from engine.evaluation.notes import piece_of
from engine.midi_file import parse_midi
from engine.plan.events import Event
from engine.plan.request import Request

_GATE_LU = -10.0


def describe_session(
    request: Request, events: Sequence[Event] = (), records: Iterable[ClipRecord | None] = ()
) -> Described:
    """The whole session of ``request`` and ``events``, as ``musmed render --midi`` writes it, with
    the loudness of its clips' ``records``. Raises what ``make_plan`` raises."""
    from engine.composers.score.midi import midi_bytes

    piece = piece_of(parse_midi(midi_bytes(request, events), "The session"))
    loudness = loudness_of(records)
    said = NO_SOUND if loudness is None else "of its clips as they were made, second by second"
    return describe_score(piece, loudness, said)


def loudness_of(records: Iterable[ClipRecord | None]) -> float | None:
    """LUFS over the seconds of all clips, gated as BS.1770-4 gates; None where no record has
    levels."""
    seconds = [
        energy_of(level)
        for record in records
        if record is not None
        for level in unpacked(record.levels)
        if level > ABSOLUTE_GATE_LUFS
    ]
    if not seconds:
        return None
    energies = np.array(seconds)
    gate = energy_of(lufs(float(energies.mean())) + _GATE_LU)
    return lufs(float(energies[energies > gate].mean()))
