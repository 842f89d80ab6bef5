"""Does the music copy what its model learnt from? The nearest stretch of any training track.

Of each piece of music the nearest place in the reference tracks is looked for, by the course of
its harmony and, where somebody embeds sounds, by embeddings (``nearest.py``). Chance stands beside
it: how near stretches of the reference tracks, as long as the piece, come to the *other* reference
tracks, which nobody copied from one another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from engine.audio.reading.sounds import SoundReader
from engine.errors import MusmedError
from engine.evaluation.chroma import FRAME_SECONDS, Chroma, chroma_of_file
from engine.evaluation.nearest import WINDOW, starts_of
from engine.evaluation.stretches import (
    LEAST_TRACKS,
    Embedded,
    Heard,
    Hit,
    Null,
    Stretch,
    chroma_hits,
    embedding_hits,
    same_music,
    unrelated,
)
from engine.meter.files import Progress

LEAST_SECONDS, MOST_SECONDS = WINDOW * FRAME_SECONDS, 120.0
"""Of a piece."""
SHARE = 0.99
"""A piece is beyond chance where it is nearer than this share of unrelated stretches."""
MOST_TRACKS = 2_000
SUFFIXES = frozenset(
    (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".w64")
)
"""By which a file in a folder is taken for a sound; one that is named is tried whatever it is
called."""


class Piece(NamedTuple):
    """From second ``start`` to second ``end`` of a sound file; 20 to 120 s."""

    sound: Path
    start: float
    end: float


Embed = Callable[[Path, Progress], Embedded]
"""Embeds a sound file; raises ``MusmedError`` where it can't."""


class Nearest(msgspec.Struct, frozen=True):
    """The nearest place. ``since``: second of the sound at which what is alike begins; ``at``: the
    second of the ``track`` that it is like. ``similarity``: correlation or cosine, [-1, 1].
    ``semitones``: how far the piece lies above the track, -5 to 6 (octaves are not told apart), and
    ``tempo``, how many times as fast it is; null by embedding. ``chance``: the share of unrelated
    stretches of that length that come as near to some track, and ``beyond``, whether the piece is
    nearer than 99 % of them; null where chance is not known."""

    track: str
    at: float
    since: float
    similarity: float
    semitones: int | None
    tempo: float | None
    chance: float | None
    beyond: bool | None


class PieceLikeness(msgspec.Struct, frozen=True):
    """Null where a piece can't be compared (silence)."""

    file: str
    start: float
    end: float
    chroma: Nearest | None
    embedding: Nearest | None


class LikenessRow(msgspec.Struct, frozen=True):
    """One measure ('chroma', 'embedding') over all ``n`` pieces that it compared: the ``share``
    beyond chance beside ``expected``, what it would be if they had nothing to do with the tracks.
    ``median``, ``q95``, ``q99``: how near ``unrelated`` stretches of the reference tracks come to
    another reference track; null, like both shares, where chance is not known."""

    measure: str
    n: int
    most: float
    share: float | None
    expected: float | None
    unrelated: int
    median: float | None
    q95: float | None
    q99: float | None


class Likeness(msgspec.Struct, frozen=True):
    """``tracks``: the reference tracks that were compared with. ``remarks``: in sentences."""

    tracks: int
    pieces: tuple[PieceLikeness, ...]
    rows: tuple[LikenessRow, ...]
    remarks: tuple[str, ...]


def reference_tracks(folder: Path) -> tuple[Path, ...]:
    """The sound files in a folder and those in it, by name. Raises ``MusmedError``."""
    if not folder.is_dir():
        raise MusmedError(f"{folder} is no folder; name the folder of the training tracks.")
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += (Path(place, n) for n in sorted(names) if Path(n).suffix.lower() in SUFFIXES)
        if len(found) > MOST_TRACKS:
            raise MusmedError(f"{folder} has over {MOST_TRACKS} sound files; name a smaller one.")
    if not found:
        raise MusmedError(f"There is no sound file in {folder}; FLAC, WAV, OGG and MP3 are read.")
    return tuple(found)


