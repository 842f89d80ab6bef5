"""FIGARO's tokens of a description, and back: its vocabulary and its bins (dvruette/figaro,
``constants.py`` and ``vocab.py``).

A bar is ``Bar_1``, its time signature, four numbers of bins, its instruments and its chords. What a
bar leaves out has no token. What FIGARO has no word for is left out too: a bar of over three whole
notes, one that counts whole notes or thirty-seconds, bars behind the 511th.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.description.bars import POSITIONS
from engine.plan.described import NO_CHORD, QUALITIES, ROOTS, DescribedBar, Description
from engine.plan.general_midi import DRUMS, PROGRAMMES

MOST_BARS = 511
"""``Bar_0`` to ``Bar_511`` are FIGARO's words, and it begins with 1."""
LONGEST_BAR = 3
"""Whole notes."""
COUNTED = (2, 4, 8, 16)

BINS = {
    "Note Density": np.linspace(0.0, 12.0, 33),
    "Mean Velocity": np.linspace(0.0, 128.0, 33),
    "Mean Pitch": np.linspace(0.0, 128.0, 33),
    "Mean Duration": np.logspace(0.0, 7.0, 33, base=2.0),
}
"""In FIGARO's order. Density is in notes a position, which is a twelfth of a quarter note, duration
in positions."""
_FIELDS = {
    "Note Density": ("note_density", 1.0 / POSITIONS),
    "Mean Velocity": ("mean_velocity", 1.0),
    "Mean Pitch": ("mean_pitch", 1.0),
    "Mean Duration": ("mean_duration", float(POSITIONS)),
}
"""A bin's name: our field, and what its value is multiplied with."""
_SPELLED = {DRUMS: "drum", "Lead 4 (chiff)": "Lead 4 chiff"}
"""What FIGARO calls otherwise."""
_OURS = {other: ours for ours, other in _SPELLED.items()}
_NONE = "N:N"

BEGINNING = "<bos>"
"""What FIGARO's words may begin with."""
TIME_SIGNATURES = tuple(
    f"{above}/{below}" for below in COUNTED for above in range(1, LONGEST_BAR * below + 1)
)
INSTRUMENTS = (*(_SPELLED.get(name, name) for name in PROGRAMMES), _SPELLED[DRUMS])
CHORDS = (*(f"{r}:{q}" for r in ROOTS for q in (*QUALITIES, "None")), _NONE)
VOCABULARY = (
    *(f"Time Signature_{one}" for one in TIME_SIGNATURES),
    *(f"Instrument_{one}" for one in INSTRUMENTS),
    *(f"Chord_{one}" for one in CHORDS),
    *(f"{name}_{at}" for name, bins in BINS.items() for at in range(len(bins))),
    *(f"Bar_{number}" for number in range(MOST_BARS + 1)),
)
"""Every word of a description in FIGARO's language, its special tokens left out."""
KNOWN = frozenset(VOCABULARY)


def tokens_of(description: Description) -> list[str]:
    """FIGARO's tokens."""
    return [
        token
        for number, bar in enumerate(description.bars[:MOST_BARS], 1)
        for token in _bar_tokens(number, bar)
    ]


def _bar_tokens(number: int, bar: DescribedBar) -> Iterator[str]:
    yield f"Bar_{number}"
    if bar.time_signature in TIME_SIGNATURES:
        yield f"Time Signature_{bar.time_signature}"
    for name, (field, factor) in _FIELDS.items():
        if (value := getattr(bar, field)) is not None:
            yield f"{name}_{nearest(BINS[name], value * factor)}"
    for one in bar.instruments:
        yield f"Instrument_{_SPELLED.get(one, one)}"
    for one in bar.chords:
        yield f"Chord_{_NONE if one == NO_CHORD else one}"


def nearest(bins: NDArray[np.float64], value: float) -> int:
    """The number of the bin that is nearest to ``value``; of two the lower."""
    return int(np.argmin(np.abs(bins - value)))


def value_of(token: str) -> tuple[str, object] | None:
    """(field of a ``DescribedBar``, its value) of a token of ``VOCABULARY``; None of ``Bar_...``
    and of what is no word. Of an instrument or a chord the value is one name."""
    if token not in KNOWN:
        return None
    name, _, word = token.partition("_")
    if name in _FIELDS:
        field, factor = _FIELDS[name]
        return field, _held(field, float(BINS[name][int(word)]) / factor)
    if name == "Time Signature":
        return "time_signature", word
    if name == "Instrument":
        return "instruments", _OURS.get(word, word)
    if name == "Chord":
        return "chords", NO_CHORD if word == _NONE or word.endswith(":None") else word
    return None


def _held(field: str, value: float) -> float:
    """A bin's value within what the field may be: FIGARO's last bins are 128."""
    lowest, highest = {"mean_pitch": (0.0, 127.0), "mean_velocity": (1.0, 127.0)}.get(
        field, (0.0, 256.0)
    )
    return min(highest, max(lowest, round(value, 4)))


_BAR = re.compile(r"Bar_\d{1,4}", re.ASCII)


def is_bar(token: str) -> bool:
    """Whether a bar begins."""
    return _BAR.fullmatch(token) is not None


def binned(description: Description) -> Sequence[tuple[str, ...]]:
    """The tokens of each bar without ``Bar_...``, for comparing two descriptions."""
    return [tuple(list(_bar_tokens(1, bar))[1:]) for bar in description.bars]
