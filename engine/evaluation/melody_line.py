"""The line that a listener follows in a score: found from notes alone, ours and other people's.

A melody is told from what goes with it by being louder and higher (melody tracks are found so by
Rizo et al., ISMIR 2006, and Madsen & Widmer, IJCAI 2007). Here bar by bar the track that is most
prominent around it is listened to, and of that track the notes on top (``notes.skyline``) that are
neither far softer nor far lower than the line around them. Who follows a line follows it through a
crescendo, so what is farther off says less of how loud it is.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Sequence

from engine.evaluation.notes import Piece, ScoreBar, ScoreNote, skyline

AROUND = 4
"""Bars before and after, by which a track is judged in a bar."""
DB_A_SEMITONE = 0.25
"""What a semitone higher is worth: an octave as much as 3 dB."""
SOFTEST_DB = -5.0
"""A note this much softer than another of its track, there and then, is no part of the line."""
SWELL_DB = 4.0
"""What a bar between the two takes off that: a phrase of four bars may swell by twice as much."""
TAKES_OVER_DB = 4.0
"""A track that is so much less prominent than one that rests is no part of the line."""
LOWEST = 12
"""Semitones under the line's middle around; what lies lower goes with it."""


def melody(piece: Piece) -> list[ScoreNote]:
    """The notes of the line, in the order of their onsets; one at each onset."""
    by_track: dict[int, list[ScoreNote]] = defaultdict(list)
    for note in piece.notes:
        by_track[note.track].append(note)
    tops = {track: skyline(notes) for track, notes in by_track.items()}
    starts = {track: [note.start for note in top] for track, top in tops.items()}
    line: list[ScoreNote] = []
    for number, bar in enumerate(piece.bars):
        first = piece.bars[max(0, number - AROUND)]
        last = piece.bars[min(len(piece.bars) - 1, number + AROUND)]
        near = {track: _between(tops[track], starts[track], first, last) for track in tops}
        sounds = {track: _prominence(top) for track, top in near.items()}
        here = {track: _within(by_track[track], bar) for track, top in near.items() if top}
        present = [track for track, notes in here.items() if notes]
        chosen = max(present, key=lambda track: sounds[track], default=None)
        if chosen is not None and sounds[chosen] >= max(sounds.values()) - TAKES_OVER_DB:
            line += _sung(here[chosen], near[chosen], bar.length)
    return skyline(line)


def loudness(note: ScoreNote) -> float:
    """dB under a velocity of 127, by General MIDI's law."""
    return 40.0 * math.log10(max(1, note.velocity) / 127.0)


def _prominence(top: Sequence[ScoreNote]) -> float:
    """Of a track's top notes around a bar: how loud and high they are on the whole, less where
    they are few."""
    if not top:
        return -math.inf
    sound = sum(loudness(note) + DB_A_SEMITONE * note.pitch for note in top) / len(top)
    return sound - 8.0 / len(top)


def _sung(notes: Sequence[ScoreNote], near: Sequence[ScoreNote], bar: float) -> list[ScoreNote]:
    """Those of a bar, ``bar`` quarters long, that belong to the line that is ``near`` them."""

    def heard(note: ScoreNote) -> bool:
        least = max(loudness(o) - SWELL_DB * abs(o.start - note.start) / bar for o in near)
        return loudness(note) >= least + SOFTEST_DB

    kept = [note for note in near if heard(note)] or list(near)
    middle = sorted(note.pitch for note in kept)[len(kept) // 2]
    return [note for note in notes if note.pitch >= middle - LOWEST and heard(note)]


def _between(
    top: list[ScoreNote], starts: list[float], first: ScoreBar, last: ScoreBar
) -> list[ScoreNote]:
    low = bisect.bisect_left(starts, first.start - 0.1)
    return top[low : bisect.bisect_left(starts, last.start + last.length - 0.1)]


def _within(notes: Sequence[ScoreNote], bar: ScoreBar) -> list[ScoreNote]:
    return [n for n in notes if bar.start - 0.1 <= n.start < bar.start + bar.length - 0.1]