def cut(sound: Path, seconds: float, length: float = 30.0) -> tuple[Piece, ...]:
    """A sound of so many seconds in pieces one after the other; a last one of less than 20 s is
    left out, unless it is all."""
    whole = [Piece(sound, at * length, (at + 1) * length) for at in range(int(seconds // length))]
    rest = len(whole) * length
    if seconds - rest >= LEAST_SECONDS or not whole:
        whole.append(Piece(sound, rest, seconds))
    return tuple(whole)


def likeness(
    pieces: Sequence[Piece],
    references: Sequence[Path],
    embed: Embed | None = None,
    progress: Progress = lambda done, total: None,
) -> Likeness:
    """Hold pieces of music against reference tracks. ``progress``: seconds of sound done and of
    the whole; comparing counts for as much as a quarter of the sound. Raises ``MusmedError``: no
    piece or track, a piece of another length than 20 to 120 s, a sound that can't be read, tracks
    none of which can."""
    _check(pieces, references)
    sounds = list(dict.fromkeys(piece.sound for piece in pieces))
    way = _Way([*references, *sounds], 1 if embed is None else 2, progress)
    remarks: dict[str, None] = {}
    tracks: list[Heard] = []
    for path in dict.fromkeys(references):
        try:
            track = _hear(path, embed, way)
        except MusmedError as error:
            remarks[f"Not compared with: {error}"] = None
            continue
        lacking = _lacking(track.chroma)
        if lacking:
            remarks[f"Not compared with: {path} {lacking}."] = None
        else:
            tracks.append(track)
            remarks |= dict.fromkeys(track.chroma.remarks)
    if not tracks:
        why = "".join(f" {remark}" for remark in remarks)
        raise MusmedError(f"No reference track can be compared with; name other files.{why}")
    heard = {sound: _hear(sound, embed, way) for sound in sounds}
    for one in heard.values():
        remarks |= dict.fromkeys(one.chroma.remarks)
    return _compare(pieces, heard, tracks, remarks, way)


class _Way:
    """How far it is, in seconds of sound."""

    def __init__(self, sounds: Sequence[Path], times: int, progress: Progress) -> None:
        self._progress = progress
        self._done = 0.0
        self._sound = times * sum(map(seconds_in, sounds))

    def sound(self, path: Path) -> Progress:
        """The progress of hearing it once."""
        before, self._done = self._done, self._done + seconds_in(path)
        return lambda done, total: self._say(min(before + done, self._done))

    def compared(self, share: float) -> None:
        self._say(self._sound * (1.0 + 0.25 * share))

    def _say(self, done: float) -> None:
        self._progress(done, 1.25 * self._sound)


def seconds_in(path: Path) -> float:
    """0 where it is not known: hearing it takes its time nevertheless, unseen."""
    try:
        with SoundReader(path) as reader:
            return reader.seconds or 0.0
    except MusmedError:
        return 0.0


def _check(pieces: Sequence[Piece], references: Sequence[Path]) -> None:
    if not pieces:
        raise MusmedError("There is no music to compare; name sound files.")
    if not references:
        raise MusmedError("There are no reference tracks; name the training tracks.")
    for piece in pieces:
        length = piece.end - piece.start
        if piece.start < 0.0 or not LEAST_SECONDS <= length <= MOST_SECONDS:
            raise MusmedError(
                f"{piece.sound}, {piece.start:.0f} to {piece.end:.0f} s, can't be compared; pieces "
                f"have {LEAST_SECONDS:.0f} to {MOST_SECONDS:.0f} s."
            )


def _hear(path: Path, embed: Embed | None, way: _Way) -> Heard:
    chroma = chroma_of_file(path, way.sound(path))
    return Heard(path, chroma, None if embed is None else embed(path, way.sound(path)))


def _lacking(chroma: Chroma) -> str:
    if chroma.seconds < LEAST_SECONDS:
        return f"is shorter than {LEAST_SECONDS:.0f} s"
    if not len(starts_of(chroma, 0.0, chroma.seconds)):
        return "is silent"
    return ""


def _compare(
    pieces: Sequence[Piece],
    heard: dict[Path, Heard],
    tracks: Sequence[Heard],
    remarks: dict[str, None],
    way: _Way,
) -> Likeness:
    asked = [Stretch(heard[piece.sound], piece.start, piece.end, -1) for piece in pieces]
    others = unrelated(tracks, max(piece.end - piece.start for piece in pieces))
    if not others:
        remarks[
            f"Reference tracks that can be compared with: {len(tracks)}, too few to say how alike "
            f"music is by chance; give {LEAST_TRACKS} or more."
        ] = None
    stretches = [*asked, *others]
    hits = {"chroma": chroma_hits(stretches, tracks, way.compared)}
    if tracks[0].embedded is not None:
        hits["embedding"] = embedding_hits(stretches, tracks)
    same = same_music(others, hits["chroma"][len(asked) :], tracks)
    remarks |= dict.fromkeys(same.values())
    found: dict[str, list[Nearest | None]] = {"embedding": [None] * len(asked)}
    rows = []
    for measure, near in hits.items():
        null = Null(
            [
                [hit.similarity for hit in some]
                for one, some in zip(others, near[len(asked) :], strict=True)
                if some and one.track not in same
            ]
        )
        found[measure] = [_nearest(some, null, tracks) for some in near[: len(asked)]]
        rows.append(_row(measure, found[measure], null, max(map(len, near[: len(asked)]))))
    for piece, one in zip(pieces, found["chroma"], strict=True):
        if one is None:
            where = f"{piece.sound}, {piece.start:.0f} to {piece.end:.0f} s,"
            remarks[f"{where} is silent or ends before; it isn't compared by chroma."] = None
    each = zip(pieces, found["chroma"], found["embedding"], strict=True)
    return Likeness(
        len(tracks),
        tuple(PieceLikeness(str(one.sound), one.start, one.end, *both) for one, *both in each),
        tuple(rows),
        tuple(remarks),
    )


def _nearest(hits: Sequence[Hit], null: Null, tracks: Sequence[Heard]) -> Nearest | None:
    if not hits:
        return None
    best = max(hits, key=lambda hit: hit.similarity)
    chance = null.of(len(hits))
    known = len(chance) > 0
    # One more on either side: chance is never 0 (Davison & Hinkley 1997).
    near = int((chance >= best.similarity).sum()) + 1
    return Nearest(
        track=str(tracks[best.track].path),
        at=round(best.at, 2),
        since=round(best.since, 2),
        similarity=round(best.similarity, 4),
        semitones=best.semitones,
        tempo=best.tempo,
        chance=near / (len(chance) + 1) if known else None,
        beyond=bool(best.similarity > np.quantile(chance, SHARE)) if known else None,
    )


def _row(measure: str, nearest: Sequence[Nearest | None], null: Null, windows: int) -> LikenessRow:
    counted = [one for one in nearest if one is not None]
    chance = null.of(windows)
    known = len(chance) > 0 and len(counted) > 0
    median, q95, q99 = map(float, np.quantile(chance, (0.5, 0.95, SHARE))) if known else [None] * 3
    return LikenessRow(
        measure=measure,
        n=len(counted),
        most=max((one.similarity for one in counted), default=0.0),
        share=sum(one.beyond is True for one in counted) / len(counted) if known else None,
        expected=max(1.0 - SHARE, 1.0 / (len(chance) + 1)) if known else None,
        unrelated=len(chance),
        median=median,
        q95=q95,
        q99=q99,
    )
