"""The keys that each instrument has: what is moved to another octave stays on them, or it would
sound where it was."""

from __future__ import annotations

from dataclasses import replace

from engine.composers.score.parts.ensembles import Ensemble
from engine.composers.score.writing.form import Bar
from engine.composers.score.writing.spared import highest_sung

REACH: dict[str, tuple[int, int]] = {
    "piano": (28, 98), "electric piano": (28, 96), "guitar": (40, 88), "steel guitar": (40, 88),
    "electric guitar": (40, 88), "harp": (31, 100), "pizzicato": (36, 93), "kalimba": (53, 96),
    "bell": (60, 100), "glass": (55, 98), "vibes": (53, 96), "marimba": (45, 96), "flute": (60, 96),
    "clarinet": (50, 91), "oboe": (58, 91), "saxophone": (49, 84), "trumpet": (52, 84),
    "horn": (41, 79), "violin": (55, 98), "cello": (36, 76), "voice": (53, 84),
    "synth lead": (45, 96), "strings": (36, 96), "short strings": (36, 96), "choir": (45, 84),
    "warm pad": (36, 88), "glass pad": (48, 96), "sweep pad": (40, 90), "organ": (36, 96),
    "accordion": (50, 91), "synth": (36, 96), "bass": (28, 55), "upright bass": (28, 57),
    "synth bass": (28, 55),
}  # fmt: skip
"""MIDI: lowest and highest, as the sound has them (a test holds that)."""
_OCTAVE = 12
_UNDER, _OVER = 6, 9
"""Semitones about its centre in which a melody mostly lies."""


def within(instrument: str, pitch: int) -> int:
    """A pitch, by octaves, on an instrument's keys."""
    low, high = REACH.get(instrument, (0, 127))
    if pitch < low:
        return pitch + _OCTAVE * -(-(low - pitch) // _OCTAVE)
    return pitch - _OCTAVE * -(-(pitch - high) // _OCTAVE) if pitch > high else pitch


def reached(ensemble: Ensemble, bar: Bar) -> Ensemble:
    """The ensemble with the melody in an octave that its voice has, where how high it lies is asked
    for."""
    if bar.wish is None or bar.wish.pitch is None:
        return ensemble
    voice = ensemble.voice
    low, high = REACH[voice.lead]
    written = bar.descriptor.register
    if bar.gentle is not None:  # asked for higher than it may be, it lies as high as it may
        written = min(written, highest_sung(bar.gentle) - _OVER)
    centre = written + _OCTAVE * voice.octave
    up, down = centre - _UNDER < low, centre + _OVER > high
    octave = voice.octave + (up and not down) - (down and not up)
    return (
        ensemble
        if octave == voice.octave
        else replace(ensemble, voice=replace(voice, octave=octave))
    )
