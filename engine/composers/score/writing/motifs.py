"""Motifs, their transformations, and the melody made of them."""

from __future__ import annotations

import itertools

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.harmony import SCALES, Chord

SLOTS = 16
"""Sixteenths in a bar of 4/4."""
_METRE = (0.0, 5.0, 3.0, 5.5, 1.4, 5.2, 2.6, 5.6, 0.7, 5.0, 3.0, 5.5, 1.8, 5.2, 2.4, 5.6)
"""How late each slot is filled as density grows, past a motif's own rhythm."""
_RHYTHMS: tuple[tuple[int, ...], ...] = (
    (0, 8, 6, 12, 14, 4),
    (0, 6, 8, 12, 4, 14),
    (0, 6, 12, 8, 10, 4),
    (0, 12, 8, 14, 4, 6),
    (0, 4, 12, 6, 8, 14),
    (0, 10, 8, 4, 14, 12),
    (0, 8, 4, 2, 12, 6),
    (4, 8, 12, 6, 14, 10),
    (2, 8, 4, 6, 12, 10),
    (0, 8, 11, 12, 4, 6),
    (0, 3, 8, 6, 12, 14),
    (0, 6, 10, 12, 4, 8),
    (0, 8, 14, 12, 10, 4),
    (4, 10, 0, 12, 8, 14),
)
"""The rhythms a motif can have: slots from the first to be played on, so that the same idea can be
told in two notes or in six: long-short, dotted, tresillo, beginning after the beat, turning at
the end."""
_CELLS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 1),
    (0, 2, 1, 0),
    (0, -1, 0, 2),
    (0, 1, -1, 0),
    (0, 2, 4, 2),
    (0, -1, -2, -1),
    (0, 3, 2, 1),
    (0, 4, 3, 1),
    (0, 1, 0, -2),
    (0, -2, -1, 1),
    (0, 5, 4, 2),
    (0, 0, 1, 2),
)
"""Contours by beat, in scale steps: arch, turn, fall, a rising sixth that comes back."""


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
    """A new motif: a rhythm of its own, and a contour that leaps at most once and comes back."""
    core = dice.pick(_RHYTHMS)
    ranks = [rank + dice.between(-1.0, 1.0) for rank in _METRE]
    rest = sorted((s for s in range(SLOTS) if s not in core), key=lambda slot: ranks[slot])
    beats = list(dice.pick(_CELLS))
    if dice.chance(0.5):
        beats = [-step for step in beats]
    steps = [*beats, dice.pick((0, 0, beats[3]))]
    contour = []
    for beat, goal in itertools.pairwise(steps):
        # Between the beats: half way, or around the tone by a neighbour where it stays.
        between = (beat + goal) / 2 if beat != goal else beat + dice.pick((1, -1))
        half = round(between + 0.01)
        contour += [beat, round((beat + half) / 2 + 0.01), half, round((half + goal) / 2 + 0.01)]
    return Motif((*core, *rest), tuple(contour))


