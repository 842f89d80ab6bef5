"""Bar and ensemble -> notes: who plays what, when, how loud and how bright."""

from __future__ import annotations

from typing import NamedTuple

from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.descriptor import affect_at, describe
from engine.composers.score.ensembles import Ensemble
from engine.composers.score.form import Bar, Harmony
from engine.composers.score.keyed import Dice
from engine.composers.score.percussion import hits

LONGEST_NOTE = 8 * SAMPLE_RATE
"""Frames from a note's onset to the start of its release, at most."""
LAST_NOTE = 3 * SAMPLE_RATE // 2
"""Frames before the session's end after which no note begins."""
_SPAN = 0.6
"""Gain is force to this power: the whole range of arousal spans some 5 dB."""
_HANDS = 520
"""Frames (11 ms) by which a note may come late: hands are not machines."""


class Note(NamedTuple):
    """A note as it is sounded; its audio is a pure function of these fields.

    ``onset`` and ``gate`` in frames; ``gain`` linear; ``brightness`` in [0, 1]; ``pan`` in
    [-1, 1]; ``send`` to the hall; ``entry`` picks a place in a looped sound.
    """

    onset: int
    part: str
    pitch: int
    instrument: str
    gate: int
    gain: float
    brightness: float
    pan: float
    send: float
    entry: int


class Seat(NamedTuple):
    """Where a part sits in the mix: linear gain, pan in [-1, 1], send to the hall."""

    gain: float
    pan: float
    send: float


SEATS: dict[str, Seat] = {
    "lead": Seat(0.92, 0.06, 0.30),
    "figure": Seat(0.52, -0.18, 0.26),
    "bass": Seat(0.58, 0.0, 0.07),
    "pad": Seat(0.36, 0.0, 0.34),
    "colour": Seat(0.34, 0.4, 0.48),
    "drums": Seat(0.42, 0.12, 0.10),
}
_ARCH = (0.90, 0.96, 1.0, 0.92, 0.96, 1.03, 1.10, 0.96)
"""The dynamic arch of a period, bar by bar: it leans towards its seventh bar."""
_ORDERS = ((0, 1, 2, 3, 2, 1), (0, 2, 1, 2), (0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 2, 1, 2, 3))
"""Orders in which a broken chord's voices come; a section keeps one."""


class _Writer:
    """Collects the notes of a bar."""

    def __init__(self, bar: Bar, ensemble: Ensemble, path: Path) -> None:
        self.bar, self.ensemble, self._path = bar, ensemble, path
        self.busy = bar.descriptor.density
        self.notes: list[Note] = []
        # Keyed by bar and section, so that a layer stays for its phrase.
        phrase = bar.section_bar // 4
        self.layers = Dice(bar.seed, bar.section, phrase, "layers")
        self.section = Dice(bar.seed, bar.section, "pattern")
        self._hands = Dice(bar.seed, bar.number, "hands")

    def add(  # noqa: PLR0917 - a note is these things
        self, part: str, instrument: str, slot: float, slots: float, pitch: int, accent: float
    ) -> None:
        """A note ``slot`` sixteenths into the bar for ``slots`` sixteenths."""
        bar, seat = self.bar, SEATS[part]
        if slot % 4 == 2:
            slot += self.ensemble.style.swing
        late = self._hands.uniform() * _HANDS
        onset = bar.frame_at(slot) + (int(late) if bar.number or slot else 0)
        gate = bar.length if bar.kind == "final" else int(slots * bar.beat / 4)
        now = describe(affect_at(self._path, onset))
        arch = _ARCH[max(0, bar.phrase_bar)]
        force = now.loudness * accent * arch * self._hands.between(0.92, 1.08)
        force = min(1.0, max(0.05, force))
        bright = min(0.999, max(0.0, 0.7 * now.brightness + 0.5 * (force - 0.4)))
        spread = (pitch - 62) / 60.0 if part in ("lead", "figure", "colour") else 0.0
        note = Note(
            onset=onset,
            part=part,
            pitch=pitch,
            instrument=instrument,
            gate=max(1200, min(gate, LONGEST_NOTE)),
            gain=self.ensemble.style.gain * seat.gain * force**_SPAN,
            brightness=bright,
            pan=max(-0.8, min(0.8, seat.pan + spread)),
            send=seat.send,
            entry=int(self._hands.uniform() * 2**17),
        )
        self.notes.append(note)


