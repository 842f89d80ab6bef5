"""Ties: a tone that the next chord keeps sounds on, instead of being struck again.

A held tone belongs to the bar in which it begins. Over a bar line it is tied where the next bar
keeps it and its turn has not come: every pitch has its bars, every other one of the phrase, in
which it is taken up anew, so that voices change their bows one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, takewhile
from typing import NamedTuple

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.clearing import deep_under, in_the_way, longest_rub, sung
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Harmony
from engine.composers.score.writing.tones import Tone

Voices = Callable[[Harmony], Sequence[int]]
"""Who holds of a chord, from below."""
_LAP = 0.35
"""Seconds for which an old tone stays while a new one rises."""


class Held(NamedTuple):
    """A tone that is struck with a chord: ``voice`` counts them from below."""

    voice: int
    slot: float
    slots: float
    pitch: int


def struck(
    w: Writer, harmony: Harmony, voices: Voices, stagger: float = 0.0, lap: float = _LAP
) -> list[Held]:
    """The tones that enter with a chord of the bar, and how long they are held: until a chord
    lacks them or their turn comes again, and ``lap`` seconds more. They enter ``stagger`` slots
    one after another and leave likewise."""
    bar = w.bar
    place = bar.harmony.index(harmony)
    ends = [h.slot for h in bar.harmony[1:]] + [w.slots]
    before = bar.harmony[place - 1] if place else bar.before
    old = tuple(voices(before)) if before is not None else ()
    later = list(zip(bar.harmony[place + 1 :], ends[place + 1 :], strict=True))
    next_ends = [h.slot for h in bar.after[1:]] + [w.slots] if bar.after else []
    beyond = [(h, w.slots + end) for h, end in zip(bar.after, next_ends, strict=True)]
    overlap = lap * SAMPLE_RATE * 4 / bar.beat
    made = []
    for voice, pitch in enumerate(voices(harmony)):
        if pitch in old and (place or _tied(w, pitch, bar.phrase_bar, bar.melody)):
            continue
        tied = _tied(w, pitch, bar.phrase_bar + 1, bar.after_melody)
        goes = takewhile(lambda it: pitch in voices(it[0]), chain(later, beyond if tied else ()))  # noqa: B023
        end = [ends[place], *(end for _, end in goes)][-1]
        slot, late = harmony.slot + stagger * voice, stagger * voice + overlap
        if end > w.slots:  # what is sung behind the next bar is not known yet
            late = min(late, longest_rub(bar))
        made.append(Held(voice, slot, end - slot + late, pitch))
    return made


def _tied(w: Writer, pitch: int, phrase_bar: int, melody: tuple[Tone, ...]) -> bool:
    """Whether a pitch that sounds is held over into a bar of the phrase with that melody: never
    where tones are not to be long."""
    if (phrase_bar + pitch) % 2 == 0 or (w.bar.gentle and w.bar.gentle.held is not None):
        return False
    longest, octave = longest_rub(w.bar), w.ensemble.voice.octave
    deep = deep_under(octave)
    return not any(
        in_the_way(pitch, 0.0, w.slots, tone, deep, longest) for tone in sung(melody, octave)
    )
