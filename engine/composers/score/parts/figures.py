"""Accompanying figures: what hands and players do with a chord."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.composers.score.dice import Dice
from engine.composers.score.parts import guitar
from engine.composers.score.parts.rhythms import EIGHTHS, SIXTEENTHS, SLOW
from engine.composers.score.parts.ties import struck
from engine.composers.score.parts.touch import LAST_NOTE
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Harmony

Figure = Callable[[Writer, str, Harmony, int], None]
"""(writer, instrument, harmony, the slot at which it ends)."""


def held(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The chord, its voices entering one after another from below."""
    if w.bar.kind == "final":
        for i, pitch in enumerate(harmony.voicing):
            w.add("figure", name, 0.12 * i, end, pitch, 0.8)
        return
    for tone in struck(w, harmony, lambda h: h.voicing, stagger=0.5):
        w.add("figure", name, tone.slot, tone.slots, tone.pitch, 0.8)


def ring_out(w: Writer, name: str, harmony: Harmony) -> None:
    """The last chord again, one soft note a beat from below: what is struck rings away long
    before a held last bar is over, and would leave the session's end silent."""
    bar, pulse = w.bar, w.bar.metre.pulse
    for beat in range(1, 4 * (bar.length - LAST_NOTE) // (pulse * bar.beat) + 1):
        pitch = harmony.voicing[(beat - 1) % len(harmony.voicing)]
        w.add("figure", name, pulse * beat, w.slots, pitch, 0.62)


def breathing(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Held voices that enter and leave one after another: a pad that breathes."""
    voices = harmony.voicing
    stagger = 1.2 - 0.7 * w.energy
    for tone in struck(w, harmony, lambda h: h.voicing, stagger):
        w.add("figure", name, tone.slot, tone.slots, tone.pitch, 0.84 - 0.03 * tone.voice)
    half = w.feel.half
    if w.energy > 0.55 and harmony.slot == 0 and end > half:
        w.add("figure", name, half, end - half, voices[-1] + 12, 0.55)


class _Rests:
    """Which notes off the beat are left out: nearly half where a figure has just begun to move,
    hardly any from the middle of the range of arousal on, so that it fills by and by."""

    def __init__(self, w: Writer) -> None:
        self._dice, self._slow = w.dice("rests"), w.feel.slow
        self._share = 0.06 + 1.5 * max(0.0, 0.52 - w.motion)

    def at(self, slot: int) -> bool:
        return slot not in self._slow and self._dice.chance(self._share)


def broken(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The voices one after another, in the section's order."""
    order = w.section("figure").pick(w.feel.orders)
    if w.sad:
        order = tuple(3 - place for place in order)  # what rises falls
    step = SLOW if w.motion < 0.25 else EIGHTHS if w.energy < 0.76 else SIXTEENTHS
    voices = harmony.voicing
    if w.cadence and harmony.slot == 0 and end == w.slots:
        step = min(SLOW, 2 * step)
    rests = _Rests(w)
    for i, slot in enumerate(w.grid(step, harmony.slot, end)):
        if i and rests.at(slot):
            continue
        accent = w.stress(slot, 0.94, 0.80, 0.72)
        place = min(order[i % len(order)], len(voices) - 1)
        w.add("figure", name, slot, end - slot, voices[place], accent)


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
    order = w.section("figure").pick(w.feel.spans)
    step = SLOW if w.motion < 0.25 else EIGHTHS if w.energy < 0.72 else SIXTEENTHS
    rests = _Rests(w)
    for i, slot in enumerate(w.grid(step, harmony.slot, end)):
        if i and rests.at(slot):
            continue
        accent = 0.92 if slot == harmony.slot else w.stress(slot, 0.78, 0.76, 0.70)
        w.add("figure", name, slot, end - slot, span[order[i % len(order)]], accent)
    if w.energy > 0.4:
        for slot in w.feel.pairs[: 1 + (w.energy > 0.65)]:
            if harmony.slot <= slot < end:
                w.add("figure", name, slot, end - slot, harmony.voicing[-1], 0.6)


STILL = 0.25
"""Energy below which chords are unfolded over the beats: blocks of sound a bar apart would make
the level heave, and a calm listener would wait for each."""


def unfolded(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A chord whose voices enter on successive beats and stay."""
    voices = harmony.voicing
    order = w.section("figure").pick(((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)))
    for i, slot in enumerate(w.grid(SLOW, harmony.slot, end)):
        pitch = voices[min(order[i % 4], len(voices) - 1)]
        w.add("figure", name, slot, end - slot, pitch, 0.80 if i == 0 else 0.76)


def chorale(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Chords on the beat, the outer voices a little ahead of the inner; eighths when aroused."""
    if w.energy < STILL:
        unfolded(w, name, harmony, end)
        return
    slots = w.grid(SLOW if w.energy < 0.7 else EIGHTHS, harmony.slot, end)
    for slot, until in zip(slots, [*slots[1:], end], strict=True):
        # With bass and melody four or five parts: as many as two hands hold.
        voices = harmony.voicing[-3:] if slot == harmony.slot else harmony.voicing[-3:-1]
        accent = w.stress(slot, 0.74, 0.62, 0.54)
        length = min(end - slot, 1.15 * (until - slot))
        for i, pitch in enumerate(voices):
            w.add("figure", name, slot + 0.05 * i, length, pitch, accent)
        if w.energy > 0.8:
            w.add("figure", name, slot + 1, 1.15, harmony.voicing[-3], 0.5)


def rocking(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """One low voice and the others in turn, to and fro."""
    low, others = harmony.voicing[0], harmony.voicing[1:]
    step = SLOW if w.motion < 0.25 else EIGHTHS if w.energy < 0.78 else SIXTEENTHS
    pairs = (others[:2], others[-2:])
    rests = _Rests(w)
    slots = w.grid(step, harmony.slot, end)
    turn = 0
    for i, (slot, until) in enumerate(zip(slots, [*slots[1:], end], strict=True)):
        if i and rests.at(slot):
            continue
        accent = w.stress(slot, 0.88, 0.70, 0.70)
        if i == 0 or _sinks(w, i, slot):
            w.add("figure", name, slot, 2.2 * (until - slot), low, accent)
            continue
        for pitch in pairs[turn % 2]:
            w.add("figure", name, slot + 0.03, 1.8 * (until - slot), pitch, 0.62)
        turn += 1


def _sinks(w: Writer, i: int, slot: int) -> bool:
    """Whether a rocking hand is down: every other time in four, else where the metre is strong,
    so that a waltz's after-beats and a barcarole's are above."""
    return i % 2 == 0 if w.slots == 16 else w.bar.metre.weight(slot) >= 2


def comp(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Chords without their root in a rhythm that leans off the beat; a bar in four is left
    open."""
    if w.energy < STILL:
        unfolded(w, name, harmony, end)
        return
    rhythm = w.section("figure").pick(w.feel.busy_comps if w.energy > 0.55 else w.feel.comps)
    slots = [s for s in rhythm if harmony.slot <= s < end] or [harmony.slot]
    voices = harmony.voicing[1:] if len(harmony.voicing) > 3 else harmony.voicing
    dice = w.dice("comp")
    for k, slot in enumerate(slots):
        until = slots[k + 1] if k + 1 < len(slots) else end
        short = w.energy > 0.5 and dice.chance(0.5)
        length = 1.6 if short else 0.92 * (until - slot)
        accent = w.stress(slot, 0.80, 0.70, 0.70)
        for i, pitch in enumerate(voices):
            w.add("figure", name, slot + 0.06 * i, length, pitch, accent)


def rolled(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A rolled chord over two octaves, then single tones falling from its top."""
    span = _ladder(harmony, 4 if w.energy < 0.5 else 5, _under(w, _CEILING))
    gap = 0.55 - 0.3 * w.energy
    still = w.energy < STILL
    rolled_up = span
    if still:
        # As many tones as chords have that are unfolded over the beats, and not twice as many.
        span, rolled_up, gap = span[:4], span[:2], 1.0
    for i, pitch in enumerate(rolled_up):
        slot = harmony.slot + gap * i
        w.add("figure", name, slot, end - slot, pitch, 0.70 + 0.03 * i)
    start = harmony.slot + max(w.feel.half if still else 4, gap * len(rolled_up))
    step = SLOW if w.energy < 0.4 else EIGHTHS if w.energy < 0.78 else SIXTEENTHS
    falling = [slot for slot in w.grid(step, harmony.slot, end) if slot >= start]
    for i, slot in enumerate(falling):
        pitch = span[-1 - (i + 1) % (len(span) - 1)]
        w.add("figure", name, slot, end - slot, pitch, w.stress(slot, 0.76, 0.76, 0.68))


def cascade(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Arpeggios through two octaves, up in one phrase and down in the next."""
    span = _ladder(harmony, 7, _under(w, _CEILING + 5))
    walk = [*span, *span[-2:0:-1]]
    if w.bar.phrase_bar >= w.bar.phrase_bars // 2:
        walk = walk[len(span) - 1 :] + walk[: len(span) - 1]
    step = SLOW if w.energy < 0.25 else EIGHTHS if w.energy < 0.7 else SIXTEENTHS
    for i, slot in enumerate(w.grid(step, harmony.slot, end)):
        accent = 0.90 if slot == harmony.slot else w.stress(slot, 0.74, 0.74, 0.66)
        w.add("figure", name, slot, min(12, end - slot), walk[i % len(walk)], accent)


_CEILING = 72
"""MIDI: above it a figure would be in the melody's way."""
_FEWEST = 4
"""Tones that a roll has."""


def _under(w: Writer, ceiling: int) -> int:
    """``ceiling``, or what is left of it under the lowest tone that the bar's melody sings. Who
    leads from the tenor has the figures about them."""
    octave = w.ensemble.voice.octave
    if octave < 0 or not w.bar.melody:
        return ceiling
    return min(ceiling, min(tone.pitch for tone in w.bar.melody) + 12 * octave - 1)


def _ladder(harmony: Harmony, count: int, ceiling: int) -> tuple[int, ...]:
    """Up to ``count`` chord tones upwards from the bass's octave; from the bass itself where too
    few lie between that and ``ceiling``."""
    pcs = harmony.chord.pcs
    tones = [p for p in range(harmony.bass + 12, ceiling + 1) if p % 12 in pcs]
    if len(tones) < _FEWEST:
        tones = [p for p in range(harmony.bass, harmony.bass + 25) if p % 12 in pcs]
        tones = [p for i, p in enumerate(tones) if p <= ceiling or i < _FEWEST]
    return tuple(tones[:count])


def pulse(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Short chords in the section's rhythm; the lowest voice keeps to the first."""
    rhythm = w.section("figure").pick(w.feel.busy_pulses if w.energy > 0.55 else w.feel.pulses)
    slots = [s for s in rhythm if harmony.slot <= s < end]
    if harmony.slot not in slots:
        slots = [harmony.slot, *slots]
    length = 3.6 - 2.2 * w.energy
    for count, slot in enumerate(slots):
        accent = w.stress(slot, 0.80, 0.66, 0.66)
        for i, pitch in enumerate(harmony.voicing[1:] if count else harmony.voicing):
            w.add("figure", name, slot + 0.02 * i, length, pitch, accent)


def sequence(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A sequencer's line over the chord, accents moving against the bar."""
    tones = [*harmony.voicing, harmony.voicing[0] + 12]
    order = w.section("figure").pick(
        ((0, 2, 1, 3), (0, 1, 2, 3, 4, 3), (0, 2, 4, 1, 3), (0, 3, 1, 4, 2))
    )
    step = SLOW if w.energy < 0.2 else EIGHTHS if w.energy < 0.6 else SIXTEENTHS
    length = max(0.9, 3.0 * step * (1.1 - w.energy))
    for i, slot in enumerate(w.grid(step, harmony.slot, end)):
        pitch = tones[order[i % len(order)] % len(tones)]
        w.add("figure", name, slot, length, pitch, 0.80 if i % 3 == 0 else 0.64)


def shimmer(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Single high tones that fall where they will, more of them as the music wakes; what would
    come up to the melody falls an octave lower."""
    dice = w.dice("shimmer" + str(harmony.slot))
    most = _under(w, 127)
    tones = [p + 12 if p + 12 <= most else p for p in harmony.voicing]
    share = 0.10 + 0.70 * w.energy
    for slot in w.grid(EIGHTHS if w.energy < 0.75 else SIXTEENTHS, harmony.slot, end):
        if dice.chance(share + 0.15 if w.bar.metre.weight(slot) else share):
            w.add("figure", name, slot, 8, dice.pick(tones), 0.56 + 0.16 * dice.uniform())


def offbeats(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Two inner voices off the beat, short and soft, where nothing else is struck; the gladder, the
    clearer. Without dice: as many in a section as in the next."""
    places = w.feel.between[1::2]
    struck = {round(stroke.slot) for stroke in w.strokes if stroke.part == "figure"}
    for slot in places:
        if harmony.slot < slot < end and slot not in struck:
            for pitch in harmony.voicing[1:3]:
                w.add("figure", name, slot, 2, pitch, 0.3 + 0.26 * w.temper.glad)


def pizzicato(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A low pluck on the beat, chords between; in three and six on the after-beats."""
    common = w.slots == 16
    slots = w.grid(SLOW, harmony.slot, end)
    for i, slot in enumerate(slots):
        strong = w.bar.metre.weight(slot) >= 2 or i == 0
        if common or strong:
            w.add("figure", name, slot, 3, harmony.voicing[0], 0.84 if strong else 0.72)
        if (common and w.energy < STILL and not strong) or (strong and not common):
            continue
        after = slot + 2 if common else slot
        for pitch in harmony.voicing[1:]:
            if after < end:
                w.add("figure", name, after, 2, pitch, 0.66)
                if w.energy > 0.75:
                    w.add("figure", name, after + 1, 2, pitch, 0.56)


def ostinato(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Short repeated notes in two voices, accents pulling against the metre."""
    step = SLOW if w.energy < 0.42 else EIGHTHS if w.energy < 0.75 else SIXTEENTHS
    low, high = harmony.voicing[0], harmony.voicing[-2:]
    force = min(1.0, 0.4 + 1.6 * max(0.0, w.energy - 0.4))
    for i, slot in enumerate(w.grid(step, harmony.slot, end)):
        accented = slot in w.feel.lean
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
