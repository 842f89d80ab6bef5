"""Does what an adapter composes copy the tracks that it learnt from? The clips of the best step
held against them, and those of the base, which never heard them. No torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.evaluation.likeness import (
    LEAST_SECONDS,
    MOST_TRACKS,
    Likeness,
    LikenessRow,
    Piece,
    cut,
    likeness,
    reference_tracks,
    seconds_in,
)
from engine.places import look_at
from engine.training.figures import Copied
from engine.training.folder import RunFolder
from engine.training.said import STOPPED, Stopped, StoppedError
from engine.training.tracks import Data, Split


class Compared(msgspec.Struct, frozen=True):
    """likeness.json: which sounds are like which tracks; ``before``: those of the base."""

    after: Likeness
    before: Likeness | None


class _NoMoreError(Exception):
    """Nobody wants it any more: not a sentence, which would be about one of the tracks."""


def compare(
    folder: RunFolder,
    step: int,
    data: Data,
    split: Split,
    *,
    progress: Callable[[float], None],
    stopped: Stopped,
) -> tuple[Compared, Copied]:
    """The clips at ``step`` and at step 0 against the tracks that were learnt from, of more than
    2,000 as many spread over them. ``progress``: the share done. Raises ``MusmedError`` where there
    is nothing to compare, and ``StoppedError``."""
    learnt = [data.tracks[number].sound for number in split.train]
    count = min(MOST_TRACKS, len(learnt))
    tracks = [learnt[number * len(learnt) // count] for number in range(count)]
    after = _pieces(folder.sounds_at(step))
    before = _pieces(folder.sounds_at(0))
    if not after:
        raise MusmedError(
            f"What was composed at step {step} is shorter than {LEAST_SECONDS:.0f} s, too short to "
            "be compared with tracks."
        )

    def listened(done: float, total: float | None) -> None:
        if stopped():
            raise _NoMoreError
        progress(done / total if total else 1.0)

    # All at once: the tracks are heard once.
    try:
        found = likeness([*after, *before], tracks, None, listened)
    except _NoMoreError as error:
        raise StoppedError(STOPPED) from error
    compared = Compared(_of(found, after), _of(found, before) if before else None)
    return compared, Copied(
        found.tracks,
        _row(compared.after),
        None if compared.before is None else _row(compared.before),
    )


def _pieces(sounds: Path) -> list[Piece]:
    if look_at(sounds, "folder of clips") != "folder":
        return []
    found = ((sound, seconds_in(sound)) for sound in reference_tracks(sounds))
    return [piece for sound, long in found if long >= LEAST_SECONDS for piece in cut(sound, long)]


def _of(found: Likeness, pieces: list[Piece]) -> Likeness:
    """Of ``found``, what concerns ``pieces``."""
    files = {str(piece.sound) for piece in pieces}
    some = tuple(one for one in found.pieces if one.file in files)
    return msgspec.structs.replace(found, pieces=some)


def _row(found: Likeness) -> LikenessRow:
    """That of all pieces, counted for those of ``found`` alone."""
    row = found.rows[0]
    near = [one.chroma for one in found.pieces if one.chroma is not None]
    known = row.share is not None and near
    return msgspec.structs.replace(
        row,
        n=len(near),
        most=max((one.similarity for one in near), default=0.0),
        share=sum(one.beyond is True for one in near) / len(near) if known else None,
    )
