"""The outer voices as they are struck: what is added to a bass is led like its line.

``writing.voicing`` leads the bass of the chords against the melody. What a player adds to it (a
fifth, a step that leads on) makes moves of its own; where those would be parallel fifths or octaves
with the melody, or come upon one in one direction while the melody leaps (Aldwell & Schachter,
*Harmony and Voice Leading*), the player stays on the chord's bass. Nothing that accompanies a bass
goes under it, and no phrase is left hanging on a leading tone above the rest of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from engine.composers.score.parts.clearing import Sung, sung
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.form import Bar, Harmony
from engine.composers.score.writing.harmony import NONE
from engine.composers.score.writing.voicing import ill_led

_AT_ONCE = 0.75
"""Slots between two onsets that are one moment."""
_ON_TOP = ("figure", "colour", "counter")


def grounded(strokes: Sequence[Stroke], bar: Bar) -> list[Stroke]:
    """The strokes with those of figures that lie under a bass, on a tone that is not the bass's,
    an octave higher, or left out where that is struck already."""
    if not any(stroke.part == "bass" for stroke in strokes):
        return list(strokes)
    low = {i for i, stroke in enumerate(strokes) if stroke.part == "figure" and _sunk(stroke, bar)}
    if not low:
        return list(strokes)
    struck = {_key(stroke) for stroke in strokes}
    made = []
    for i, stroke in enumerate(strokes):
        if i not in low:
            made.append(stroke)
        elif _key(higher := stroke._replace(pitch=stroke.pitch + 12)) not in struck:
            made.append(higher)
    return made


def _sunk(stroke: Stroke, bar: Bar) -> bool:
    """Whether a stroke lies under its chord's bass, on another tone than the bass's."""
    bass = _harmony(bar, stroke.slot).bass
    return stroke.pitch < bass and (bass - stroke.pitch) % 12 != 0


def led(strokes: Sequence[Stroke], bar: Bar, octave: int) -> list[Stroke]:
    """The strokes of a bar, whose melody lies ``octave`` octaves from where it is written, with
    the bass's additions led against it."""
    melody = sung(bar.melody, octave) + sung(bar.after_melody, octave, bar.metre.slots)
    basses = [stroke for stroke in strokes if stroke.part == "bass"]
    places = sorted(
        (
            i
            for i, stroke in enumerate(strokes)
            if stroke.part == "bass" and _lowest(stroke, basses)
        ),
        key=lambda i: strokes[i].slot,
    )
    if not melody or not places or bar.kind == "final":
        return list(strokes)
    made = list(strokes)
    before: Stroke | None = None
    for place, later in itertools.zip_longest(places, places[1:]):
        stroke = made[place]
        root = _root(stroke, bar)
        if stroke.pitch != root and _stumbles(
            before, stroke, made[later] if later is not None else None, bar, melody
        ):
            made[place] = stroke._replace(pitch=root)
        before = made[place]
    return made


def _root(stroke: Stroke, bar: Bar) -> int:
    """The bass of a stroke's chord; where how high it lies is asked for, in the octave in which the
    stroke is."""
    root = _harmony(bar, stroke.slot).bass
    if bar.wish is None or bar.wish.pitch is None:
        return root
    return root + 12 * round((stroke.pitch - root - 3) / 12)


def _lowest(stroke: Stroke, basses: Sequence[Stroke]) -> bool:
    """Whether no other bass sounds below it when it is struck: a drone's fifth is no line."""
    return not any(
        other.pitch < stroke.pitch
        and other.slot <= stroke.slot + _AT_ONCE
        and stroke.slot + _AT_ONCE < other.slot + other.slots
        for other in basses
    )


def _stumbles(
    before: Stroke | None, stroke: Stroke, after: Stroke | None, bar: Bar, melody: Sequence[Sung]
) -> bool:
    """Whether an added bass tone is come to or left in an ill move of the outer voices. Where what
    follows is not known yet, a perfect interval with the melody is too much of a risk."""
    if before is not None and _ill(before.pitch, stroke.pitch, stroke.slot, melody):
        return True
    if after is not None:
        return _ill(stroke.pitch, after.pitch, after.slot, melody)
    if bar.after:
        return _ill(stroke.pitch, bar.after[0].bass, bar.metre.slots, melody)
    last = max((tone for tone in melody), key=lambda tone: tone.start)
    return (last.pitch - stroke.pitch) % 12 in (0, 7)


