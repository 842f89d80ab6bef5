"""Affect -> what the music does: additive, monotone mappings.

Sources: Ehrlich et al. 2019 (PLoS ONE e0213516) for the directions of tempo, note density,
loudness, register and mode; Eerola, Friberg & Bresin 2013 (Front. Psychol. 4:487) for their
order of importance (mode, tempo, register, dynamics, articulation, timbre) and for additivity
(linear cues explain 77-89 % of ratings). The ranges are musmed's own: narrower than Ehrlich's in
loudness and tempo, because this is music to rest by.
"""

from __future__ import annotations

import itertools

import msgspec

from engine.affect.circumplex import Affect

MIN_TEMPO, MAX_TEMPO = 56.0, 126.0


class Descriptor(msgspec.Struct, frozen=True):
    """What a bar is asked to be.

    ``tempo`` BPM; ``density`` melody onsets per bar; ``register`` centre of the melody (MIDI);
    ``loudness`` mean velocity in (0, 1); ``brightness``, ``tension``, ``regularity`` in [0, 1];
    ``articulation`` sounding fraction of a note's length; ``mode`` mode brightness, 1 (Phrygian)
    to 6 (Lydian).
    """

    tempo: float
    mode: float
    tension: float
    register: float
    density: float
    articulation: float
    loudness: float
    brightness: float
    regularity: float


def _clip(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


_BRIGHTNESS = (
    (-1.0, 1.2),
    (-0.6, 1.9),
    (-0.1, 2.35),
    (0.1, 3.4),
    (0.35, 4.65),
    (0.7, 5.2),
    (1.0, 5.6),
)
"""Valence -> mode brightness: minor below -0.1 and major from 0.35 on, the modes between them on a
short stretch. Major and minor are what listeners hear valence by most (Eerola, Friberg & Bresin
2013); the modes between are heard as neither (Temperley & Tan 2013, Music Perception 30:237)."""


def _mode_brightness(valence: float) -> float:
    for (x0, y0), (x1, y1) in itertools.pairwise(_BRIGHTNESS):
        if valence <= x1:
            return y0 + (y1 - y0) * (valence - x0) / (x1 - x0)
    return _BRIGHTNESS[-1][1]


def describe(affect: Affect) -> Descriptor:
    """The descriptor of an affect. Monotone in each coordinate."""
    v, a = affect.valence, affect.arousal
    return Descriptor(
        tempo=_clip(90.0 + 32.0 * a + 3.0 * v, MIN_TEMPO, MAX_TEMPO),
        mode=_clip(_mode_brightness(v) - 0.2 * a, 1.0, 6.0),
        tension=_clip(0.40 - 0.46 * v + 0.20 * a, 0.0, 1.0),
        register=70.5 + 5.0 * v + 1.5 * a,
        density=4.4 + 3.0 * a + 0.3 * v,
        articulation=0.86 - 0.16 * a + 0.02 * v,
        loudness=0.56 + 0.24 * a,
        brightness=_clip(0.48 + 0.34 * a + 0.10 * v, 0.0, 1.0),
        regularity=_clip(0.6 + 0.25 * v - 0.15 * a, 0.0, 1.0),
    )
