"""Alternate takes: a note that comes again is never the same sound as just before."""

from __future__ import annotations

from collections.abc import Iterable

from engine.composers.score.parts.touch import Note

_EVEN, _ODD = (0, 1), (2, 1)
"""The takes of a pitch in bars with even and with odd numbers, in turn. Whichever of them is an
even bar's last, no odd bar begins with it, and the other way round."""


def with_takes(notes: Iterable[Note], bar: int) -> list[Note]:
    """``notes`` of bar number ``bar``, in time order, each with its take.

    A pure function of the bar, so windows agree; between a note and the one before it on the same
    pitch of the same instrument takes differ, within a bar and from a bar to the next.
    """
    turn = _ODD if bar % 2 else _EVEN
    strokes: dict[tuple[str, int], int] = {}
    told = []
    for note in notes:
        place = (note.instrument, note.pitch)
        strokes[place] = stroke = strokes.get(place, -1) + 1
        told.append(note._replace(take=turn[stroke % 2]))
    return told
