"""Bar and ensemble -> notes: who plays what, when, how loud and how bright."""

from __future__ import annotations

from typing import NamedTuple

from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.descriptor import Descriptor, affect_at, describe
from engine.composers.score.ensembles import Ensemble
from engine.composers.score.form import Bar, Harmony
from engine.composers.score.keyed import Dice

LONGEST_NOTE = 8 * SAMPLE_RATE
"""Frames from a note's onset to the start of its release, at most."""


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


# Part: (gain, pan, hall send).
_MIX: dict[str, tuple[float, float, float]] = {
    "lead": (0.95, 0.06, 0.30),
    "figure": (0.55, -0.18, 0.26),
    "bass": (0.62, 0.0, 0.08),
    "pad": (0.42, 0.0, 0.34),
    "colour": (0.30, 0.4, 0.5),
    "drums": (0.45, 0.12, 0.10),
}


class Writer:
    """Collects the notes of a bar."""

    def __init__(self, bar: Bar, path: Path, swing: float) -> None:
        self.bar, self._path, self._swing = bar, path, swing
        self.notes: list[Note] = []
        self._dice = Dice(bar.seed, bar.number, "hands")

    def add(
        self, part: str, instrument: str, slot: float, slots: float, pitch: int, accent: float = 1.0
    ) -> None:
        """A note ``slot`` sixteenths into the bar for ``slots`` sixteenths."""
        if self._swing and slot % 4 == 2:
            slot += self._swing
        late = 0 if self.bar.number == 0 and slot == 0 else int(self._dice.uniform() * 520)
        onset = self.bar.frame_at(slot) + late
        gate = int(slots * self.bar.beat / 4)
        if self.bar.kind == "final":
            gate = self.bar.length
        gate = max(1200, min(gate, LONGEST_NOTE))
        now = describe(affect_at(self._path, onset))
        gain, pan, send = _MIX[part]
        force = now.loudness * accent * self._dice.between(0.92, 1.08)
        force = min(1.0, max(0.05, force))
        bright = min(0.999, max(0.0, 0.7 * now.brightness + 0.5 * (force - 0.4)))
        spread = (pitch - 62) / 60.0 if part in ("lead", "figure", "colour") else 0.0
        self.notes.append(
            Note(
                onset,
                part,
                pitch,
                instrument,
                gate,
                gain * force**0.9,
                bright,
                max(-0.8, min(0.8, pan + spread)),
                send,
                int(self._dice.uniform() * 2**17),
            )
        )


def arrange(bar: Bar, ensemble: Ensemble, path: Path) -> list[Note]:
    """The notes of ``bar``, sorted by onset."""
    writer = Writer(bar, path, ensemble.style.swing)
    descriptor = bar.descriptor
    ends = [h.slot for h in bar.harmony[1:]] + [16]
    for harmony, end in zip(bar.harmony, ends, strict=True):
        _figure(writer, ensemble, harmony, end, descriptor)
        _pad(writer, ensemble, harmony, end)
        if bar.number > 0:
            _bass(writer, ensemble, harmony, end, descriptor)
    _lead(writer, ensemble, descriptor)
    if bar.start >= 5 * SAMPLE_RATE and bar.kind != "final":
        _drums(writer, ensemble, descriptor)
    return sorted(writer.notes)


def _lead(writer: Writer, ensemble: Ensemble, descriptor: Descriptor) -> None:
    voice = ensemble.voice
    arch = (0.92, 0.97, 1.0, 0.94, 0.97, 1.03, 1.1, 0.98)[max(0, writer.bar.phrase_bar)]
    for tone in writer.bar.melody:
        accent = arch * (1.08 if tone.slot % 8 == 0 else 0.98 if tone.slot % 4 == 0 else 0.9)
        held = tone.length * min(1.0, descriptor.articulation + 0.05)
        writer.add("lead", voice.lead, tone.slot, held, tone.pitch + 12 * voice.octave, accent)


