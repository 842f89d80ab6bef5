"""What dies away: the pedal that lets struck tones ring, and inner voices that answer in time.

Struck tones ring until the harmony changes; the pedal changes a moment after it (as pianists do:
Repp 1996, *JASA* 100), and a tone that the next chord has rings on. Aroused music is played with
half a pedal. Where nothing holds and nothing is struck for longer than a tone takes to die away, an
inner voice of the chord is touched, softly: the level of calm music must not heave from beat to
beat.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.ensembles import HOLDING
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.form import Bar, Harmony

_PEDALLED = {"piano", "electric piano", "harp", "vibes", "glass", "bell", "kalimba"}
_LATE = 0.16
"""Seconds by which the pedal follows the chord."""
_DRY = 0.6
"""Energy above which the pedal is halved."""
_DIES = 0.5
"""Seconds without anything struck after which an inner voice answers."""
_ANSWER = 0.66
"""How hard it is touched."""


def pedalled(strokes: Sequence[Stroke], bar: Bar, energy: float) -> list[Stroke]:
    """The strokes with their figures' tones let ring."""
    ends = [float(h.slot) for h in bar.harmony[1:]] + [float(bar.metre.slots)]
    following: list[Harmony | None] = [*bar.harmony[1:], bar.after[0] if bar.after else None]
    beyond = bar.after[1].slot if len(bar.after) > 1 else bar.metre.slots
    spans = [two - one for one, two in itertools.pairwise([*ends, ends[-1] + beyond])]
    late = _LATE * SAMPLE_RATE * 4 / bar.beat
    made = []
    for stroke in strokes:
        if stroke.part != "figure" or stroke.instrument not in _PEDALLED or bar.kind == "final":
            made.append(stroke)
            continue
        at = next((i for i, end in enumerate(ends) if stroke.slot < end), len(ends) - 1)
        until = stroke.slot + stroke.slots
        if energy > _DRY:
            most = 8.0 - 10.0 * (energy - _DRY)
            made.append(stroke._replace(slots=min(stroke.slots, most)))
        elif until < ends[at] - 0.5:
            made.append(stroke)
        else:
            chord = following[at]
            kept = chord is not None and stroke.pitch % 12 in chord.chord.pcs
            longer = min(2.0 * bar.metre.pulse, spans[at]) if kept else 0.0
            made.append(stroke._replace(slots=ends[at] - stroke.slot + longer + late))
    return made


def answered(strokes: Sequence[Stroke], bar: Bar, name: str) -> list[Stroke]:
    """The strokes, and an inner voice of ``name`` where all would die away; in a bar in which
    nothing is held."""
    if bar.kind == "final" or any(s.part == "pad" or s.instrument in HOLDING for s in strokes):
        return list(strokes)
    struck = sorted({s.slot for s in strokes if s.part != "drums"})
    longest = _DIES * SAMPLE_RATE * 4 / bar.beat
    made = list(strokes)
    for one, two in itertools.pairwise([*struck, float(bar.metre.slots)]):
        count = int((two - one) / longest)
        places = [round(one + (two - one) * (k + 1) / (count + 1)) for k in range(count)]
        for slot in places:
            if one + 0.5 < slot < two - 0.5:
                chord = [h for h in bar.harmony if h.slot <= slot][-1]
                pitch = chord.voicing[1 + (slot // 2 + bar.number) % 2]
                made.append(Stroke("figure", name, slot, bar.metre.slots - slot, pitch, _ANSWER))
    return made
