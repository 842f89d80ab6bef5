"""Room for the melody: what accompanies lies under it, and holds nothing that rubs against it.

A stroke that is in the way at once goes to another tone of its chord; one over which the melody
comes later is let go in time, or goes elsewhere where its instrument holds. A rub is a semitone or
a minor ninth (Piston, *Counterpoint*; a major seventh is colour). What doubles the melody in
octaves is the melody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.ensembles import HOLDING
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.form import Bar
from engine.composers.score.writing.tones import Tone

_RUBS = (1, 13, 25)
_LONG_RUB = 0.45
"""Seconds of a rub that nobody minds; at .6 s one is heard as held."""
_CLEARED = {"figure", "pad", "colour", "counter", "bass"}
_LOWEST = {"bass": 33}
_FLOOR = 45
"""MIDI: under it what is moved would be mud; a bass may go lower."""
_TENOR = 52
"""MIDI: from here on there is room for a chord between ``_FLOOR`` and a melody."""
_ON_TOP = 7
"""Semitones under its highest tone in which a figure is heard as a line."""
_SHORTEST = 1.0
"""Sixteenths: what would be let go sooner goes elsewhere."""


class Sung(NamedTuple):
    """A tone of the melody, in sixteenths from the bar's start."""

    start: float
    end: float
    pitch: int


def sung(melody: Iterable[Tone], octave: int, later: int = 0) -> list[Sung]:
    """The melody as it sounds, ``octave`` octaves from where it is written, ``later`` slots on."""
    return [
        Sung(later + tone.slot, later + tone.slot + tone.length, tone.pitch + 12 * octave)
        for tone in melody
    ]


def in_the_way(  # noqa: PLR0917 - a stroke against a tone is these things
    pitch: int, start: float, end: float, tone: Sung, deep: int, longest: float
) -> bool:
    """Whether a pitch that sounds from ``start`` to ``end`` covers a tone of the melody for a
    third of it, or rubs against it for more than ``longest`` slots. A tone that is sung under
    ``deep`` (MIDI) has its accompaniment about it."""
    both = min(end, tone.end) - max(start, tone.start)
    if both <= 0.0:
        return False
    above = pitch - tone.pitch
    if abs(above) in _RUBS and both > longest:
        return True
    covers = above > 0 and above % 12 != 0 and both > (tone.end - tone.start) / 3
    return covers and tone.pitch >= deep


def deep_under(octave: int) -> int:
    """The pitch (MIDI) under which a melody has its accompaniment about it, where it lies
    ``octave`` octaves from where it is written: only a tenor leaves no room beneath."""
    return _TENOR if octave < 0 else 0


def longest_rub(bar: Bar) -> float:
    """Slots for which a rub may last."""
    return _LONG_RUB * SAMPLE_RATE * 4 / bar.beat


def cleared(strokes: Sequence[Stroke], bar: Bar, octave: int) -> list[Stroke]:
    """The strokes of a bar with the melody's way cleared."""
    if not bar.after and bar.kind != "final":
        strokes = [_let_go(stroke, bar) for stroke in strokes]
    melody = sung(bar.melody, octave) + sung(bar.after_melody, octave, bar.metre.slots)
    canon = {(tone.slot, tone.pitch) for tone in bar.echo}
    taken = {_key(stroke) for stroke in strokes if stroke.part == "lead"}
    if melody:
        strokes = _moved(strokes, _Room(bar, melody, deep_under(octave)), bar, taken, canon)
    if bar.melody or bar.kind == "final":
        return list(strokes)
    heard = [s for s in strokes if s.part == "figure" and not _holds(s)]
    return _under_figure(strokes, heard, bar) if heard else list(strokes)


