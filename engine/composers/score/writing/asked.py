"""What is asked of the music itself, where the writing of a bar meets it: what is named holds, the
rest follows the affect. What each does and how closely it holds: docs/description.md.
"""

from __future__ import annotations

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.descriptor import Descriptor, describe
from engine.affect.path import Path, Waypoint
from engine.composers.score.writing.harmony import AEOLIAN, IONIAN
from engine.plan.wanted import Features

TONICS = {
    name: number
    for number, name in enumerate(
        ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"),
    )
}
"""Pitch classes of the keys that can be asked for."""
_TO_DANCE, _TO_LIE = 120.0, 54.0
"""BPM."""
_MODES = {"major": IONIAN, "minor": AEOLIAN}


def held_path(path: Path, features: Features | None) -> Path:
    """``path`` with the coordinates that energy and valence name where those say: energy is
    arousal, from 0 to 1, for everything that is played."""
    if features is None or (features.energy is None and features.valence is None):
        return path

    def held(affect: Affect) -> Affect:
        valence, energy = features.valence, features.energy
        return Affect(
            affect.valence if valence is None else 2.0 * valence - 1.0,
            affect.arousal if energy is None else 2.0 * energy - 1.0,
        )

    return Path(tuple(Waypoint(point.time, held(point.affect)) for point in path.waypoints))


def descriptor_of(affect: Affect, features: Features | None) -> Descriptor:
    """The descriptor of an affect (of a ``held_path``) with what the features name."""
    descriptor = describe(affect)
    if features is None:
        return descriptor
    if features.tempo is not None:
        descriptor = msgspec.structs.replace(descriptor, tempo=features.tempo)
    elif features.danceability is not None:
        tempo = _danced(descriptor.tempo, features.danceability)
        descriptor = msgspec.structs.replace(descriptor, tempo=tempo)
    if features.mode is not None:
        descriptor = msgspec.structs.replace(descriptor, mode=float(_MODES[features.mode]))
    return descriptor


def _danced(tempo: float, share: float) -> float:
    """A tempo the nearer to 120, at which people move best (Moelants 2002), the better one is to
    dance to it; under the middle the nearer to one at which nobody does."""
    goal = _TO_DANCE if share >= 0.5 else _TO_LIE
    return tempo + (goal - tempo) * min(1.0, 2.0 * abs(share - 0.5))


def mode_named(features: Features | None) -> int | None:
    """The mode that is named, of ``harmony``: what is called major is Ionian, minor Aeolian."""
    return None if features is None or features.mode is None else _MODES[features.mode]


def tonic_named(features: Features | None) -> int | None:
    """The pitch class of the key that is named."""
    return None if features is None or features.key is None else TONICS[features.key]
