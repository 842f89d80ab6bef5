"""What a bar's notes turn out to be, in FIGARO's words, beside what was asked of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from engine.audio.format import seconds_of
from engine.composers.base import BarRecord
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.form import Bar
from engine.composers.score.writing.harmony import chord_name, key_name

LOUDEST = 1.3
"""The gain that is velocity 127; loudness goes with 40 log10(velocity) dB (General MIDI)."""


def bar_record(bar: Bar, notes: Sequence[Note]) -> BarRecord:
    """The record of a bar: FIGARO's description (von Rütte et al., 2022: time signature, note
    density, mean pitch, velocity and duration, instruments, chords), measured from ``notes``,
    and the descriptor that asked for them.

    Density, pitch and duration leave drums out. A note's velocity is what the MIDI file gives it.
    """
    pitched = [note for note in notes if note.part != "drums"]
    return BarRecord(
        start=round(seconds_of(bar.start), 4),
        time_signature=bar.metre.name,
        chords=tuple(chord_name(harmony) for harmony in bar.harmony),
        instruments=tuple(sorted({note.instrument for note in notes})),
        note_density=round(len(pitched) * bar.beat / bar.length, 3),
        mean_pitch=_mean([note.pitch for note in pitched]),
        mean_velocity=_mean([127.0 * math.sqrt(min(1.0, note.gain / LOUDEST)) for note in notes]),
        mean_duration=_mean([note.gate / bar.beat for note in pitched]),
        instrument=bar.cast.players.instrument,
        genre=bar.cast.players.genre,
        key=key_name(bar.tonic, bar.mode),
        section=bar.section + 1,
        asked={
            name: round(float(value), 3)
            for name, value in msgspec.structs.asdict(bar.descriptor).items()
        }
        | {"tempo": round(bar.tempo, 3), "mode": float(bar.mode)},
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
