"""The ten features of a piece, from its notes or from its sound, each with how it was had, or why
it can't be. What each is and where it comes from: docs/description.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.description.affect_of_notes import affect_of_notes
from engine.description.instruments import acoustic_share, unsung_share
from engine.description.pulse import LONGEST, RATE, danceability, pulse_of
from engine.description.sound import HeardSound
from engine.evaluation.local_keys import key_fits
from engine.evaluation.notes import Piece
from engine.meter.features import KRUMHANSL
from engine.plan.described import ROOTS
from engine.plan.wanted import Features

Name = Literal[
    "energy",
    "valence",
    "loudness",
    "instrumentalness",
    "danceability",
    "acousticness",
    "key",
    "mode",
    "time_signature",
    "tempo",
]
_UNITS = {"loudness": "LUFS", "tempo": "quarter notes a minute"}
_DIGITS = {"loudness": 1, "tempo": 1}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A feature: its ``value``, None where it can't be had, and in a few words how it was had, or
    why it can't be."""

    name: Name
    value: float | str | None
    unit: str = ""
    said: str = ""


def figures_of_notes(piece: Piece, loudness: float | None, of_sound: str) -> tuple[Figure, ...]:
    """Of a score; ``loudness`` of its sound, which ``of_sound`` says something of."""
    told = affect_of_notes(piece)
    few = "too few notes to say"
    tempo = _tempo(piece)
    pulse = pulse_of(_curve(piece))
    key = _key(_classes(piece), "from how long each pitch class sounds")
    by_notes = "from the notes, by what people said of 198 piano pieces"
    return (
        _figure("energy", _share(told.affect.arousal) if told else None, by_notes if told else few),
        _figure(
            "valence", _share(told.affect.valence) if told else None, by_notes if told else few
        ),
        _figure("loudness", loudness, of_sound),
        _figure("instrumentalness", unsung_share(piece), "the time in which no voice is named"),
        _figure(
            "danceability",
            danceability(pulse, tempo) if pulse and tempo else None,
            "clear and steady beat, and a speed near 120" if pulse else few,
        ),
        _figure("acousticness", acoustic_share(piece), "the instruments that need no electricity"),
        *key,
        _time_signature(piece),
        _figure(
            "tempo",
            tempo,
            "as it is written"
            if piece.names_tempo
            else "the file names none, and 120 is MIDI's rule",
        ),
    )


def figures_of_sound(heard: HeardSound) -> tuple[Figure, ...]:
    """Of a sound: what needs an instrument, a voice or a bar line told is left open."""
    pulse = pulse_of(heard.onsets)
    no_beat = "no beat stands out"
    affect = heard.affect
    by_meter = "it needs 5 s of sound"
    if affect is not None:
        by_meter = "by musmed's meter" + ("" if heard.known else ", which knows no such sound")
    return (
        _figure("energy", _share(affect.arousal) if affect else None, by_meter),
        _figure("valence", _share(affect.valence) if affect else None, by_meter),
        _figure("loudness", heard.loudness, "integrated, ITU-R BS.1770-4"),
        _figure("instrumentalness", None, "no voice is told from a sound here; a score has it"),
        _figure(
            "danceability",
            danceability(pulse, pulse.tempo) if pulse else None,
            "clear and steady beat, and a speed near 120" if pulse else no_beat,
        ),
        _figure("acousticness", None, "no instrument is told from a sound here; a score has it"),
        *_key(heard.classes, "from how much each pitch class sounds"),
        _figure("time_signature", None, "no bar line is told from a sound here; a score has it"),
        _figure(
            "tempo",
            pulse.tempo if pulse else None,
            "from the beat that stands out; it may be half or twice" if pulse else no_beat,
        ),
    )


def as_wanted(figures: Sequence[Figure]) -> Features:
    """What can be asked of music to be like that: figures that are not there, or out of the range
    of what can be asked, ask for nothing."""
    asked: dict[str, object] = {}
    for figure in figures:
        if figure.value is None:
            continue
        try:
            msgspec.convert({figure.name: figure.value}, Features)
        except msgspec.ValidationError:
            continue
        asked[figure.name] = figure.value
    return msgspec.convert(asked, Features)


def _figure(name: Name, value: float | str | None, said: str) -> Figure:
    if isinstance(value, float):
        value = round(value, _DIGITS.get(name, 2)) + 0.0
    return Figure(name=name, value=value, unit=_UNITS.get(name, ""), said=said)


def _share(coordinate: float) -> float:
    """A coordinate of the circumplex, in [-1, 1], as a share of 1."""
    return min(1.0, max(0.0, (coordinate + 1.0) / 2.0))


def _classes(piece: Piece) -> NDArray[np.float64]:
    """(12,): how many quarter notes each pitch class sounds."""
    lengths = np.zeros(12)
    for note in piece.notes:
        lengths[note.pitch % 12] += note.end - note.start
    return lengths


def _key(classes: NDArray[np.float64], said: str) -> tuple[Figure, Figure]:
    fits = key_fits(classes, KRUMHANSL)
    if not fits.any():
        return _figure("key", None, "nothing has a pitch"), _figure("mode", None, "as the key")
    best = int(np.argmax(fits))
    said = f"{said}: fit {fits[best]:.2f}"
    mode = "minor" if best >= 12 else "major"
    beside = float(fits[:12].max() if best >= 12 else fits[12:].max())
    return (
        _figure("key", ROOTS[best % 12], said),
        _figure("mode", mode, f"the best key of the other mode fits {beside:.2f}"),
    )


def _time_signature(piece: Piece) -> Figure:
    lasting: dict[str, float] = defaultdict(float)
    for bar in piece.bars:
        lasting[bar.metre] += bar.end_s - bar.start_s
    most = max(lasting, key=lambda metre: lasting[metre], default="")
    if not piece.names_metre or not most:
        return _figure("time_signature", None, "the file names none; its bars are counted in 4/4")
    said = "as it is written"
    if len(lasting) > 1:
        said = f"the one that lasts longest of {len(lasting)}"
    return _figure("time_signature", most, said)


def _tempo(piece: Piece) -> float | None:
    """Quarter notes a minute that half of the time is slower than and half is faster."""
    rows = [
        (60.0 * bar.length / (bar.end_s - bar.start_s), bar.end_s - bar.start_s)
        for bar in piece.bars
        if bar.end_s > bar.start_s
    ]
    if not rows:
        return None
    tempi, seconds = (np.array(column) for column in zip(*sorted(rows), strict=True))
    passed = np.cumsum(seconds)
    return float(tempi[int(np.searchsorted(passed, passed[-1] / 2.0))])


def _curve(piece: Piece) -> NDArray[np.float64]:
    """What begins when: the loudness of each note, over the 30 ms about its onset."""
    played = [note for note in (*piece.notes, *piece.drums) if note.onset_s < LONGEST]
    if not played:
        return np.zeros(0)
    curve = np.zeros(int(max(note.onset_s for note in played) * RATE) + 2 * RATE)
    for note in played:
        at = int(note.onset_s * RATE) + 1
        curve[at - 1 : at + 2] += np.array((0.5, 1.0, 0.5)) * (note.velocity / 127.0) ** 2
    return curve
