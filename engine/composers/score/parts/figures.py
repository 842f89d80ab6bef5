"""Accompanying figures: what hands and players do with a chord."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.composers.score.dice import Dice
from engine.composers.score.parts import guitar
from engine.composers.score.parts.writer import LAST_NOTE, Writer
from engine.composers.score.writing.form import Harmony

Figure = Callable[[Writer, str, Harmony, int], None]
"""(writer, instrument, harmony, the slot at which it ends)."""

_ORDERS = ((0, 1, 2, 3, 2, 1), (0, 2, 1, 2), (0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 2, 1, 2, 3))
"""Orders in which a broken chord's voices come; a section keeps one."""


def held(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The chord, its voices entering one after another from below."""
    for i, pitch in enumerate(harmony.voicing):
        slot = harmony.slot + 0.12 * i
        w.add("figure", name, slot, end - slot, pitch, 0.8)


def ring_out(w: Writer, name: str, harmony: Harmony) -> None:
    """The last chord again, one soft note a beat from below: what is struck rings away long
    before a held last bar is over, and would leave the session's end silent."""
    bar = w.bar
    for beat in range(1, (bar.length - LAST_NOTE) // bar.beat + 1):
        pitch = harmony.voicing[(beat - 1) % len(harmony.voicing)]
        w.add("figure", name, 4 * beat, 16, pitch, 0.62)


def breathing(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Held voices that enter a beat apart, inner ones moving: a pad that breathes."""
    step = 3.0 - 2.0 * w.energy
    voices = harmony.voicing
    for i, pitch in enumerate(voices):
        slot = harmony.slot + step * i
        if slot < end - 2:
            w.add("figure", name, slot, end - slot, pitch, 0.84 - 0.03 * i)
    if w.energy > 0.55 and end - harmony.slot > 8:
        w.add("figure", name, harmony.slot + 8, end - harmony.slot - 8, voices[-1] + 12, 0.55)


class _Rests:
    """Which notes off the beat are left out: nearly half where a figure has just begun to move,
    hardly any from the middle of the range of arousal on, so that it fills by and by."""

    def __init__(self, w: Writer) -> None:
        self._dice, self._energy = w.dice("rests"), w.energy
        self._share = 0.06 + 1.5 * max(0.0, 0.52 - w.energy)

    def at(self, slot: int) -> bool:
        return slot % 4 != 0 and self._dice.chance(self._share)

    def pair(self, slot: int) -> bool:
        """Whether a second voice comes in on this beat of a figure at rest."""
        return slot % 8 == 0 or self._dice.chance(4.0 * self._energy)


def broken(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The voices one after another, in the section's order."""
    order = w.section("figure").pick(_ORDERS)
    step = 4 if w.energy < 0.25 else 2 if w.energy < 0.76 else 1
    voices = harmony.voicing
    if w.cadence and harmony.slot == 0 and end == 16:
        step = min(4, 2 * step)
    rests = _Rests(w)
    for i, slot in enumerate(range(harmony.slot, end, step)):
        if rests.at(slot):
            continue
        accent = 0.94 if slot % 8 == 0 else 0.80 if slot % 4 == 0 else 0.72
        place = min(order[i % len(order)], len(voices) - 1)
        w.add("figure", name, slot, end - slot, voices[place], accent)
        if step == 4 and rests.pair(slot):
            second = voices[(place + 2) % len(voices)]
            w.add("figure", name, slot + 0.15, end - slot, second, 0.66)


def wide(harmony: Harmony) -> tuple[int, ...]:
    """Root, fifth or so, octave and tenth upwards from the bass: a left hand that spans."""
    tones = [p for p in range(harmony.bass, harmony.bass + 29) if p % 12 in harmony.chord.pcs]
    made = [harmony.bass]
    for reach in (6, 11, 15, 20):
        made.append(next((p for p in tones if p >= harmony.bass + reach), made[-1] + 12))
    return tuple(made)


def nocturne(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A left hand over two octaves under one pedal, the right hand adding a soft inner voice."""
    span = wide(harmony)
    order = w.section("figure").pick(((0, 1, 3, 2, 3, 1), (0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 3, 1)))
    step = 4 if w.energy < 0.25 else 2 if w.energy < 0.72 else 1
    rests = _Rests(w)
    for i, slot in enumerate(range(harmony.slot, end, step)):
        if rests.at(slot):
            continue
        accent = 0.92 if slot == harmony.slot else 0.70 + 0.06 * (slot % 4 == 0)
        w.add("figure", name, slot, end - slot, span[order[i % len(order)]], accent)
        if step == 4 and i % 2 and rests.pair(slot):
            w.add("figure", name, slot + 0.15, end - slot, harmony.voicing[-1 - i % 3], 0.64)
    if w.energy > 0.4:
        for slot in (8, 14)[: 1 + (w.energy > 0.65)]:
            if harmony.slot <= slot < end:
                w.add("figure", name, slot, end - slot, harmony.voicing[-1], 0.6)


STILL = 0.25
"""Energy below which chords are unfolded over the beats: blocks of sound a bar apart would make
the level heave, and a calm listener would wait for each."""


def unfolded(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A chord whose voices enter on successive beats and stay."""
    voices = harmony.voicing
    order = w.section("figure").pick(((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)))
    rests = _Rests(w)
    for i, slot in enumerate(range(harmony.slot, end, 4)):
        pitch = voices[min(order[i % 4], len(voices) - 1)]
        w.add("figure", name, slot, end - slot, pitch, 0.80 if i == 0 else 0.76)
        if rests.pair(slot):
            second = voices[(order[i % 4] + 2) % len(voices)]
            w.add("figure", name, slot + 0.15, end - slot, second, 0.66)


def chorale(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Chords on the beat, the outer voices a little ahead of the inner; eighths when aroused."""
    if w.energy < STILL:
        unfolded(w, name, harmony, end)
        return
    step = 4 if w.energy < 0.7 else 2
    for slot in range(harmony.slot, end, step):
        # With bass and melody four or five parts: as many as two hands hold.
        voices = harmony.voicing[-3:] if slot == harmony.slot else harmony.voicing[-3:-1]
        accent = 0.74 if slot % 8 == 0 else 0.62 if slot % 4 == 0 else 0.54
        for i, pitch in enumerate(voices):
            w.add("figure", name, slot + 0.05 * i, min(end - slot, 1.15 * step), pitch, accent)
        if w.energy > 0.8:
            w.add("figure", name, slot + 1, 1.15, harmony.voicing[-3], 0.5)


def rocking(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """One low voice and the others in turn, to and fro."""
    low, others = harmony.voicing[0], harmony.voicing[1:]
    step = 4 if w.energy < 0.25 else 2 if w.energy < 0.78 else 1
    pairs = (others[:2], others[-2:])
    rests = _Rests(w)
    for i, slot in enumerate(range(harmony.slot, end, step)):
        if rests.at(slot):
            continue
        accent = 0.88 if slot % 8 == 0 else 0.70
        if i % 2 == 0:
            w.add("figure", name, slot, 2.2 * step, low, accent)
            continue
        for pitch in pairs[(i // 2) % 2]:
            w.add("figure", name, slot + 0.03, 1.8 * step, pitch, 0.62)


_COMPS = ((0, 6), (0, 10), (2, 8), (0, 7, 12))
_BUSY_COMPS = ((0, 6, 10), (0, 3, 8, 11), (2, 6, 10, 14), (0, 6, 12, 14))


def comp(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Chords without their root in a rhythm that leans off the beat; a bar in four is left
    open."""
    if w.energy < STILL:
        unfolded(w, name, harmony, end)
        return
    rhythm = w.section("figure").pick(_BUSY_COMPS if w.energy > 0.55 else _COMPS)
    slots = [s for s in rhythm if harmony.slot <= s < end] or [harmony.slot]
    voices = harmony.voicing[1:] if len(harmony.voicing) > 3 else harmony.voicing
    dice = w.dice("comp")
    for k, slot in enumerate(slots):
        until = slots[k + 1] if k + 1 < len(slots) else end
        short = w.energy > 0.5 and dice.chance(0.5)
        length = 1.6 if short else 0.92 * (until - slot)
        accent = 0.80 if slot % 8 == 0 else 0.70
        for i, pitch in enumerate(voices):
            w.add("figure", name, slot + 0.06 * i, length, pitch, accent)


def rolled(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A rolled chord over two octaves, then single tones falling from its top."""
    span = _ladder(harmony, 5 if w.energy < 0.5 else 7, _CEILING)
    gap = 0.55 - 0.3 * w.energy
    if w.energy < STILL:
        span, gap = span[:4], 1.0
    for i, pitch in enumerate(span):
        slot = harmony.slot + gap * i
        w.add("figure", name, slot, end - slot, pitch, 0.70 + 0.03 * i)
    start = harmony.slot + 4 * (1 + int(gap * len(span) / 4))
    step = 4 if w.energy < 0.4 else 2 if w.energy < 0.78 else 1
    for i, slot in enumerate(range(start, end, step)):
        pitch = span[-1 - (i + 1) % (len(span) - 1)]
        w.add("figure", name, slot, end - slot, pitch, 0.68 + 0.08 * (slot % 4 == 0))


def cascade(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Arpeggios through two octaves, up in one phrase and down in the next."""
    span = _ladder(harmony, 7, _CEILING + 5)
    walk = [*span, *span[-2:0:-1]]
    if w.bar.phrase_bar >= w.bar.phrase_bars // 2:
        walk = walk[len(span) - 1 :] + walk[: len(span) - 1]
    step = 4 if w.energy < 0.25 else 2 if w.energy < 0.7 else 1
    for i, slot in enumerate(range(harmony.slot, end, step)):
        accent = 0.90 if slot == harmony.slot else 0.74 if slot % 4 == 0 else 0.66
        w.add("figure", name, slot, min(12, end - slot), walk[i % len(walk)], accent)


_CEILING = 72
"""MIDI: above it a figure would be in the melody's way."""


def _ladder(harmony: Harmony, count: int, ceiling: int) -> tuple[int, ...]:
    """Up to ``count`` chord tones upwards from the bass's octave."""
    first = harmony.bass + 12
    tones = [p for p in range(first, ceiling + 1) if p % 12 in harmony.chord.pcs]
    return tuple(tones[:count])


_PULSES = ((0, 4, 8, 12), (0, 6, 12), (0, 3, 6, 8, 11, 14), (0, 4, 6, 10, 12), (2, 6, 10, 14))
_BUSY_PULSES = (
    (0, 2, 4, 6, 8, 10, 12, 14),
    (0, 3, 6, 8, 11, 14),
    (0, 2, 3, 6, 8, 10, 11, 14),
    (0, 2, 6, 8, 10, 14),
)


def pulse(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Short chords in the section's rhythm; the lowest voice keeps to the first."""
    rhythm = w.section("figure").pick(_BUSY_PULSES if w.energy > 0.55 else _PULSES)
    slots = [s for s in rhythm if harmony.slot <= s < end]
    if harmony.slot not in slots:
        slots = [harmony.slot, *slots]
    length = 3.6 - 2.2 * w.energy
    for count, slot in enumerate(slots):
        accent = 0.80 if slot % 8 == 0 else 0.66
        for i, pitch in enumerate(harmony.voicing[1:] if count else harmony.voicing):
            w.add("figure", name, slot + 0.02 * i, length, pitch, accent)


def sequence(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A sequencer's line over the chord, accents moving against the bar."""
    tones = [*harmony.voicing, harmony.voicing[0] + 12]
    order = w.section("figure").pick(
        ((0, 2, 1, 3), (0, 1, 2, 3, 4, 3), (0, 2, 4, 1, 3), (0, 3, 1, 4, 2))
    )
    step = 4 if w.energy < 0.2 else 2 if w.energy < 0.6 else 1
    length = max(0.9, 3.0 * step * (1.1 - w.energy))
    for i, slot in enumerate(range(harmony.slot, end, step)):
        pitch = tones[order[i % len(order)] % len(tones)]
        w.add("figure", name, slot, length, pitch, 0.80 if i % 3 == 0 else 0.64)


def shimmer(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Single high tones that fall where they will, more of them as the music wakes."""
    dice = w.dice("shimmer" + str(harmony.slot))
    tones = [p + 12 for p in harmony.voicing]
    step = 2 if w.energy < 0.75 else 1
    share = 0.10 + 0.70 * w.energy
    for slot in range(harmony.slot, end, step):
        if dice.chance(share if slot % 4 else share + 0.15):
            w.add("figure", name, slot, 8, dice.pick(tones), 0.56 + 0.16 * dice.uniform())


def pizzicato(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A low pluck on the beat, chords between."""
    step = 4
    for slot in range(harmony.slot, end, step):
        w.add("figure", name, slot, 3, harmony.voicing[0], 0.84 if slot % 8 == 0 else 0.72)
        if w.energy < STILL and slot % 8:
            continue
        for pitch in harmony.voicing[1:]:
            after = slot + step // 2
            if after < end:
                w.add("figure", name, after, 2, pitch, 0.66)
                if w.energy > 0.75:
                    w.add("figure", name, after + 1, 2, pitch, 0.56)


def ostinato(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Short repeated notes in two voices, accents of 3 + 3 + 2."""
    step = 4 if w.energy < 0.3 else 2 if w.energy < 0.75 else 1
    low, high = harmony.voicing[0], harmony.voicing[-2:]
    force = min(1.0, 0.4 + 1.6 * max(0.0, w.energy - 0.4))
    for i, slot in enumerate(range(harmony.slot, end, step)):
        accented = slot in (0, 6, 12)
        w.add("figure", name, slot, 0.8 * step, high[0], force * (0.80 if accented else 0.60))
        if accented or slot == harmony.slot:
            w.add("figure", name, slot, 1.4 * step, low, 0.80 * force)
        if i % 2 == 0 and w.energy > 0.5:
            w.add("figure", name, slot, 0.8 * step, high[-1], 0.58 * force)


FIGURES: dict[str, Figure] = {
    "held": held,
    "breathing": breathing,
    "broken": broken,
    "nocturne": nocturne,
    "chorale": chorale,
    "rocking": rocking,
    "comp": comp,
    "rolled": rolled,
    "cascade": cascade,
    "pulse": pulse,
    "sequence": sequence,
    "shimmer": shimmer,
    "pizzicato": pizzicato,
    "ostinato": ostinato,
    "picking": guitar.picking,
    "arpeggio": guitar.arpeggio,
    "strum": guitar.strum,
    "riff": guitar.riff,
}


def choice(seed: Dice, options: Sequence[str], period: int) -> str:
    """The figure of a period: the options in turn, begun anywhere."""
    return options[(period + int(seed.uniform() * len(options))) % len(options)]
