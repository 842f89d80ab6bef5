"""Lines above the accompaniment: melody, counter-melody, answers, fills, pads."""

from __future__ import annotations

from collections.abc import Sequence

from engine.affect.descriptor import describe
from engine.composers.score.parts.ensembles import HOLDING
from engine.composers.score.parts.rhythms import EIGHTHS, SLOW
from engine.composers.score.parts.ties import Voices, struck
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Harmony
from engine.composers.score.writing.tones import Tone, scale_pitches

_BREATH, _SHORT = 2.0, 1.5
"""Sixteenths: how long a melody breathes at a phrase's end, and how short its last tone may be for
it."""
_WIDE = 6
"""Semitones that open voices lie apart at least."""
_SWEET = {3, 4, 8, 9}
"""Semitones: thirds and sixths."""
_WINDS = {"clarinet", "saxophone", "horn", "oboe", "flute", "trumpet", "voice"}
"""Who has to breathe."""
_RAISED, _LOW_ENOUGH = 0.44, 72.5
"""Arousal from which a melody is doubled, and the highest register (MIDI) in which it is."""


def lead(w: Writer) -> None:
    """The melody, in an aroused section's second phrases doubled an octave higher. It breathes
    where a phrase ends, however aroused it is."""
    bar, voice = w.bar, w.ensemble.voice
    hold = min(1.0, bar.descriptor.articulation + 0.05)
    doubled = _doubled(w)
    for tone in bar.melody:
        accent = w.stress(tone.slot, 1.06, 0.98, 0.90)
        pitch = tone.pitch + 12 * voice.octave
        length = tone.length * hold
        if w.cadence and tone == bar.melody[-1]:
            length = min(length, max(_SHORT, w.slots - _BREATH - tone.slot))
        w.add("lead", voice.lead, tone.slot, length, pitch, accent)
        if doubled:
            w.add("colour", voice.lead, tone.slot, length, pitch + 12, 0.62)


def _doubled(w: Writer) -> bool:
    """Whether the phrase's melody has its octave: what is sung higher would be shrill with it. Of
    a phrase as a whole, so that it does not come and go by the bar."""
    begun = w.begun
    low = describe(begun).register <= _LOW_ENOUGH
    return w.body and w.bar.phrase % 2 == 1 and begun.arousal > _RAISED and low


def pad(w: Writer, harmony: Harmony, end: int, full: bool) -> None:
    """The upper voices held; a ``full`` chord as the music grows, two voices in thin phrases."""
    name = w.ensemble.style.pad
    if name is None:
        return
    driven = w.ensemble.style.drive is not None and w.energy > 0.6
    thin = not full or driven or w.ensemble.figure in HOLDING
    count = 2 if thin else 3 if w.energy < 0.6 else 4
    if w.bar.kind == "final":
        for pitch in harmony.voicing[-count:]:
            w.add("pad", name, 0, end, pitch, 0.85)
        return
    upper = _bare if w.sad else _open if w.takes("open", w.temper.calm) else _tight(count)
    if w.restless:
        upper = _tritone(upper)
    for tone in struck(w, harmony, upper, stagger=0.4):
        w.add("pad", name, tone.slot, tone.slots, tone.pitch, 0.85)
    low = harmony.voicing[-count]
    if full and w.energy > 0.8 and low + 12 <= 72:
        w.add("pad", name, harmony.slot, end - harmony.slot, low + 12, 0.6)


def _bare(harmony: Harmony) -> tuple[int, ...]:
    """Root and fifth alone, without the third that would warm them."""
    chord = harmony.chord.pcs
    tones = [p for p in harmony.voicing if p % 12 in (chord[0], chord[2])]
    return tuple(tones[:2]) or harmony.voicing[-2:]


def _tight(count: int) -> Voices:
    return lambda harmony: harmony.voicing[-count:]


def _open(harmony: Harmony) -> tuple[int, ...]:
    """The lowest voice and, far from it, the chord's third or else the highest: wide, and few."""
    low, *others = harmony.voicing
    third = [p for p in others if p % 12 == harmony.chord.pcs[1] and p - low > _WIDE]
    return low, (third or others)[-1]


def _tritone(others: Voices) -> Voices:
    """The chord's tritone where it has one, else what ``others`` hold."""

    def voices(harmony: Harmony) -> Sequence[int]:
        pcs = {pitch % 12 for pitch in harmony.voicing}
        tones = tuple(p for p in harmony.voicing if (p + 6) % 12 in pcs)
        return tones or others(harmony)

    return voices


def second(w: Writer) -> None:
    """A second voice in thirds and sixths under the melody, by whoever sings it: a tone of the
    chord where the melody has one on a beat, else the third of the scale under it."""
    bar, voice = w.bar, w.ensemble.voice
    hold = min(1.0, bar.descriptor.articulation + 0.05)
    for tone in bar.melody:
        chord = [h for h in bar.harmony if h.slot <= tone.slot][-1].chord
        scale = scale_pitches(bar.tonic, bar.mode, tone.pitch - 9, tone.pitch - 3)
        near = [p for p in reversed(scale) if tone.pitch - p in _SWEET]
        heard = [p for p in near if p % 12 in chord.pcs]
        weak = not bar.metre.weight(tone.slot) and tone.length <= EIGHTHS
        if heard or (weak and near):
            pitch = (heard or near)[0] + 12 * voice.octave
            w.add("counter", voice.lead, tone.slot, tone.length * hold, pitch, 0.7)


