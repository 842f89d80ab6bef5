"""How hard and how long a bar is played, where a description says so: all by one measure, so that
what stands out still does and what is short is still shorter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.composers.score.parts.bar_record import LOUDEST
from engine.composers.score.parts.touch import LONGEST_NOTE, Note
from engine.composers.score.writing.form import Bar
from engine.composers.score.writing.harmony import Harmony

_SHORTEST = 1200
"""Frames."""
_LAP = 9600
"""Frames by which a tone that is not of the chord after it may sound on over that."""
_ROUNDS = 12
_LEAST = 4.0
"""Velocity."""


def fitted(notes: Sequence[Note], bar: Bar) -> list[Note]:
    """The notes of a bar with the mean velocity and the mean duration of its wish."""
    wish = bar.wish
    made = list(notes)
    if wish is None or not made:
        return made
    if wish.velocity is not None:
        gains = _levelled([note.gain for note in made], wish.velocity)
        made = [note._replace(gain=gain) for note, gain in zip(made, gains, strict=True)]
    if wish.duration is not None and bar.kind != "final":
        made = _lengthened(made, bar, wish.duration * bar.beat)
    return made


def velocity_of(gain: float) -> float:
    """The MIDI velocity of a gain: loudness goes with 40 log10 of it."""
    return 127.0 * math.sqrt(min(1.0, gain / LOUDEST))


def _levelled(gains: Sequence[float], mean: float) -> list[float]:
    """The gains times what makes the mean of their velocities ``mean``; none is over the loudest,
    and none too soft to be there."""
    scale = 1.0
    made = list(gains)
    for _ in range(_ROUNDS):
        here = sum(map(velocity_of, made)) / len(made)
        if abs(here - mean) < 0.05:
            break
        scale *= (mean / max(here, 1.0)) ** 2
        made = [
            min(LOUDEST * 0.999, max(LOUDEST * (_LEAST / 127.0) ** 2, scale * gain))
            for gain in gains
        ]
    return made


def _lengthened(notes: Sequence[Note], bar: Bar, mean: float) -> list[Note]:
    """The notes times what makes the mean of their lengths ``mean`` frames. None sounds on into a
    chord that it is not of, and where tones are not to be long none is lengthened."""
    pitched = [note for note in notes if note.part != "drums"]
    if not pitched:
        return list(notes)
    still = bar.gentle is not None and bar.gentle.shortens
    again = _struck_again(pitched)
    most = {
        id(note): note.gate if still else min(again[id(note)], _until(note, bar))
        for note in pitched
    }
    scale = 1.0
    gates = {id(note): note.gate for note in pitched}
    for _ in range(_ROUNDS):
        here = sum(gates.values()) / len(pitched)
        if abs(here - mean) < 0.005 * mean:
            break
        scale *= mean / here
        gates = {
            id(note): int(max(_SHORTEST, min(most[id(note)], scale * note.gate)))
            for note in pitched
        }
    return [note._replace(gate=gates.get(id(note), note.gate)) for note in notes]


def _struck_again(notes: Sequence[Note]) -> dict[int, int]:
    """Frames from each note to where its key is struck again: no longer than so."""
    made: dict[int, int] = {}
    last: dict[tuple[str, int], Note] = {}
    for note in sorted(notes):
        before = last.get((note.instrument, note.pitch))
        if before is not None:
            made[id(before)] = max(_SHORTEST, note.onset - before.onset)
        last[note.instrument, note.pitch] = note
    return {id(note): made.get(id(note), LONGEST_NOTE) for note in notes}


def _until(note: Note, bar: Bar) -> int:
    """Frames for which a note may sound."""
    if bar.wish is not None and (bar.wish.duration or 0.0) * bar.beat < bar.length:
        # Its key may be wanted again in the next bar.
        return max(_SHORTEST, bar.end - note.onset) if note.onset < bar.end else note.gate
    spans: list[tuple[int, Harmony | None]] = [(bar.frame_at(h.slot), h) for h in bar.harmony]
    spans += [(bar.end, bar.after[0] if bar.after else None)]
    for begin, harmony in spans:
        if begin <= note.onset + _LAP:
            continue
        if harmony is None or note.pitch % 12 not in harmony.chord.pcs:
            return max(note.gate, min(LONGEST_NOTE, begin - note.onset + _LAP))
    return LONGEST_NOTE if bar.after else max(note.gate, bar.end - note.onset + _LAP)
