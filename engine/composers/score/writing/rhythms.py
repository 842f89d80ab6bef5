"""Rhythms that tunes are made of, by metre: (slot, sixteenths) of each note in a bar."""

from __future__ import annotations

from typing import NamedTuple

Rhythm = tuple[tuple[int, int], ...]


class Rhythms(NamedTuple):
    """``moving`` bars go on, ``halves`` end a question, some with a pick-up into the answer,
    ``finals`` end a tune; both leave room to breathe."""

    moving: tuple[Rhythm, ...]
    halves: tuple[Rhythm, ...]
    finals: tuple[Rhythm, ...]


def _rhythms(*lines: str) -> tuple[Rhythm, ...]:
    """Each line a bar: lengths in sixteenths one after another, a negative one a rest."""
    made: list[Rhythm] = []
    for line in lines:
        slot, notes = 0, []
        for length in map(int, line.split()):
            if length > 0:
                notes.append((slot, length))
            slot += abs(length)
        made.append(tuple(notes))
    return tuple(made)


RHYTHMS: dict[str, Rhythms] = {
    "4/4": Rhythms(
        moving=_rhythms(
            "4 4 4 4", "6 2 4 4", "4 2 2 8", "2 2 4 6 2", "8 4 4", "6 2 8", "3 3 2 4 4",
            "6 6 4", "2 6 4 4", "-2 2 2 2 6 2", "-4 2 2 8", "4 8 4", "6 2 2 2 4", "12 2 2",
            "8 2 2 4", "4 4 2 2 4", "3 1 4 3 1 4", "-2 2 4 4 4", "2 2 2 2 4 4",
        ),
        halves=_rhythms("8 -8", "4 8 -4", "8 -4 2 2", "6 2 4 -4", "4 4 -4 2 2", "10 -2 4"),
        finals=_rhythms("12 -4", "4 8 -4", "2 2 8 -4", "8 -8", "6 2 6 -2", "2 2 4 6 -2"),
    ),
    "3/4": Rhythms(
        moving=_rhythms(
            "4 4 4", "8 4", "6 2 4", "4 2 2 4", "2 2 4 4", "8 2 2", "6 2 2 2", "-4 2 2 4",
            "4 8", "10 2", "4 4 2 2", "2 4 2 4", "3 1 4 4", "-2 2 4 4",
        ),
        halves=_rhythms("8 -4", "6 2 -4", "4 4 -4", "8 -2 2", "4 6 -2"),
        finals=_rhythms("8 -4", "4 6 -2", "10 -2", "2 2 6 -2"),
    ),
    "6/8": Rhythms(
        moving=_rhythms(
            "4 2 4 2", "6 4 2", "4 2 6", "2 2 2 6", "6 6", "3 1 2 4 2", "2 2 2 4 2", "10 2",
            "-2 2 2 4 2", "4 2 2 2 2", "6 2 2 2", "2 4 6",
        ),
        halves=_rhythms("6 -6", "6 -4 2", "4 6 -2", "4 2 4 -2", "8 -2 2"),
        finals=_rhythms("8 -4", "4 6 -2", "10 -2", "2 2 2 4 -2"),
    ),
    "2/4": Rhythms(
        moving=_rhythms(
            "4 4", "4 2 2", "2 2 4", "3 1 4", "2 2 2 2", "6 2", "2 4 2", "-2 2 2 2", "3 1 2 2",
            "4 3 1", "2 1 1 4", "-4 2 2", "4 2 1 1", "2 2 3 1", "3 3 2",
        ),
        halves=_rhythms("4 -4", "4 -2 2", "2 2 -4", "6 -2", "2 4 -2"),
        finals=_rhythms("6 -2", "4 -4", "2 4 -2", "2 2 3 -1"),
    ),
}  # fmt: skip
"""Long and short, dotted, tresillo, after the beat, turning at the end."""