def arrange(bar: Bar, ensemble: Ensemble, path: Path) -> list[Note]:
    """The notes of ``bar``, sorted by onset.

    What is played depends on the bar alone; how loud and bright a note is, on the path's affect
    at its own onset.
    """
    writer = _Writer(bar, ensemble, path)
    ends = [h.slot for h in bar.harmony[1:]] + [16]
    padded = writer.layers.chance(0.8) or bar.section_bar // 4 in (1, 3) or bar.kind != "body"
    order = writer.section.pick(_ORDERS)
    for harmony, end in zip(bar.harmony, ends, strict=True):
        _figure(writer, harmony, end, order)
        if padded:
            _pad(writer, harmony, end)
        if bar.number > 0:
            _bass(writer, harmony, end)
    _lead(writer)
    _answer(writer)
    if bar.start >= 5 * SAMPLE_RATE and bar.kind != "final":
        for hit in hits(ensemble.kit, writer.busy, bar.number, bar.phrase_bar):
            writer.add("drums", hit.instrument, hit.slot, 2.0, hit.take, hit.accent)
    return sorted(writer.notes)


def _lead(writer: _Writer) -> None:
    bar, voice = writer.bar, writer.ensemble.voice
    hold = min(1.0, bar.descriptor.articulation + 0.05)
    doubled = bar.phrase_bar == 6 and bar.descriptor.loudness > 0.6 and _top(bar) <= 77
    for tone in bar.melody:
        accent = 1.08 if tone.slot % 8 == 0 else 0.98 if tone.slot % 4 == 0 else 0.9
        pitch = tone.pitch + 12 * voice.octave
        writer.add("lead", voice.lead, tone.slot, tone.length * hold, pitch, accent)
        if doubled:
            writer.add("colour", voice.lead, tone.slot, tone.length * hold, pitch + 12, 0.7)


def _top(bar: Bar) -> int:
    return max((tone.pitch for tone in bar.melody), default=0)


def _figure(writer: _Writer, harmony: Harmony, end: int, order: tuple[int, ...]) -> None:
    style, name, busy = writer.ensemble.style, writer.ensemble.figure, writer.busy
    pattern = style.pattern
    if style.busy and busy > 5.2:
        pattern, name = "pulse", style.busy
    if pattern == "held" or writer.bar.kind == "final":
        for i, pitch in enumerate(harmony.voicing):
            writer.add("figure", name, harmony.slot + 0.12 * i, end - harmony.slot, pitch, 0.8)
        if writer.bar.kind == "final" and pattern != "held":
            _ring_out(writer, name, harmony)
    elif pattern == "broken":
        _broken(writer, name, harmony, end, order)
    else:
        _chords(writer, name, pattern, harmony, end)