def _under_figure(strokes: Sequence[Stroke], heard: Sequence[Stroke], bar: Bar) -> list[Stroke]:
    """The strokes of a bar in which nobody sings, with those who hold under what is ``heard`` in
    its stead: a figure's tones on top."""
    tones = [Sung(s.slot, s.slot + s.slots, s.pitch) for s in heard]
    room = _Room(bar, tones, max(tone.pitch for tone in tones) - _ON_TOP)
    held = [stroke for stroke in strokes if _holds(stroke)]
    others = [stroke for stroke in strokes if not _holds(stroke)]
    return [*others, *_moved(held, room, bar, set(), set())]


def _moved(
    strokes: Sequence[Stroke],
    room: _Room,
    bar: Bar,
    taken: set[tuple[str, int, int]],
    kept: set[tuple[int, int]],
) -> list[Stroke]:
    """The strokes fitted into a room, but for those at the (slot, pitch) of ``kept``; none on a
    key that is ``taken``."""
    made: list[Stroke] = []
    for stroke in strokes:
        if stroke.part not in _CLEARED or (stroke.slot, stroke.pitch) in kept:
            made.append(stroke)
            continue
        moved = room.fitted(stroke)
        if moved is not None and moved.pitch != stroke.pitch:
            moved = _let_go(moved, bar)  # it rang on for what it was, not for what it is
        if moved is not None and _key(moved) not in taken:
            taken.add(_key(moved))
            made.append(moved)
    return made


def _let_go(stroke: Stroke, bar: Bar) -> Stroke:
    """A stroke that does not ring far past its phrase: what is sung there is not known yet."""
    if stroke.part not in _CLEARED:
        return stroke
    most = bar.metre.slots + _LONG_RUB * SAMPLE_RATE * 4 / bar.beat - stroke.slot
    return stroke._replace(slots=min(stroke.slots, most))


def _key(stroke: Stroke) -> tuple[str, int, int]:
    """What no two strokes may have in common: one key is struck once at a time."""
    return stroke.instrument, stroke.pitch, round(stroke.slot)


def _holds(stroke: Stroke) -> bool:
    return stroke.part == "pad" or stroke.instrument in HOLDING


class _Room:
    """What the melody leaves free in a bar."""

    def __init__(self, bar: Bar, melody: list[Sung], deep: int) -> None:
        self._bar, self._melody, self._deep = bar, melody, deep
        self._longest = longest_rub(bar)

    def fitted(self, stroke: Stroke) -> Stroke | None:
        """The stroke where it is in nobody's way; None where there is no such place."""
        wrong = self._wrong(stroke, stroke.pitch)
        if not wrong:
            return stroke
        first = min(tone.start for tone in wrong)
        if first >= stroke.slot + _SHORTEST and not _holds(stroke) and stroke.part != "bass":
            return stroke._replace(slots=first - stroke.slot)
        goals = self._goals(stroke)
        free = [pitch for pitch in goals if not self._wrong(stroke, pitch)]
        if free:
            return stroke._replace(pitch=free[0])
        for pitch in (stroke.pitch, *goals):
            start = min((tone.start for tone in self._wrong(stroke, pitch)), default=0.0)
            if start >= stroke.slot + _SHORTEST:
                return stroke._replace(pitch=pitch, slots=start - stroke.slot)
        return stroke if stroke.part == "bass" else None

    def _wrong(self, stroke: Stroke, pitch: int) -> list[Sung]:
        start, end = stroke.slot, stroke.slot + stroke.slots
        return [
            tone
            for tone in self._melody
            if in_the_way(pitch, start, end, tone, self._deep, self._longest)
        ]

    def _goals(self, stroke: Stroke) -> list[int]:
        """Other tones of the chord, the nearest first, the lower of two as near."""
        at = [h for h in self._bar.harmony if h.slot <= stroke.slot + 0.5][-1]
        low, high = max(_LOWEST.get(stroke.part, _FLOOR), stroke.pitch - 14), stroke.pitch + 9
        if stroke.part == "bass":
            high = min(high, 55)
        tones = [p for p in range(low, high + 1) if p % 12 in at.chord.pcs and p != stroke.pitch]
        return sorted(tones, key=lambda p: (abs(p - stroke.pitch), p))