def _figure(
    writer: Writer, ensemble: Ensemble, harmony: Harmony, end: int, descriptor: Descriptor
) -> None:
    pattern = ensemble.style.pattern
    voicing = harmony.voicing
    span = end - harmony.slot
    if pattern == "held" or writer.bar.kind == "final":
        for i, pitch in enumerate(voicing):
            writer.add("figure", ensemble.figure, harmony.slot + 0.12 * i, span, pitch, 0.8)
        return
    busy = descriptor.density
    step = 4 if busy < 3.2 else 2 if busy < 6.6 else 1
    if pattern == "broken":
        order = (*voicing, *voicing[-2:0:-1])
        for i, slot in enumerate(range(harmony.slot, end, step)):
            accent = 0.95 if slot % 8 == 0 else 0.78
            ring = min(end - slot, max(4, 2 * step))
            writer.add("figure", ensemble.figure, slot, ring, order[i % len(order)], accent)
        return
    slots = {"block": (0, 8) if busy < 4 else (0, 6, 10), "strum": (0, 6, 8, 14)}.get(
        pattern, tuple(range(0, 16, max(2, step)))
    )
    for slot in slots:
        if harmony.slot <= slot < end:
            for i, pitch in enumerate(voicing):
                spread = 0.09 * i if pattern == "strum" else 0.03 * i
                accent = 0.72 if slot % 8 else 0.85
                length = min(end - slot, 6 if pattern != "pulse" else 1.6)
                writer.add("figure", ensemble.figure, slot + spread, length, pitch, accent)


def _pad(writer: Writer, ensemble: Ensemble, harmony: Harmony, end: int) -> None:
    if ensemble.style.pad is None:
        return
    for pitch in harmony.voicing[-3:]:
        writer.add("pad", ensemble.style.pad, harmony.slot, end - harmony.slot, pitch, 0.85)


def _bass(
    writer: Writer, ensemble: Ensemble, harmony: Harmony, end: int, descriptor: Descriptor
) -> None:
    name = ensemble.style.bass
    if name is None:
        return
    span = end - harmony.slot
    if descriptor.density < 4.0 or span < 16 or writer.bar.kind == "final":
        writer.add("bass", name, harmony.slot, 0.95 * span, harmony.bass, 0.95)
        return
    fifth = harmony.bass + 7
    writer.add("bass", name, 0, 5.5, harmony.bass, 1.0)
    if descriptor.density > 5.5:
        writer.add("bass", name, 6, 1.8, harmony.bass, 0.75)
    writer.add("bass", name, 8, 5.5, fifth if descriptor.density < 6 else harmony.bass, 0.85)
    if descriptor.density > 5.0:
        writer.add("bass", name, 14, 1.8, fifth, 0.7)


def _drums(writer: Writer, ensemble: Ensemble, descriptor: Descriptor) -> None:
    kit = ensemble.style.kit
    if not kit or descriptor.density < 2.4:
        return
    bar = writer.bar.number
    busy = descriptor.density
    shaker = range(0, 16, 2 if busy > 3.6 else 4) if busy < 6.4 else range(16)
    for slot in shaker:
        writer.add("drums", "shaker", slot, 1.0, (bar + slot) % 4, 0.8 if slot % 4 else 0.55)
    if kit in ("brushes", "soft"):
        for slot in (4, 12):
            writer.add("drums", "brush", slot, 2.0, (bar + slot // 4) % 4, 0.7)
    if kit in ("beat", "brushes"):
        for slot in (0, 8) if kit == "brushes" or busy < 5 else (0, 4, 8, 12):
            writer.add("drums", "kick", slot, 2.0, 0, 0.9)
    if kit == "beat" and busy > 3.6:
        for slot in (4, 12):
            writer.add("drums", "brush", slot, 2.0, (bar + slot // 4) % 4, 0.85)
