"""The guitar: chords as they lie under a hand, picked and strummed."""

from __future__ import annotations

import functools
import itertools

from engine.composers.score.parts.rhythms import EIGHTHS, SIXTEENTHS, SLOW
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Harmony

STRINGS = (40, 45, 50, 55, 59, 64)
"""Standard tuning, MIDI."""
_REACH = 3
"""Frets between the first and the last finger."""


@functools.lru_cache(maxsize=1024)
def grip(pcs: tuple[int, ...], bass: int) -> tuple[int, ...]:
    """A chord on four to six strings, low to high, within four frets; open strings count.

    The lowest string that sounds has pitch class ``bass`` where the hand can reach it; every pitch
    class of ``pcs`` sounds where that is possible. Low positions and full chords win, and no two
    strings a semitone apart, which would rub for as long as they ring.
    """
    best: tuple[float, tuple[int, ...]] = (1e9, ())
    for position in range(8):
        for lowest in (0, 1, 2):
            pitches = [_stop(string, pcs, position) for string in STRINGS[lowest:]]
            first = _stop(STRINGS[lowest], (bass,), position)
            pitches[0] = first or pitches[0]
            sounding = tuple(p for p in pitches if p)
            missing = len(set(pcs[:4]) - {p % 12 for p in sounding})
            cost = 6.0 * missing + 4.0 * (first is None) + 0.5 * position + 0.8 * lowest
            cost += 3.0 * sum(abs(p - q) == 1 for p, q in itertools.pairwise(sounding))
            if len(sounding) >= 4:
                best = min(best, (cost, sounding))
    return best[1]


def _stop(string: int, pcs: tuple[int, ...], position: int) -> int | None:
    """The lowest pitch of ``pcs`` on a string: open, or under the hand."""
    first = max(1, position)
    frets = [*([0] if position < 3 else []), *range(first, first + _REACH + 1)]
    for pitch in (string + fret for fret in frets):
        if pitch % 12 in pcs:
            return int(pitch)
    return None


def _chord(harmony: Harmony) -> tuple[int, ...]:
    return grip(tuple(sorted(harmony.chord.pcs)), harmony.bass % 12) or harmony.voicing


def picking(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Travis picking: the thumb alternates on the beat, the fingers answer between."""
    chord = _chord(harmony)
    thumb, fingers = chord[:2], chord[-3:]
    order = w.section("figure").pick(((2, 1, 0, 1), (1, 2, 1, 0), (0, 2, 1, 2)))
    dice = w.dice("picking")
    beats = range(harmony.slot, end, w.bar.metre.pulse)
    for k, slot in enumerate(beats):
        w.add("figure", name, slot, end - slot, thumb[k % 2], w.stress(slot, 0.92, 0.8, 0.8))
    answers = w.grid(EIGHTHS, harmony.slot, end)[1:]
    if w.energy < 0.75:
        answers = [slot for slot in answers if slot not in beats]
    for k, slot in enumerate(answers):
        if w.motion < 0.3 and slot not in w.feel.slow and dice.chance(0.2):
            continue
        finger = fingers[order[k % 4] % len(fingers)]
        w.add("figure", name, slot, min(8, end - slot), finger, 0.72 + 0.08 * dice.uniform())
    if w.energy > 0.45 and harmony.slot == 0:
        w.add("figure", name, 0.1, 6, fingers[-1], 0.78)


def arpeggio(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Thumb, index, middle, ring and back over the strings, left to ring."""
    chord = _chord(harmony)
    hand = (chord[0], *chord[-3:])
    order = w.section("figure").pick(w.feel.hands)
    step = SLOW if w.motion < 0.22 else EIGHTHS if w.energy < 0.85 else SIXTEENTHS
    for k, slot in enumerate(w.grid(step, harmony.slot, end)):
        string = order[k % len(order)]
        accent = 0.92 if slot == harmony.slot else 0.8 if string == 3 else 0.72
        w.add("figure", name, slot, min(end - slot, 10), hand[min(string, 3)], accent)


def strum(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Strokes over the strings: down over all, up over the upper ones, faster when excited."""
    if w.energy < 0.3:
        arpeggio(w, name, harmony, end)
        return
    chord = _chord(harmony)
    rhythm = w.feel.strums[min(3, int(4 * w.energy))]
    strokes = [stroke for stroke in rhythm if harmony.slot <= stroke[0] < end]
    if not strokes or strokes[0][0] != harmony.slot:
        strokes = [(harmony.slot, True), *strokes]
    spread = 0.16 - 0.09 * w.energy
    for k, (slot, down) in enumerate(strokes):
        until = strokes[k + 1][0] if k + 1 < len(strokes) else end
        played = chord if down else tuple(reversed(chord[-3:]))
        accent = 0.54 if not down else w.stress(slot, 0.72, 0.64, 0.64)
        for i, pitch in enumerate(played):
            w.add("figure", name, slot + spread * i, until - slot, pitch, accent - 0.02 * i)


def riff(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """An electric guitar's eighths: the low string holds the pulse, the upper ones sing accents
    that pull against the metre."""
    chord = _chord(harmony)
    step = SLOW if w.energy < 0.3 else EIGHTHS
    extra = (3, 9) if w.energy > 0.8 else ()
    tops = w.section("figure").pick(((-1, -2, -3), (-2, -1, -3), (-3, -2, -1)))
    count = 0
    for slot in sorted({*w.grid(step, harmony.slot, end), *extra}):
        if not harmony.slot <= slot < end:
            continue
        if slot in w.feel.lean or slot in extra:
            pitch = chord[tops[count % 3]]
            w.add("figure", name, slot, min(6, end - slot), pitch, 0.84)
            count += 1
        w.add("figure", name, slot, 1.7 if w.energy > 0.5 else 3.4, chord[0], 0.6)
