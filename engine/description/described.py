"""A description going out: of a score, or of a sound."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.description.bars import describe_bars
from engine.description.features import Figure, figures_of_notes, figures_of_sound
from engine.description.sound import hear_sound
from engine.evaluation.notes import Piece, read_midi
from engine.meter.files import Progress
from engine.plan.described import MAX_BARS, DescribedBar, Description

NO_SOUND = "a score has none until it is played"


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """``description``: None of a sound, whose notes nobody knows, and of a score without notes;
    ``seconds``: how long it is; ``remarks``: in sentences, what was odd about it."""

    kind: Literal["score", "sound"]
    seconds: float
    figures: tuple[Figure, ...]
    description: Description | None
    remarks: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """A feature as programs have it: ``said`` tells how it was had, or why it can't be."""

    value: float | str | None
    unit: str | None
    said: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A description as programs have it: the features by their names, and the bars in order."""

    kind: Literal["score", "sound"]
    seconds: float
    features: dict[str, Told]
    bars: tuple[DescribedBar, ...]
    remarks: tuple[str, ...]


def document(made: Described) -> Document:
    """``made`` for programs."""
    return Document(
        kind=made.kind,
        seconds=round(made.seconds, 3),
        features={one.name: Told(one.value, one.unit or None, one.said) for one in made.figures},
        bars=made.description.bars if made.description else (),
        remarks=made.remarks,
    )


def describe_score(
    piece: Piece, loudness: float | None = None, of_sound: str = NO_SOUND
) -> Described:
    """``loudness`` of how it sounded, in LUFS, where that is known."""
    description = describe_bars(piece)
    remarks = piece.remarks
    if description is None:
        remarks = (*remarks, "There is no note in it.")
    elif len(piece.bars) > MAX_BARS == len(description.bars):
        remarks = (*remarks, f"Of its bars the first {MAX_BARS} are described.")
    return Described(
        kind="score",
        seconds=max((note.end_s for note in (*piece.notes, *piece.drums)), default=0.0),
        figures=figures_of_notes(piece, loudness, of_sound),
        description=description,
        remarks=remarks,
    )


def describe_midi(path: Path) -> Described:
    """Raises ``MusmedError`` for what is no MIDI file."""
    return describe_score(read_midi(path))


def describe_sound(path: Path, progress: Progress = lambda done, total: None) -> Described:
    """Raises ``MusmedError`` for what is no sound."""
    heard = hear_sound(path, progress)
    return Described(
        kind="sound",
        seconds=heard.seconds,
        figures=figures_of_sound(heard),
        description=None,
        remarks=heard.remarks,
    )
