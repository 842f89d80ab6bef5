"""What each bar of a piece is, in FIGARO's words.

As FIGARO's public code measures them (dvruette/figaro, ``input_representation.py``), with three
differences: drums have no pitch and no length here, so they are left out of density, pitch and
duration; a pedal lengthens no note; values are kept as they are and binned in ``tokens.py`` alone.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence

from engine.description.chords import chords_of
from engine.evaluation.notes import Piece, ScoreBar, ScoreNote
from engine.plan.described import MAX_BARS, MOST_NAMES, DescribedBar, Description
from engine.plan.general_midi import DRUMS, PROGRAMMES

POSITIONS = 12
"""A quarter note: FIGARO's grid, to which onsets are rounded."""


def describe_bars(piece: Piece) -> Description | None:
    """The bars from the first to the last that has a note, at most ``MAX_BARS``; None where no note
    is."""
    bars = piece.bars
    starts = [bar.start for bar in bars]
    pitched: list[list[ScoreNote]] = [[] for _ in bars]
    strokes: list[list[ScoreNote]] = [[] for _ in bars]
    for notes, kept in ((piece.notes, pitched), (piece.drums, strokes)):
        for note in notes:
            if (at := _bar_of(note, starts, bars)) >= 0:
                kept[at].append(note)
    filled = [at for at in range(len(bars)) if pitched[at] or strokes[at]]
    if not filled:
        return None
    chords = _chords(piece, starts)
    first, last = filled[0], min(filled[-1], filled[0] + MAX_BARS - 1)
    return Description(
        bars=tuple(
            _bar(bars[at], pitched[at], strokes[at], chords[at]) for at in range(first, last + 1)
        )
    )


def _bar_of(note: ScoreNote, starts: Sequence[float], bars: Sequence[ScoreBar]) -> int:
    """The number of the bar in which a note begins, -1 where it is behind them all."""
    begins = round(note.start * POSITIONS) / POSITIONS + 1e-6
    at = bisect.bisect_right(starts, begins) - 1
    return at if begins < bars[at].start + bars[at].length else -1


def _bar(
    bar: ScoreBar, pitched: list[ScoreNote], strokes: list[ScoreNote], chords: tuple[str, ...]
) -> DescribedBar:
    used = Counter(PROGRAMMES[note.programme] for note in pitched)
    if strokes:
        used[DRUMS] = len(strokes)
    most = {name for name, _ in used.most_common(MOST_NAMES)}
    return DescribedBar(
        time_signature=bar.metre or None,
        note_density=min(256.0, round(len(pitched) / bar.length, 3)),
        mean_pitch=_mean([note.pitch for note in pitched]),
        mean_velocity=_mean([note.velocity for note in (*pitched, *strokes)]),
        mean_duration=_length([note.end - note.start for note in pitched]),
        instruments=tuple(name for name in (*PROGRAMMES, DRUMS) if name in most),
        chords=chords,
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None


def _length(values: Sequence[float]) -> float | None:
    return min(256.0, max(0.001, round(sum(values) / len(values), 3))) if values else None


def _chords(piece: Piece, starts: Sequence[float]) -> list[tuple[str, ...]]:
    """Of each bar the chords, each once for as long as it lasts."""
    kept: list[list[str]] = [[] for _ in starts]
    for start, name in zip(*chords_of(piece), strict=True):
        row = kept[bisect.bisect_right(starts, start + 1e-6) - 1]
        if row[-1:] != [name] and len(row) < MOST_NAMES:
            row.append(name)
    return [tuple(row) for row in kept]