def _ill(one: int, two: int, slot: float, melody: Sequence[Sung]) -> bool:
    """Whether the bass's step from ``one`` to ``two`` at a slot is ill led against the melody."""
    struck = [tone for tone in melody if abs(tone.start - slot) < _AT_ONCE]
    earlier = [tone for tone in melody if tone.start <= slot - _AT_ONCE]
    if not struck or not earlier:
        return False
    last = max(earlier, key=lambda tone: tone.start)
    return ill_led(one, two, last.pitch, struck[0].pitch)


def closed(strokes: Sequence[Stroke], bar: Bar) -> list[Stroke]:
    """The strokes of a bar after which nobody sings at once. Where its melody rests, what a figure
    strikes last is heard as if it were the melody: it is no leading tone that goes nowhere, and at
    a phrase's end nothing whose octave or fifth with the bass the next one may carry on."""
    if bar.kind not in ("intro", "body") or bar.after_melody or (bar.after and not bar.melody):
        return list(strokes)
    rest = max((s.slot + s.slots for s in strokes if s.part == "lead"), default=0.0)
    made = _let_down(strokes, bar, max(rest, bar.metre.slots / 2))
    if bar.after:
        return made
    for part in _ON_TOP:  # each by itself: an answer over a figure is too soft to hide it
        for _ in range(3):
            place = _last_on_top(made, part, rest)
            if place is None:
                break
            stroke = made[place]
            goal = _goal(_harmony(bar, stroke.slot), stroke.pitch)
            if goal == stroke.pitch:
                break
            moved = stroke._replace(pitch=goal)
            taken = any(_key(other) == _key(moved) for other in made)
            made[place : place + 1] = [] if taken else [moved]
    return made


def _let_down(strokes: Sequence[Stroke], bar: Bar, since: float) -> list[Stroke]:
    """The strokes with the leading tones of figures from a slot on at another tone of their chord,
    or left out where that is struck: also an inner one may be heard last, its top being softer."""
    made: list[Stroke] = []
    struck = {_key(stroke) for stroke in strokes}
    for stroke in strokes:
        harmony = _harmony(bar, stroke.slot)
        late = stroke.part == "figure" and stroke.slot >= since - _AT_ONCE
        if not late or stroke.pitch % 12 != harmony.chord.rises:
            made.append(stroke)
        elif _key(moved := stroke._replace(pitch=_goal(harmony, stroke.pitch))) not in struck:
            struck.add(_key(moved))
            made.append(moved)
    return made


def _key(stroke: Stroke) -> tuple[str, int, int]:
    return stroke.instrument, stroke.pitch, round(stroke.slot)


def _last_on_top(strokes: Sequence[Stroke], part: str, since: float) -> int | None:
    """The last stroke of a part from a slot on that nothing higher of it sounds over."""
    found = [
        i
        for i, one in enumerate(strokes)
        if one.part == part
        and one.slot >= since - _AT_ONCE
        and not any(
            other.pitch > one.pitch
            and other.part == part
            and other.slot <= one.slot + 0.25 < other.slot + other.slots
            for other in strokes
        )
    ]
    return max(found, key=lambda i: strokes[i].slot, default=None)


def _goal(harmony: Harmony, pitch: int) -> int:
    """The tone of a chord nearest to a pitch, above it where it may be, on which a phrase may be
    left: neither its leading tone nor the bass's octave or fifth, or at least the fifth."""
    chord, bass = harmony.chord, harmony.bass
    free = [pc for pc in chord.pcs if pc != chord.rises and (pc - bass) % 12 not in (0, 7)]
    if not free:
        free = [chord.pcs[2] if chord.rises != NONE else chord.pcs[1]]
    near = [p for p in range(pitch - 9, pitch + 10) if p % 12 in free]
    return min(near, key=lambda p: (p < pitch, abs(p - pitch)), default=pitch)


def _harmony(bar: Bar, slot: float) -> Harmony:
    return [h for h in bar.harmony if h.slot <= slot + 0.5][-1]
