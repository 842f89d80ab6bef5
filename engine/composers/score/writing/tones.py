"""Tones of a melody, and the pitches of a scale."""

from __future__ import annotations

import msgspec

from engine.composers.score.writing.harmony import SCALES


class Tone(msgspec.Struct, frozen=True, array_like=True):
    """A melody note: ``slot`` sixteenths into the bar, ``length`` sixteenths, MIDI ``pitch``."""

    slot: int
    length: int
    pitch: int


def scale_pitches(tonic_pc: int, mode: int, low: int, high: int) -> list[int]:
    """All pitches of the scale in [low, high], ascending."""
    pcs = {(tonic_pc + step) % 12 for step in SCALES[mode]}
    return [p for p in range(low, high + 1) if p % 12 in pcs]
