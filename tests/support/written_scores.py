"""Scores written by hand: notes on a grid of 4/4 at 60 BPM, so that a beat is a second."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evaluation.notes import Piece, ScoreBar, ScoreNote


def note(
    start: float, pitch: int, length: float = 1.0, velocity: int = 80, track: int = 0
) -> ScoreNote:
    """``start`` and ``length`` in beats."""
    return ScoreNote(start, start + length, pitch, start, start + length, velocity, track)


def line(
    pitches: Sequence[int],
    step: float = 1.0,
    at: float = 0.0,
    velocity: int = 80,
    track: int = 0,
) -> list[ScoreNote]:
    """One note after another, each ``step`` beats long."""
    return [note(at + step * i, p, step, velocity, track) for i, p in enumerate(pitches)]


def score(
    notes: Sequence[ScoreNote], drums: Sequence[ScoreNote] = (), bars: int | None = None
) -> Piece:
    """The notes on as many bars as they take."""
    last = max((n.end for n in (*notes, *drums)), default=0.0)
    count = bars if bars is not None else -(-int(last) // 4)
    grid = tuple(ScoreBar(4.0 * i, 4.0, 4.0 * i, 4.0 * i + 4.0) for i in range(count))
    return Piece(tuple(sorted(notes)), grid, tuple(drums))
