"""Canon: a second voice sings what the melody has just sung, where the two go together."""

from __future__ import annotations

from collections.abc import Sequence

from engine.composers.score.writing.harmonise import half_of, misfit
from engine.composers.score.writing.harmony import Harmony
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.tones import Tone

_BELOW = 12
_FITS = 6
_LOWEST = 48
_APART = 3
"""Semitones that the second voice stays under the first."""
_CLASH = (1, 2, 10, 11)
_PERFECT = (0, 7)


def canon_at(
    bar: int, melody: Sequence[tuple[Tone, ...]], harmony: Sequence[Harmony], metre: Metre
) -> tuple[Tone, ...]:
    """What the second voice sings in a bar of a phrase: the bar before, an octave lower. Nothing
    where that clashes with the chords or the melody, or runs in fifths and octaves with it."""
    if bar == 0 or not melody[bar - 1] or not melody[bar]:
        return ()
    echo = tuple(Tone(t.slot, t.length, t.pitch - _BELOW) for t in melody[bar - 1])
    if min(t.pitch for t in echo) < _LOWEST:
        return ()
    ends = [*(h.slot for h in harmony[1:]), metre.slots]
    for chord, end in zip(harmony, ends, strict=True):
        if misfit(echo, metre, chord.slot, end, chord.chord) > _FITS:
            return ()
    return () if _ill_matched(echo, melody[bar], half_of(metre)) else echo


def _ill_matched(low: Sequence[Tone], high: Sequence[Tone], half: int) -> bool:
    """Whether two voices clash where both are heard, or move in parallel to a perfect interval."""
    before: tuple[int, int] | None = None
    for slot in sorted({t.slot for t in (*low, *high)}):
        a, b = _at(low, slot), _at(high, slot)
        if a is None or b is None:
            continue
        apart = (b - a) % 12
        if b - a < _APART or (slot % half == 0 and apart in _CLASH):
            return True
        both = before is not None and before[0] != a and before[1] != b
        if both and before and apart in _PERFECT and (before[1] - before[0]) % 12 == apart:
            return True
        before = (a, b)
    return False


def _at(tones: Sequence[Tone], slot: int) -> int | None:
    return next((t.pitch for t in tones if t.slot <= slot < t.slot + t.length), None)