def counter(w: Writer) -> None:
    """A second line that moves where the melody holds, and holds where it moves: from an inner
    voice of the chord by step to the next one's."""
    name, bar = w.ensemble.style.counter, w.bar
    presence = w.presence(0.34 if (bar.section + bar.seed) % 2 else 0.5)
    if name is None or not w.body or not presence or name == w.ensemble.voice.lead or w.bar.echo:
        return
    first, last = bar.harmony[0], bar.harmony[-1]
    start, goal = first.voicing[-2], last.voicing[-2]
    slot = _longest(bar.melody, w.slots) if bar.melody else 0
    room = w.slots - slot
    if name in _WINDS and (room < 6 or w.energy < 0.45):
        _breathed(w, name, start, goal, 0.72 * presence)
        return
    if room < 6 or w.energy < 0.45:
        for tone in struck(w, first, lambda h: h.voicing[-2:-1]):
            w.add("counter", name, tone.slot, tone.slots, tone.pitch, 0.72 * presence)
        return
    if slot:
        w.add("counter", name, 0, slot, start, 0.70 * presence)
    ladder = scale_pitches(bar.tonic, bar.mode, min(start, goal) - 5, max(start, goal) + 5)
    way = -1 if w.sad else w.section("counter").pick((1, -1))
    passing = [p for p in ladder if (p - start) * way > 0][:: 1 if way > 0 else -1]
    middle = passing[0] if passing else start
    step = 2 if w.energy > 0.7 else 4 if room >= 10 else 3
    line = (start, middle, goal) if start != goal else (start, middle, start)
    for k, pitch in enumerate(line[1:]):
        at = slot + step * k
        length = step if k == 0 else w.slots - at
        w.add("counter", name, at, length, pitch, (0.78 + 0.04 * k) * presence)


def _breathed(w: Writer, name: str, start: int, goal: int, accent: float) -> None:
    """A bar by somebody who has to breathe: one tone, or one to its middle and another that is
    softer, let go before the bar is over."""
    half, until = w.feel.half, w.slots - _BREATH
    if start == goal:
        w.add("counter", name, 0, until, start, accent)
        return
    w.add("counter", name, 0, half, start, accent)
    w.add("counter", name, half, until - half, goal, 0.9 * accent)


def canon(w: Writer) -> None:
    """The second voice of a canon, by whoever has a second line or answers."""
    name = w.ensemble.style.counter or w.ensemble.answer
    for tone in w.bar.echo:
        w.add("counter", name, tone.slot, tone.length, tone.pitch, 0.84)


def _longest(melody: tuple[Tone, ...], slots: int) -> int:
    """The slot, past its onset, from which the longest tone is merely held."""
    tone = max(melody, key=lambda t: (t.length, t.slot))
    return min(slots - 1, tone.slot + (2 if tone.length >= 6 else 4)) // 2 * 2


def answer(w: Writer) -> None:
    """While the melody breathes at a cadence, chord tones answer it: rising, falling or turning,
    by section. A colour instrument also adds single notes above the harmony elsewhere."""
    bar, name = w.bar, w.ensemble.answer
    last = bar.harmony[-1]
    if w.cadence and bar.start > 0:
        step = SLOW if w.energy < 0.25 else EIGHTHS
        count = 3 if w.energy < 0.6 else 4
        tones = [*last.voicing, last.voicing[0] + 12]
        shapes = ((0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 3, 2), (0, 2, 1, 3))
        shape = w.section(f"answer {bar.phrase % 2} {bar.phrase_bar}").pick(shapes)
        for i, slot in enumerate(range(w.slots - count * step, w.slots, step)):
            if slot < 6:
                continue
            pitch = tones[min(shape[i % 4], len(tones) - 1)] + 12
            # What comes after the phrase is not known yet: nothing hangs over into it.
            length = min(2 * step, w.slots - slot)
            w.add("colour", name, slot, length, pitch, 0.64 + 0.04 * i)
        return
    if w.ensemble.style.colour is None or bar.kind == "final":
        return
    dice = w.dice("colour")
    for slot in w.feel.between:
        if dice.chance(0.08 + 0.42 * w.energy):
            w.add("colour", name, slot, 6, dice.pick(last.voicing) + 12, 0.58)


def fill(w: Writer) -> None:
    """The last beats of a period: those who can run lead into the next one."""
    bar, name = w.bar, w.ensemble.figure
    if not w.body or not bar.ends_period or w.energy < 0.3 or w.ensemble.style.fill == "":
        return
    harmony = bar.harmony[-1]
    low = harmony.voicing[0]
    if w.ensemble.style.fill == "run":
        ladder = scale_pitches(bar.tonic, bar.mode, low - 2, low + 14)
        line = [p for p in ladder if p >= low][:4]
    else:
        line = [p for p in range(low, low + 30) if p % 12 in harmony.chord.pcs][:6]
    length = 4.0 if w.ensemble.style.fill == "run" else 3.6
    for i, pitch in enumerate(line):
        slot = w.slots - length + length * i / len(line)
        w.add("figure", name, slot, 4, pitch, 0.60 + 0.03 * i)
