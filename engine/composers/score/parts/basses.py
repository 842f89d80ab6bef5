"""Bass lines."""

from __future__ import annotations

from collections.abc import Callable

from engine.composers.score.parts.rhythms import EIGHTHS, SLOW
from engine.composers.score.parts.ties import struck
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Harmony
from engine.composers.score.writing.tones import scale_pitches

BassLine = Callable[[Writer, str, Harmony, int], None]
"""(writer, instrument, harmony, the slot at which it ends)."""


def _fifth(harmony: Harmony) -> int:
    """The chord tone about a fifth above a low bass, or a fourth below a high one: under an
    inversion that is no fifth."""
    bass, chord = harmony.bass, harmony.chord
    reach = (7, 8, 9, 5, 6, 4, 3) if bass < 43 else (-5, -4, -3, -6, -7, -8, -9)
    tones = [bass + step for step in reach if (bass + step) % 12 in chord.pcs[:3]]
    return tones[0] if tones else bass


def _bare_fifth(harmony: Harmony) -> tuple[int, ...]:
    """The bass, and its fifth where the chord has it and it is not low enough to be mud."""
    fifth = harmony.bass + 7
    return (
        (harmony.bass, fifth) if fifth < 53 and fifth % 12 in harmony.chord.pcs else (harmony.bass,)
    )


_LOWEST = 33
"""MIDI: a pedal lies in the octave from here."""
_HOLDS = {"cello", "warm pad", "glass pad", "strings", "organ"}
"""Basses that sound on while they are held."""


