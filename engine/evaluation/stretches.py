"""Stretches of music, what their windows are nearest to in any track but their own, and chance.

A stretch is a piece that is asked about, or a part of a reference track: how near those come to
the other tracks is what there is by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.chroma import FRAME_SECONDS, Chroma
from engine.evaluation.nearest import Counts, by_chroma, by_embedding, starts_of, windows_of

LEAST_TRACKS = 5
"""With fewer there is no chance level: they say too little of how alike music is."""
STRETCHES = 400
"""Of the reference tracks, at most, that chance is taken from, as many of each track."""
SAME = 0.95
"""Two tracks half of whose stretches are so alike hold the same music."""


class Embedded(NamedTuple):
    """A sound's windows: ``times`` (n, 2), the seconds where each begins and ends; ``vectors``
    (n, dimensions), compared by their directions."""

    times: NDArray[np.float64]
    vectors: NDArray[np.float64]


class Heard(NamedTuple):
    path: Path
    chroma: Chroma
    embedded: Embedded | None


class Stretch(NamedTuple):
    """``track``: the number of the track that it is of, -1 for a piece."""

    heard: Heard
    start: float
    end: float
    track: int


class Hit(NamedTuple):
    """What a window is nearest to."""

    similarity: float
    track: int
    at: float
    since: float
    semitones: int | None = None
    tempo: float | None = None


def unrelated(tracks: Sequence[Heard], length: float) -> list[Stretch]:
    """Stretches of every track, evenly over it and none over another; () of too few tracks."""
    if len(tracks) < LEAST_TRACKS:
        return []
    most = max(1, STRETCHES // len(tracks))
    made = []
    for number, track in enumerate(tracks):
        seconds = track.chroma.seconds
        count = max(1, int(seconds // length))
        for at in np.unique(np.linspace(0, count - 1, min(most, count)).round()):
            start = float(at) * length
            made.append(Stretch(track, start, min(start + length, seconds), number))
    return made


def chroma_hits(
    stretches: Sequence[Stretch], tracks: Sequence[Heard], told: Callable[[float], None]
) -> list[list[Hit]]:
    """Of each stretch what its windows are nearest to."""
    starts = [starts_of(one.heard.chroma, one.start, one.end) for one in stretches]
    windows = [
        windows_of(one.heard.chroma.frames, at) for one, at in zip(stretches, starts, strict=True)
    ]
    own = _own(stretches, starts)
    found = by_chroma(np.concatenate(windows), own, [one.chroma for one in tracks], told)
    each = zip(*(column.tolist() for column in found), strict=True)
    return [
        [
            Hit(similarity, track, at, float(start) * FRAME_SECONDS, semitones, tempo)
            for start in some
            for similarity, track, at, semitones, tempo in [next(each)]
            if track >= 0
        ]
        for some in starts
    ]


def embedding_hits(stretches: Sequence[Stretch], tracks: Sequence[Heard]) -> list[list[Hit]]:
    """The same; the windows of a stretch are those whose middle lies in it."""
    embedded = [_embedded(one) for one in tracks]
    rows = [_rows_within(_embedded(one.heard).times, one.start, one.end) for one in stretches]
    vectors = [
        _embedded(one.heard).vectors[some] for one, some in zip(stretches, rows, strict=True)
    ]
    own = _own(stretches, rows)
    found = by_embedding(np.concatenate(vectors), own, [one.vectors for one in embedded])
    each = zip(*(column.tolist() for column in found), strict=True)
    return [
        [
            Hit(
                similarity,
                track,
                float(embedded[track].times[row, 0]),
                float(_embedded(one.heard).times[mine, 0]),
            )
            for mine in some
            for similarity, track, row in [next(each)]
            if track >= 0
        ]
        for one, some in zip(stretches, rows, strict=True)
    ]


def _embedded(heard: Heard) -> Embedded:
    if heard.embedded is None:
        raise ValueError(f"{heard.path} was not embedded")
    return heard.embedded


def _rows_within(times: NDArray[np.float64], start: float, end: float) -> Counts:
    middle = times.mean(axis=1)
    return np.nonzero((middle >= start) & (middle <= end))[0]


def _own(stretches: Sequence[Stretch], windows: Sequence[Counts]) -> Counts:
    return np.repeat([one.track for one in stretches], [len(some) for some in windows])


class Null:
    """``windows``: of each unrelated stretch how near its windows come to another track."""

    def __init__(self, windows: Sequence[Sequence[float]]) -> None:
        self._windows = windows
        self._longest = max(map(len, windows), default=0)

    def of(self, count: int) -> NDArray[np.float64]:
        """How near stretches of so many windows come: the more windows, the nearer the best."""
        count = min(count, self._longest)
        return np.sort([max(some[:count]) for some in self._windows if len(some) >= count])


def same_music(
    unrelated: Sequence[Stretch], hits: Sequence[Sequence[Hit]], tracks: Sequence[Heard]
) -> dict[int, str]:
    """Tracks that hold the same music as another one, by number, and a sentence on each: half of
    their stretches or more are all but equal to it. They are no chance."""
    same = {}
    for number, track in enumerate(tracks):
        best = [
            max(some, key=lambda hit: hit.similarity)
            for one, some in zip(unrelated, hits, strict=True)
            if one.track == number and some
        ]
        twins = [hit.track for hit in best if hit.similarity >= SAME]
        if twins and 2 * len(twins) >= len(best):
            twin = tracks[max(set(twins), key=twins.count)].path
            same[number] = (
                f"{track.path} is all but {twin} again; it says nothing of chance and is left out "
                "of it."
            )
    return same
