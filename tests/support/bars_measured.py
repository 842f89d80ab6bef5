"""What the bars of a score turn out to be, from its notes: for tests and benches."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from engine.composers.score.parts.fitting import velocity_of
from engine.composers.score.parts.touch import Note
from engine.composers.score.session_score import SessionScore

_EARLY = 2400
"""Frames before a bar line at which a note is of the bar after it."""


class MeasuredBar(NamedTuple):
    """``places``: of its ``slots`` sixteenths, those at which something begins; ``density``: notes
    a quarter; ``pitch``, ``duration`` (quarters) and ``sung``, the melody's pitch: means, as
    ``density`` without drums; ``velocity`` and ``brightness``: means. 0 where there is nothing."""

    start: int
    kind: str
    slots: int
    notes: int
    places: int
    density: float
    pitch: float
    sung: float
    duration: float
    velocity: float
    brightness: float
    instruments: frozenset[str]


def measured(score: SessionScore) -> list[MeasuredBar]:
    starts = [bar.start for bar in score.bars]
    of: dict[int, list[Note]] = defaultdict(list)
    for note in score.notes:
        of[bisect.bisect_right(starts, note.onset + _EARLY) - 1].append(note)
    made = []
    for number, bar in enumerate(score.bars):
        notes = of[number]
        pitched = [note for note in notes if note.part != "drums"]
        # Players are a little late and never early: a place is what it was meant to be.
        step, slots = bar.beat / 4, bar.metre.slots
        places = {
            min(slots - 1, max(0, round((note.onset - bar.start) / step - 0.15))) for note in notes
        }
        made.append(
            MeasuredBar(
                start=bar.start,
                kind=bar.kind,
                slots=slots,
                notes=len(notes),
                places=len(places),
                density=len(pitched) * 4 / slots,
                pitch=_mean([note.pitch for note in pitched]),
                sung=_mean([note.pitch for note in pitched if note.part == "lead"]),
                duration=_mean([note.gate / bar.beat for note in pitched]),
                velocity=_mean([velocity_of(note.gain) for note in notes]),
                brightness=_mean([note.brightness for note in pitched]),
                instruments=frozenset(
                    "drums" if note.part == "drums" else note.instrument for note in notes
                ),
            )
        )
    return made


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