def standing(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The root held; on what dies away it is touched again, an octave up or as a fifth, half way
    through a bar: the level of calm music must not heave from bar to bar."""
    span, root = end - harmony.slot, harmony.bass
    if name in _HOLDS:
        for tone in struck(w, harmony, lambda h: (h.bass,), lap=0.1):
            w.add("bass", name, tone.slot, tone.slots, tone.pitch, 0.86)
        return
    w.add("bass", name, harmony.slot, 0.97 * span, root, 0.86)
    if span >= w.slots:
        again = w.section("bass").pick((root, _fifth(harmony), root + 12 if root <= 40 else root))
        w.add("bass", name, w.feel.half, 0.97 * (span - w.feel.half), again, 0.80)


def plain(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The root held; root and fifth, then pick-ups, as the music wakes."""
    span, root = end - harmony.slot, harmony.bass
    if w.energy < 0.42:
        standing(w, name, harmony, end)
        return
    half = w.feel.half
    w.add("bass", name, harmony.slot, 0.7 * min(span, half), root, 1.0)
    if span < w.slots:
        return
    second = w.section("bass").pick((_fifth(harmony), root, root + 12 if root <= 40 else root))
    if w.energy > 0.65:
        w.add("bass", name, half - 2, 1.8, root, 0.75)
    w.add("bass", name, half, 0.7 * (end - half), second if w.energy < 0.75 else root, 0.85)
    if w.energy > 0.6:
        w.add("bass", name, end - 2, 1.8, _fifth(harmony), 0.7)


def bowed(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """A long bow; a second one, on the fifth or a passing tone, from the middle of a bar."""
    span, root, half = end - harmony.slot, harmony.bass, w.feel.half
    if span < w.slots or w.energy < 0.45:
        standing(w, name, harmony, end)
        return
    w.add("bass", name, 0, 0.97 * half, root, 0.9)
    if w.energy <= 0.6 or end - half < 6:
        w.add("bass", name, half, 0.97 * (end - half), _fifth(harmony), 0.8)
        return
    turn = w.feel.slow[-1]
    w.add("bass", name, half, 0.97 * (turn - half), _fifth(harmony), 0.8)
    w.add("bass", name, turn, 0.97 * (end - turn), _step(w, _fifth(harmony), -1), 0.74)


def drone(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Root and fifth held under everything, the octave pulsing softly when aroused."""
    for tone in struck(w, harmony, _bare_fifth, stagger=0.3):
        w.add("bass", name, tone.slot, tone.slots, tone.pitch, 0.55 if tone.voice else 0.82)
    if w.energy > 0.6:
        for slot in w.grid(SLOW if w.energy < 0.8 else EIGHTHS, harmony.slot, end):
            w.add("bass", name, slot, 2.2, harmony.bass + 12, 0.55)


def walking(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Two to the bar when calm, else one to the beat: root, chord tones, a step that leads on."""
    span, root = end - harmony.slot, harmony.bass
    if w.energy < 0.25:
        standing(w, name, harmony, end)
        return
    if w.energy < 0.45:
        half = w.feel.half
        w.add("bass", name, harmony.slot, 0.82 * min(span, half), root, 0.95)
        if span >= w.slots:
            w.add("bass", name, half, 0.82 * (end - half), _fifth(harmony), 0.82)
        return
    dice = w.dice("walking" + str(harmony.slot))
    third = next((p for p in range(root + 2, root + 6) if p % 12 in harmony.chord.pcs), root + 12)
    lines = (
        (root, third, _fifth(harmony), _step(w, root, 1)),
        (root, _step(w, root, 1), third, _fifth(harmony)),
        (root, _fifth(harmony), third, _step(w, root, -1)),
    )
    line = dice.pick(lines)
    slots = w.grid(SLOW, harmony.slot, end)
    for k, (slot, until) in enumerate(zip(slots, [*slots[1:], end], strict=True)):
        leads_on = k >= 2 and until == end
        pitch = line[3] if leads_on else line[k % 4]
        w.add("bass", name, slot, 0.92 * (until - slot), pitch, 0.92 if k == 0 else 0.82)
        if w.energy > 0.65 and k % 2 and until - slot == 4 and dice.chance(0.45):
            w.add("bass", name, slot + 2, 1.2, pitch, 0.62)


def syncopated(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The root, then before the beat; a section keeps its rhythm."""
    span, root = end - harmony.slot, harmony.bass
    if w.energy < 0.25 or span < w.slots:
        standing(w, name, harmony, end)
        return
    rhythm = w.section("bass").pick(w.feel.basses)
    pitches = (root, root, _fifth(harmony))
    for k, slot in enumerate(rhythm):
        until = rhythm[k + 1] if k + 1 < len(rhythm) else end
        w.add("bass", name, slot, 0.85 * (until - slot), pitches[k], 0.98 if k == 0 else 0.8)
    if w.energy > 0.6:
        w.add("bass", name, w.slots - 1, 0.9, root + 12 if root < 43 else root, 0.62)


def eighths(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Roots: halves, then quarters, then driving eighths."""
    slots = w.grid(SLOW if w.energy < 0.55 else EIGHTHS, harmony.slot, end)
    halves = w.energy < 0.35
    if halves:
        slots = [slot for slot in slots if slot in (harmony.slot, w.feel.half)]
    for slot, until in zip(slots, [*slots[1:], end], strict=True):
        pitch = (
            _fifth(harmony) if until == end and slot > harmony.slot and not halves else harmony.bass
        )
        w.add("bass", name, slot, 0.82 * (until - slot), pitch, w.stress(slot, 0.94, 0.74, 0.74))


def offbeat(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The root on the beat, its octave between: the bass of dance music, at rest held."""
    root = harmony.bass
    if w.energy < 0.32:
        standing(w, name, harmony, end)
        return
    up = root + 12 if root <= 42 else root
    pulse = w.bar.metre.pulse
    for slot in range(harmony.slot, end, pulse):
        w.add("bass", name, slot, 1.7, root, 0.9)
        if slot + pulse - 2 < end:
            w.add("bass", name, slot + pulse - 2, 1.5, up, 0.72)
            if w.energy > 0.75:
                w.add("bass", name, slot + pulse - 1, 0.9, root, 0.6)


def _step(w: Writer, pitch: int, way: int) -> int:
    """The scale tone next to ``pitch``, upwards or downwards."""
    ladder = scale_pitches(w.bar.tonic, w.bar.mode, pitch - 4, pitch + 4)
    if way > 0:
        return next((p for p in ladder if p > pitch), pitch + 2)
    return next((p for p in reversed(ladder) if p < pitch), pitch - 2)


def throbbing(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """The key's tonic as a pedal in eighths whose accents pull against the metre, each come to from
    the tritone over it; where a phrase ends, the chord's own bass. By somebody else than a bass an
    octave higher, among the figures."""
    own = name == w.ensemble.bass
    bass = harmony.bass if w.cadence else _LOWEST + (w.bar.tonic - _LOWEST) % 12
    bass += 0 if own else 12
    leans = {slot or w.slots for slot in w.feel.lean}
    for slot in w.grid(EIGHTHS, harmony.slot, end):
        accented = slot in w.feel.lean or slot == harmony.slot
        pitch = bass + 6 if slot + EIGHTHS in leans and not accented else bass
        part = "bass" if own else "figure"
        w.add(part, name, slot, 1.6, pitch, 0.86 if accented else 0.6)


def lifted(w: Writer, name: str, harmony: Harmony, end: int) -> None:
    """Root, and fifth from the middle of a bar, each let go early: a step that is danced softly."""
    half, full = w.feel.half, end - harmony.slot >= w.slots
    share = 0.9 if name in _HOLDS else 0.65
    until = half if full else end
    w.add("bass", name, harmony.slot, share * (until - harmony.slot), harmony.bass, 0.88)
    if full:
        w.add("bass", name, half, share * (end - half), _fifth(harmony), 0.78)


BASSES: dict[str, BassLine] = {
    "plain": plain,
    "bowed": bowed,
    "drone": drone,
    "walking": walking,
    "syncopated": syncopated,
    "eighths": eighths,
    "offbeat": offbeat,
    "throbbing": throbbing,
    "lifted": lifted,
}
