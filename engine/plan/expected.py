"""Where the music stands by itself at an affect, on the scale of the faders. Pure."""

from __future__ import annotations

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.descriptor import describe
from engine.plan.spec import Plan
from engine.plan.wanted import FADERS, Faders, Features


class Expected(msgspec.Struct, frozen=True):
    """Where the faders would stand by themselves at an affect, each about 0 to 1; ``tempo`` BPM."""

    rhythm: float
    density: float
    register: float
    brightness: float
    tempo: float


def expected(affect: Affect) -> Expected:
    """What the feeling itself asks for there, as the embedded composer answers it (measured at the
    corners of the plane: 33 to 100 % of a bar's places, 3 to 14 notes a quarter, mean pitches of 56
    to 63)."""
    asked = describe(affect)
    busy = min(1.0, max(0.0, (asked.density - 1.1) / 6.6))
    high = min(1.0, max(0.0, (asked.register - 64.0) / 13.0))
    return Expected(
        rhythm=0.25 + 0.75 * busy,
        density=0.42 + 0.58 * busy,
        register=0.27 + 0.32 * high,
        brightness=asked.brightness,
        tempo=asked.tempo,
    )


def held(affect: Affect, features: Features) -> Affect:
    """``affect``, with what ``features`` name of it in its stead."""
    valence, energy = features.valence, features.energy
    return Affect(
        affect.valence if valence is None else 2.0 * valence - 1.0,
        affect.arousal if energy is None else 2.0 * energy - 1.0,
    )


def felt_at(plan: Plan, time: float) -> Faders:
    """Where each of the faders stands by itself at ``time`` session seconds."""
    features = plan.clips[0].features
    affect = plan.path.at(time)
    here = expected(affect if features is None else held(affect, features))
    return Faders(**{name: min(1.0, max(0.0, getattr(here, name))) for name in FADERS})
