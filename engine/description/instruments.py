"""Which instruments of General MIDI sing, and which need electricity to sound."""

from __future__ import annotations

from collections.abc import Iterable

from engine.evaluation.notes import Piece, ScoreNote
from engine.plan.general_midi import ELECTRIC, VOICES

ELECTRIC_KITS = frozenset((24, 25))
"""Roland GS's electronic kit and that of the TR-808."""
STROKE_SECONDS = 0.2
"""What a stroke of a drum counts: a file's lengths of them mean nothing."""
_SUNG_SECONDS = 2.0
"""What a syllable counts at most."""


def acoustic_share(piece: Piece) -> float | None:
    """Of the seconds that all notes sound, each by itself, those of instruments that sound without
    electricity; None where nothing sounds."""
    acoustic = whole = 0.0
    for note in piece.notes:
        seconds = note.end_s - note.onset_s
        whole += seconds
        acoustic += 0.0 if note.programme in ELECTRIC else seconds
    for stroke in piece.drums:
        whole += STROKE_SECONDS
        acoustic += 0.0 if stroke.programme in ELECTRIC_KITS else STROKE_SECONDS
    return acoustic / whole if whole > 0.0 else None


def unsung_share(piece: Piece) -> float | None:
    """Of the seconds in which anything sounds, those in which no voice does: neither an instrument
    that sings nor a syllable of lyrics. None where nothing sounds."""
    voices = [note for note in piece.notes if note.programme in VOICES]
    sung = _spans(voices) + [(at, at + _SUNG_SECONDS) for at in piece.lyrics]
    strokes = [(note.onset_s, note.onset_s + STROKE_SECONDS) for note in piece.drums]
    whole = _covered([*_spans(piece.notes), *strokes])
    return max(0.0, 1.0 - _covered(sung) / whole) if whole > 0.0 else None


def _spans(notes: Iterable[ScoreNote]) -> list[tuple[float, float]]:
    return [(note.onset_s, note.end_s) for note in notes]


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that at least one of them covers."""
    seconds, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        seconds += max(0.0, end - max(start, until))
        until = max(until, end)
    return seconds
