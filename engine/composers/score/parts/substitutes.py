"""Who plays in whose stead, where features ask for it: instruments that need electricity and those
that do not, voices and none, drums and none. Roles and figures stay.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

from engine.composers.score.parts.ensembles import Ensemble

ELECTRIC = frozenset(
    (
        "electric piano", "electric guitar", "bass", "synth bass", "synth", "synth lead",
        "warm pad", "glass pad", "sweep pad", "glass",
    )
)  # fmt: skip
_TO_ELECTRIC = {
    "piano": "electric piano", "guitar": "electric guitar", "steel guitar": "electric guitar",
    "harp": "synth", "pizzicato": "synth", "short strings": "synth", "marimba": "glass",
    "vibes": "glass", "bell": "glass", "kalimba": "glass", "organ": "warm pad",
    "accordion": "synth lead", "strings": "warm pad", "choir": "glass pad", "upright bass": "bass",
}  # fmt: skip
_TO_ACOUSTIC = {
    "electric piano": "piano", "electric guitar": "steel guitar", "bass": "upright bass",
    "synth bass": "upright bass", "synth": "harp", "synth lead": "flute", "warm pad": "strings",
    "glass pad": "strings", "sweep pad": "strings", "glass": "bell",
}  # fmt: skip
_BASSES = ({"warm pad": "cello"}, {"cello": "synth bass", "piano": "electric piano"})
"""What a bass is played by otherwise: without electricity, and with it."""
_ROLES = (
    ("bass", 0.15), ("pad", 0.25), ("colour", 0.03), ("counter", 0.05), ("glitter", 0.03),
    ("drive", 0.04), ("busy", 0.0), ("figure", 0.35), ("lead", 0.15),
)  # fmt: skip
"""In which order roles come to be played with electricity, and about how much each sounds."""
_VOICES = {"voice": "flute", "choir": "strings"}
_DANCED, _STILL = 0.6, 0.35
"""Danceability from which there are drums, and up to which there are none."""


@functools.lru_cache(maxsize=1024)
def as_asked(
    ensemble: Ensemble,
    acousticness: float | None,
    danceability: float | None,
    sung: bool | None,
) -> Ensemble:
    """The ensemble with ``acousticness`` as the share of what sounds without electricity, drums by
    ``danceability``, and voices where they are to be ``sung`` (None: as it has them)."""
    made = ensemble
    if acousticness is not None:
        made = _plugged(made, 1.0 - acousticness)
    if danceability is not None and danceability >= _DANCED and not made.kit:
        made = replace(made, style=replace(made.style, kit="soft"))
    elif danceability is not None and danceability <= _STILL:
        made = Ensemble(replace(made.style, kit=""), replace(made.voice, kit=""))
    return made if sung is None else _voiced(made, sung=sung)


def _plugged(ensemble: Ensemble, share: float) -> Ensemble:
    """The ensemble with about such a share of it played with electricity."""
    roles = _named(ensemble)
    whole = sum(weight for role, weight in _ROLES if roles.get(role))
    done = 0.0
    changed: dict[str, str] = {}
    for role, weight in _ROLES:
        name = roles.get(role)
        if not name:
            continue
        electric = share > 0.0 and (done + 0.5 * weight) / whole <= share
        done += weight
        changed[role] = _electric(role, name) if electric else _acoustic(role, name)
    return _cast(ensemble, changed)


def _electric(role: str, name: str) -> str:
    if name in ELECTRIC:
        return name
    if role == "bass":
        return _BASSES[1].get(name, _TO_ELECTRIC.get(name, "synth bass"))
    return _TO_ELECTRIC.get(name, "synth lead")


def _acoustic(role: str, name: str) -> str:
    if name not in ELECTRIC:
        return name
    if role == "bass" and name in _BASSES[0]:
        return _BASSES[0][name]
    return _TO_ACOUSTIC[name]


def _voiced(ensemble: Ensemble, *, sung: bool) -> Ensemble:
    """The ensemble with a choir that holds its chords, or with nobody who sings."""
    roles = _named(ensemble)
    if sung:
        return _cast(ensemble, roles | {"pad": "choir"})
    return _cast(ensemble, {role: _VOICES.get(name, name) for role, name in roles.items() if name})


def _named(ensemble: Ensemble) -> dict[str, str | None]:
    style = ensemble.style
    return {
        "lead": ensemble.voice.lead, "figure": ensemble.figure, "bass": ensemble.bass,
        "pad": style.pad, "colour": style.colour, "counter": style.counter,
        "glitter": style.glitter, "drive": style.drive, "busy": style.busy,
    }  # fmt: skip


def _cast(ensemble: Ensemble, roles: Mapping[str, str | None]) -> Ensemble:
    """The ensemble with others in its roles; who plays its figures plays the same ones."""
    style = replace(
        ensemble.style,
        figures=ensemble.figures,
        figure=roles.get("figure") or ensemble.figure,
        pad=roles.get("pad"),
        bass=roles.get("bass"),
        colour=roles.get("colour"),
        counter=roles.get("counter"),
        glitter=roles.get("glitter"),
        drive=roles.get("drive"),
        busy=roles.get("busy"),
    )
    lead = roles.get("lead") or ensemble.voice.lead
    octave = ensemble.voice.octave if lead == ensemble.voice.lead else 0
    return Ensemble(
        style, replace(ensemble.voice, lead=lead, figure=None, bass=None, octave=octave)
    )
