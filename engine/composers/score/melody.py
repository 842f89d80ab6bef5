"""Motifs, their transformations, and the melody made of them."""

from __future__ import annotations

import msgspec

from engine.composers.score.harmony import SCALES, Chord
from engine.composers.score.keyed import Dice

SLOTS = 16
"""Sixteenths in a bar of 4/4."""
_METRE = (0.0, 5.0, 3.0, 5.5, 1.4, 5.2, 2.6, 5.6, 0.7, 5.0, 3.0, 5.5, 1.8, 5.2, 2.4, 5.6)
"""How late each slot is filled as density grows: the metre's own order, before a motif bends it."""


class Motif(msgspec.Struct, frozen=True, array_like=True):
    """One bar of melodic idea.

    ``order``: slots from the first to be filled to the last. ``contour``: diatonic steps from
    the anchor tone for each of the 16 slots.
    """

    order: tuple[int, ...]
    contour: tuple[int, ...]


class Tone(msgspec.Struct, frozen=True, array_like=True):
    """A melody note: ``slot`` sixteenths into the bar, ``length`` sixteenths, MIDI ``pitch``."""

    slot: int
    length: int
    pitch: int


def make_motif(dice: Dice) -> Motif:
    """A new motif: a rhythm bent away from the metre, and a smooth contour that comes back."""
    ranks = [rank + dice.between(-1.3, 1.3) for rank in _METRE]
    ranks[0] = dice.pick((-1.0, -1.0, -1.0, 2.2))
    order = tuple(sorted(range(SLOTS), key=lambda slot: ranks[slot]))
    step, walk = 0, []
    heading = dice.pick((1, -1))
    for slot in range(0, SLOTS, 2):
        walk.append(step)
        if dice.chance(0.3):
            heading = -heading
        step += heading * dice.pick((1, 1, 1, 2, 2, 3) if slot % 8 == 6 else (1, 1, 1, 0, 2))
        if abs(step) > 4:
            heading = -1 if step > 0 else 1
            step = 4 if step > 0 else -4
    between = [(walk[i] + walk[min(i + 1, 7)]) / 2 for i in range(8)]
    middle = round(sum(walk) / 8)
    contour = tuple(x - middle for i in range(8) for x in (walk[i], round(between[i] + 0.01)))
    return Motif(order, contour)


def transform(motif: Motif, how: str) -> Motif:
    """A motif transformed: 'same', 'invert', 'late' (shifted by an eighth), 'answer' (its second
    half first) or 'augment' (its first half at half speed)."""
    order, contour = motif.order, motif.contour
    if how == "invert":
        return Motif(order, tuple(-c for c in contour))
    if how == "late":
        return Motif(tuple((s + 2) % SLOTS for s in order), contour[-2:] + contour[:-2])
    if how == "answer":
        return Motif(tuple((s + 8) % SLOTS for s in order), contour[8:] + contour[:8])
    if how == "augment":
        slow = [2 * s for s in order if s < 8]
        rest = [s for s in order if s not in slow]
        return Motif(tuple(slow + rest), tuple(contour[s // 2] for s in range(SLOTS)))
    return motif


def scale_pitches(tonic_pc: int, mode: int, low: int, high: int) -> list[int]:
    """All pitches of the scale in [low, high], ascending."""
    pcs = {(tonic_pc + step) % 12 for step in SCALES[mode]}
    return [p for p in range(low, high + 1) if p % 12 in pcs]


def realise(  # noqa: PLR0917 - every one of these shapes a bar
    motif: Motif,
    count: int,
    shift: int,
    chords: tuple[tuple[int, Chord], ...],
    ladder: list[int],
    centre: float,
    previous: int,
) -> tuple[Tone, ...]:
    """Sound a motif: ``count`` notes of it, ``shift`` steps from the anchor, over the chords.

    ``ladder`` holds the scale's pitches; the anchor is the rung nearest between ``centre`` and
    the ``previous`` melody pitch. Notes on strong slots and long notes are moved to a chord tone;
    leaps stay within an octave.
    """
    slots = sorted(motif.order[: max(1, count)])
    # Few notes lie far apart in the contour: it is flattened, so that they still make a line.
    flat = 0.6 if len(slots) <= 3 else 0.8 if len(slots) <= 6 else 1.0
    aim = 0.6 * centre + 0.4 * previous
    anchor = min(range(len(ladder)), key=lambda i: (abs(ladder[i] - aim), i))
    tones: list[Tone] = []
    last = previous
    for i, slot in enumerate(slots):
        end = slots[i + 1] if i + 1 < len(slots) else SLOTS
        chord = [c for at, c in chords if at <= slot][-1]
        rung = anchor + shift + round(flat * motif.contour[slot])
        rung = min(len(ladder) - 1, max(0, rung))
        pitch = ladder[rung]
        if slot % 8 == 0 or end - slot >= 6 or (end - slot >= 3 and _rubs(pitch, chord)):
            pitch = _to_chord(pitch, chord, last)
        elif pitch == last and i % 3:
            pitch = ladder[max(0, rung - 1) if pitch > centre else min(rung + 1, len(ladder) - 1)]
        pitch = _within_octave(pitch, last)
        tones.append(Tone(slot, end - slot, pitch))
        last = pitch
    return tuple(tones)


def cadence(pcs: tuple[int, ...], slot: int, length: int, centre: float, previous: int) -> Tone:
    """A phrase's last note: the tone of ``pcs`` nearest to where the melody is."""
    options = [p for p in range(int(centre) - 11, int(centre) + 12) if p % 12 in pcs]
    pitch = min(options, key=lambda p: (_pull(p, previous, previous) + 0.3 * abs(p - centre), p))
    return Tone(slot, length, _within_octave(pitch, previous))


def _to_chord(pitch: int, chord: Chord, last: int) -> int:
    near = [p for p in range(pitch - 4, pitch + 5) if p % 12 in chord.pcs]
    return min(near, key=lambda p: (_pull(p, pitch, last), p))


def _rubs(pitch: int, chord: Chord) -> bool:
    """A scale tone a semitone above a chord tone: fine in passing, harsh when it stays."""
    return pitch % 12 not in chord.pcs and (pitch - 1) % 12 in chord.pcs


def _pull(pitch: int, wanted: int, last: int) -> float:
    """How badly a chord tone fits: away from the wanted pitch, a repeat, or a jump."""
    return abs(pitch - wanted) + (2.2 if pitch == last else 0.25 * abs(pitch - last))


def _within_octave(pitch: int, last: int) -> int:
    while pitch - last > 12:
        pitch -= 12
    while last - pitch > 12:
        pitch += 12
    return pitch