def transform(motif: Motif, how: str) -> Motif:  # noqa: PLR0911 - one for each
    """A motif transformed.

    'same'; 'invert'; 'late' (shifted by an eighth); 'answer' (its second half first); 'augment'
    (its first half at half speed); 'ornament' (its first tones turned around their upper
    neighbours); 'fragment' (its first half twice, the second time a step lower); 'head' (its
    first half, then a held tone).
    """
    order, contour = motif.order, motif.contour
    if how == "invert":
        return Motif(order, tuple(-c for c in contour))
    if how == "late":
        return Motif(tuple((s + 2) % SLOTS for s in order), contour[-2:] + contour[:-2])
    if how == "answer":
        return Motif(tuple((s + 8) % SLOTS for s in order), contour[8:] + contour[:8])
    if how == "augment":
        slow = [2 * s for s in order if s < 8]
        return Motif(_filled(slow, order), tuple(contour[s // 2] for s in range(SLOTS)))
    if how == "ornament":
        turned = list(contour)
        extra = []
        for slot in order[:3]:
            near = (slot + 1) % SLOTS if slot % 4 else (slot + 2) % SLOTS
            turned[near] = contour[slot] + 1
            extra.append(near)
        return Motif(_filled([*order[:3], *extra], order), tuple(turned))
    if how == "fragment":
        head = [s for s in order if s < 8]
        slots = [place for s in head for place in (s, s + 8)]
        return Motif(_filled(slots, order), contour[:8] + tuple(c - 1 for c in contour[:8]))
    if how == "head":
        early = [s for s in order if s < 8]
        return Motif(_filled([*early[:1], 8, *early[1:]], order), contour[:8] + (contour[8],) * 8)
    return motif


def _filled(first: list[int], order: tuple[int, ...]) -> tuple[int, ...]:
    """The slots of ``first``, then all others in the motif's order."""
    unique = list(dict.fromkeys(first))
    return (*unique, *(s for s in order if s not in unique))


def scale_pitches(tonic_pc: int, mode: int, low: int, high: int) -> list[int]:
    """All pitches of the scale in [low, high], ascending."""
    pcs = {(tonic_pc + step) % 12 for step in SCALES[mode]}
    return [p for p in range(low, high + 1) if p % 12 in pcs]


def ladder_over(chord: Chord, tonic_pc: int, mode: int, low: int, high: int) -> list[int]:
    """The scale's pitches in [low, high], bent to a chord that is not of the mode: a scale tone
    gives way to the chord's tone a semitone from it."""
    scale = {(tonic_pc + step) % 12 for step in SCALES[mode]}
    foreign = {pc for pc in chord.pcs if pc not in scale}
    bent = {
        pc
        for pc in scale
        if pc in chord.pcs or not any((pc - other) % 12 in (1, 11) for other in foreign)
    }
    return [p for p in range(low, high + 1) if p % 12 in bent | foreign]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a bar of melody has to keep to.

    ``chords``: (slot, chord). ``centre`` (MIDI) is where it lies, ``previous`` the pitch before
    it. ``tension`` in [0, 1] lets a dissonance stand on a strong beat when it resolves by step.
    ``goal`` is the pitch the line leads to, 0 for none; steps then count from it.
    """

    chords: tuple[tuple[int, Chord], ...]
    tonic: int
    mode: int
    centre: float
    previous: int
    tension: float
    goal: int = 0


def realise(
    motif: Motif, count: int, shift: int, line: Line, until: int = SLOTS
) -> tuple[Tone, ...]:
    """Sound a motif: ``count`` notes of it that begin before slot ``until``, ``shift`` scale
    steps from the anchor.

    The anchor lies between the line's centre and the pitch before. Of all pitches near the
    motif's contour the cheapest line is taken (dynamic programming): close to the contour, chord
    tones where it matters, dissonances left by step, leaps small and within an octave.
    """
    slots = sorted(s for s in motif.order[: max(1, count)] if s < until)
    if not slots:
        slots = [min(s for s in motif.order if s < until)]
    ends = [*slots[1:], until]
    # Few notes lie far apart in the contour: it is flattened, so that they still make a line.
    flat = 0.6 if len(slots) <= 3 else 0.8 if len(slots) <= 5 else 1.0
    flat = 1.0 if line.goal else flat
    low, high = round(line.centre) - 12, round(line.centre) + 12
    aim = line.goal or 0.8 * line.centre + 0.2 * line.previous
    wanted = []
    for slot in slots:
        ladder = ladder_over(_chord_at(line, slot), line.tonic, line.mode, low, high)
        anchor = min(range(len(ladder)), key=lambda i: (abs(ladder[i] - aim), i))
        rung = anchor + shift + round(flat * motif.contour[slot])
        wanted.append((ladder, min(len(ladder) - 1, max(0, rung))))
    pitches = _cheapest(slots, ends, wanted, line)
    return tuple(
        Tone(slot, end - slot, pitch) for slot, end, pitch in zip(slots, ends, pitches, strict=True)
    )


def _chord_at(line: Line, slot: int) -> Chord:
    return [chord for at, chord in line.chords if at <= slot][-1]


def _cheapest(
    slots: list[int], ends: list[int], wanted: list[tuple[list[int], int]], line: Line
) -> list[int]:
    """The cheapest pitches, slot by slot. Costs are whole numbers."""
    rows: list[dict[int, tuple[int, int]]] = []
    for i, (ladder, rung) in enumerate(wanted):
        chord = _chord_at(line, slots[i])
        weight = _weight(slots[i], ends[i] - slots[i])
        row: dict[int, tuple[int, int]] = {}
        for at in range(max(0, rung - 3), min(len(ladder), rung + 4)):
            pitch = ladder[at]
            own = 3 * abs(at - rung) + _clash(pitch, chord, weight, line.tension)
            own += max(0, round(abs(pitch - line.centre)) - 8)
            if i == 0:
                row[pitch] = (own + _step_cost(line.previous, pitch, False), line.previous)
                continue
            before = _chord_at(line, slots[i - 1])
            row[pitch] = min(
                (cost + own + _step_cost(p, pitch, p % 12 not in before.pcs), p)
                for p, (cost, _) in rows[-1].items()
            )
        rows.append(row)

    def total(p: int) -> int:
        return rows[-1][p][0] + (_step_cost(p, line.goal, False) if line.goal else 0)

    pitch = min(rows[-1], key=lambda p: (total(p), p))
    pitches = [pitch]
    for row in reversed(rows[1:]):
        pitch = row[pitch][1]
        pitches.append(pitch)
    pitches.reverse()
    return _within_octaves(pitches, line.previous)


def _weight(slot: int, length: int) -> int:
    """How much a tone is heard against its chord: 3 on a half bar or when long, 0 in passing."""
    if slot % 8 == 0 or length >= 6:
        return 3
    if length >= 4 or (slot % 4 == 0 and length >= 3):
        return 2
    return int(slot % 4 == 0 or length >= 3)


def _clash(pitch: int, chord: Chord, weight: int, tension: float) -> int:
    if pitch % 12 in chord.pcs:
        return 0
    # A tone a semitone above a chord tone is fine in passing and harsh when it stays.
    rub = (pitch - 1) % 12 in chord.pcs
    return weight * (round(5.0 - 2.5 * tension) + 2 * rub)


def _step_cost(a: int, b: int, dissonant: bool) -> int:
    """What going from ``a`` to ``b`` costs; a dissonance wants to be left by step."""
    size = abs(a - b)
    cost = 6 if size == 0 else max(0, size - 4)
    cost += 6 * (size > 12) + 3 * (size in (6, 10, 11)) + 3 * (size > 7)
    return cost + (7 if dissonant and (size == 0 or size > 2) else 0)


def cadence(pcs: tuple[int, ...], slot: int, length: int, centre: float, previous: int) -> Tone:
    """A phrase's last note: the tone of ``pcs`` nearest to where the melody is."""
    options = [p for p in range(int(centre) - 11, int(centre) + 12) if p % 12 in pcs]
    pitch = min(
        options,
        key=lambda p: (
            abs(p - previous) + (2.2 if p == previous else 0.0) + 0.3 * abs(p - centre),
            p,
        ),
    )
    return Tone(slot, length, _within_octaves([pitch], previous)[0])


def _within_octaves(pitches: list[int], last: int) -> list[int]:
    """Octaves moved where a leap would be larger than one."""
    made = []
    for pitch in pitches:
        moved = pitch
        while moved - last > 12:
            moved -= 12
        while last - moved > 12:
            moved += 12
        made.append(moved)
        last = moved
    return made