def _ring_out(writer: _Writer, name: str, harmony: Harmony) -> None:
    """The last chord again, one soft note a beat from below: what is struck rings away long
    before a held last bar is over, and would leave the session's end silent."""
    bar = writer.bar
    for beat in range(1, (bar.length - LAST_NOTE) // bar.beat + 1):
        pitch = harmony.voicing[(beat - 1) % len(harmony.voicing)]
        writer.add("figure", name, 4 * beat, 16, pitch, 0.62)


def _broken(writer: _Writer, name: str, harmony: Harmony, end: int, order: tuple[int, ...]) -> None:
    step = 4 if writer.busy < 3.2 else 2 if writer.busy < 6.9 else 1
    voices = harmony.voicing
    if writer.bar.plan[0] == "cadence" and harmony.slot == 0 and end == 16:
        step = min(4, 2 * step)
    dice = Dice(writer.bar.seed, writer.bar.number, "rests")
    for i, slot in enumerate(range(harmony.slot, end, step)):
        if slot % 4 and dice.chance(0.12):
            continue
        accent = 0.95 if slot % 8 == 0 else 0.80 if slot % 4 == 0 else 0.72
        ring = min(end - slot, max(4, 3 * step))
        pitch = voices[min(order[i % len(order)], len(voices) - 1)]
        writer.add("figure", name, slot, ring, pitch, accent)


_PULSES = ((0, 4, 8, 12), (0, 6, 12), (0, 3, 6, 8, 11, 14), (0, 4, 6, 10, 12), (2, 6, 10, 14))
_BUSY_PULSES = (
    (0, 2, 4, 6, 8, 10, 12, 14),
    (0, 3, 6, 8, 11, 14),
    (0, 2, 3, 6, 8, 10, 11, 14),
    (0, 2, 6, 8, 10, 14),
)
_BLOCKS = ((0, 8), (0, 10), (0, 6))
_BUSY_BLOCKS = ((0, 6, 10), (0, 3, 8, 11), (2, 6, 10, 14), (0, 6, 12))
_STRUMS = ((0, 8), (0, 6, 8, 14), (0, 4, 6, 8, 12, 14))


def _rhythm(pattern: str, busy: float, section: Dice) -> tuple[int, ...]:
    """The onsets of a chordal figure: a section keeps its rhythm, arousal fills it."""
    if pattern == "strum":
        return _STRUMS[(busy > 3.0) + (busy > 6.0)]
    if pattern == "block":
        return section.pick(_BUSY_BLOCKS if busy > 4.0 else _BLOCKS)
    return section.pick(_BUSY_PULSES if busy > 4.6 else _PULSES)


def _chords(writer: _Writer, name: str, pattern: str, harmony: Harmony, end: int) -> None:
    voices = harmony.voicing
    section = Dice(writer.bar.seed, writer.bar.section, "rhythm")
    slots = [s for s in _rhythm(pattern, writer.busy, section) if harmony.slot <= s < end]
    if harmony.slot not in slots:
        slots = [harmony.slot, *slots]
    for count, slot in enumerate(slots):
        accent = 0.84 if slot % 8 == 0 else 0.70
        until = slots[count + 1] if count + 1 < len(slots) else end
        length = 1.7 if pattern == "pulse" else 0.95 * (until - slot)
        # The lowest voice keeps to the first stroke of a pulse, so that it stays light.
        played = voices[1:] if pattern == "pulse" and count else voices
        for i, pitch in enumerate(played):
            spread = 0.09 * i if pattern == "strum" else 0.02 * i
            writer.add("figure", name, slot + spread, length, pitch, accent)


def _pad(writer: _Writer, harmony: Harmony, end: int) -> None:
    if writer.ensemble.style.pad is None:
        return
    for pitch in harmony.voicing[-3:]:
        writer.add("pad", writer.ensemble.style.pad, harmony.slot, end - harmony.slot, pitch, 0.85)


def _bass(writer: _Writer, harmony: Harmony, end: int) -> None:
    name, busy, root = writer.ensemble.bass, writer.busy, harmony.bass
    if name is None:
        return
    span = end - harmony.slot
    if busy < 4.0 or writer.bar.kind == "final":
        writer.add("bass", name, harmony.slot, 0.95 * span, root, 0.95)
        return
    writer.add("bass", name, harmony.slot, 5.5, root, 1.0)
    if span < 16:
        return
    fifth = root + 7 if root < 43 else root - 5
    octave = root + 12 if root <= 40 else root
    second = Dice(writer.bar.seed, writer.bar.section, "bass").pick((fifth, root, octave))
    if busy > 5.5:
        writer.add("bass", name, 6, 1.8, root, 0.75)
    writer.add("bass", name, 8, 5.5, second if busy < 6 else root, 0.85)
    if busy > 5.0:
        writer.add("bass", name, 14, 1.8, fifth, 0.7)


def _answer(writer: _Writer) -> None:
    """While the melody breathes at a cadence, rising chord tones answer it; a colour
    instrument also adds single notes above the harmony elsewhere."""
    bar = writer.bar
    last = bar.harmony[-1]
    name = writer.ensemble.answer
    if bar.kind == "body" and bar.plan[0] == "cadence" and bar.start > 0:
        step = 4 if writer.busy < 3.0 else 2
        for i, slot in enumerate(range(16 - 3 * step, 16, step)):
            pitch = last.voicing[min(i, len(last.voicing) - 1)] + 12
            writer.add("colour", name, slot, 2 * step, pitch, 0.66 + 0.04 * i)
        return
    if writer.ensemble.style.colour is None or bar.kind == "final":
        return
    dice = Dice(bar.seed, bar.number, "colour")
    for slot in range(2, 16, 4):
        if dice.chance(0.07 * writer.busy):
            writer.add("colour", name, slot, 6, dice.pick(last.voicing) + 12, 0.6)
