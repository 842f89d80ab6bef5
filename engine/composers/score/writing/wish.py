"""What is asked of one bar, in numbers: how the faders stand where it begins, and what a
description says of it. A fader that is held is over the description, whose bar it moves.
"""

from __future__ import annotations

import msgspec

from engine.affect.descriptor import Descriptor
from engine.composers.score.writing.metre import METRES, Metre
from engine.plan.described import DescribedBar
from engine.plan.wanted import Faders

_PLACES = (0.125, 1.0)
"""Rhythm at 0 and 1: the share of a bar's sixteenths at which something begins; left alone it is
between 0.33 and 1."""
_NOTES = (1.0, 14.0)
"""Density at 0 and 1: notes a quarter, in equal ratios between; left alone 3 to 18."""
_PITCHES = (50.0, 72.0)
"""Register at 0 and 1: the mean MIDI pitch; left alone 56 to 63."""
_SUNG, _SUNG_OF_ALL = 0.6, 0.35
"""The share of a bar's places, and of its notes, that a melody has."""
_ABOVE = 10.0
"""Semitones by which a melody lies over the mean of all."""
_CENTRES = (57.0, 83.0)
"""MIDI: where a melody may have its centre."""


class Wish(msgspec.Struct, frozen=True):
    """What is asked of a bar; None where it follows the affect.

    ``places``: the share of its sixteenths at which something begins; ``density``: notes that
    begin, a quarter note, without drums; ``pitch``: their mean (MIDI); ``brightness`` of the
    timbre, in [0, 1]; ``velocity``: the mean, 1 to 127; ``duration``: the mean in quarter notes;
    ``instruments``: General MIDI's names and 'drums', () where they are not named.
    """

    places: float | None = None
    density: float | None = None
    pitch: float | None = None
    brightness: float | None = None
    velocity: float | None = None
    duration: float | None = None
    instruments: tuple[str, ...] = ()


NOTHING = Wish()


def wish_of(faders: Faders, described: DescribedBar | None) -> Wish | None:
    """What both ask of a bar together; None where that is nothing."""
    said = described or DescribedBar()
    wish = Wish(
        places=_between(_PLACES, faders.rhythm),
        density=_density(faders.density) if faders.density is not None else said.note_density,
        pitch=_between(_PITCHES, faders.register)
        if faders.register is not None
        else said.mean_pitch,
        brightness=faders.brightness,
        velocity=said.mean_velocity,
        duration=said.mean_duration,
        instruments=said.instruments,
    )
    return None if wish == NOTHING else wish


def _between(ends: tuple[float, float], share: float | None) -> float | None:
    return None if share is None else ends[0] + (ends[1] - ends[0]) * share


def _density(share: float | None) -> float | None:
    if share is None:
        return None
    low, high = _NOTES
    return low * float((high / low) ** share)


def led_by(descriptor: Descriptor, wish: Wish | None, metre: Metre) -> Descriptor:
    """The descriptor of a bar by which its melody is told, with what is asked of it."""
    if wish is None:
        return descriptor
    sung = []
    if wish.places is not None:
        sung.append(_SUNG * wish.places * metre.slots)
    if wish.density is not None:
        sung.append(_SUNG_OF_ALL * wish.density * metre.slots / 4)
    named: dict[str, float] = {}
    if sung:
        named["density"] = min(sung)
    if wish.pitch is not None:
        named["register"] = min(_CENTRES[1], max(_CENTRES[0], wish.pitch + _ABOVE))
    if wish.brightness is not None:
        named["brightness"] = wish.brightness
    return msgspec.structs.replace(descriptor, **named)


def metre_like(time_signature: str) -> Metre:
    """The metre here that is nearest to a time signature: in two groups of three for eighths in
    threes (6/8, 9/8, 12/8), else by how many beats it has."""
    numerator, denominator = map(int, time_signature.split("/"))
    if time_signature in METRES:
        return METRES[time_signature]
    threes = numerator % 3 == 0
    if threes and denominator >= 8 and numerator > 3:
        return METRES["6/8"]
    if threes:
        return METRES["3/4"]
    return METRES["2/4"] if numerator <= 2 and denominator > 2 else METRES["4/4"]
