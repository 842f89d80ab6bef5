"""The nearest stretch of other music: by the course of its harmony, and by embeddings. Pure.

By chroma: every window of 20 s is held against every place of every track, at all twelve
transpositions (Serrà et al. 2008 transpose by the best roll of the whole; here each window has its
own) and at five tempos, as a correlation of chroma images (so Ellis & Poliner 2007 by beats). Of
each window the mean over its time is taken off, so that a key held in common counts for nothing
and only the course does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.chroma import CLASSES, FRAME_SECONDS, Chroma
from engine.meter.listening import Floats

Counts = NDArray[np.intp]
Bools = NDArray[np.bool_]

WINDOW, HOP = 40, 8
"""Half seconds that are compared at once (20 s), and from one window to the next (4 s)."""
TEMPOS = (0.94, 0.97, 1.0, 1.03, 1.06)
"""How fast a window may play what the track has; in between, 20 s lie off by 0.15 s at the ends."""
_ROWS, _COLUMNS = 256, 1024
"""Windows of the music and of a track that are compared in one product: some 25 MB of results."""


class Hits(NamedTuple):
    """The nearest of each of q windows, each (q,): ``similarity`` in [-1, 1] (-1 where there is
    none), ``track`` by number (-1 where there is none), ``at`` seconds in it, by how many
    ``semitones`` the window lies above it, -5 to 6, and how many times as fast it is
    (``tempo``)."""

    similarity: NDArray[np.float64]
    track: Counts
    at: NDArray[np.float64]
    semitones: Counts
    tempo: NDArray[np.float64]


def starts_of(chroma: Chroma, start: float, end: float) -> Counts:
    """The first frames of the windows between two seconds of a sound, every 4 s and the last one;
    those that are silent for more than half are left out."""
    first, last = round(start / FRAME_SECONDS), round(end / FRAME_SECONDS)
    last = min(last, len(chroma.frames)) - WINDOW
    if last < first:
        return np.zeros(0, np.intp)
    places = np.unique([*range(first, last + 1, HOP), last]).astype(np.intp)
    sounding = [np.mean(chroma.silent[at : at + WINDOW]) <= 0.5 for at in places]
    return places[np.array(sounding, np.bool_)]


def windows_of(frames: Floats, starts: Counts) -> Floats:
    """(n, 12) frames -> the windows that begin at ``starts`` (q,), (q, ``WINDOW`` x 12): the mean
    over time taken off each class, of unit length; all 0 where nothing moves."""
    if not len(starts):
        return np.zeros((0, WINDOW * CLASSES), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(frames, WINDOW, axis=0)[starts]
    moving = views - views.mean(axis=2, keepdims=True)
    flat = np.ascontiguousarray(moving.transpose(0, 2, 1)).reshape(len(starts), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.where(length > 1e-4, length, np.inf), np.float32)


def by_chroma(
    windows: Floats,
    own: Counts,
    tracks: Sequence[Chroma],
    told: Callable[[float], None] = lambda share: None,
) -> Hits:
    """The nearest place in any track for each window (q, ``WINDOW`` x 12), but for the track that
    it is of (``own``, by number; -1: of none). ``told``: the share that is done."""
    hits = _none(len(windows))
    for number, track in enumerate(tracks):
        rows = np.nonzero(own != number)[0]
        for at in range(0, len(rows), _ROWS):
            _search(windows, rows[at : at + _ROWS], number, track, hits)
        told((number + 1) / len(tracks))
    return hits


def by_embedding(
    vectors: NDArray[np.float64], own: Counts, tracks: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], Counts, Counts]:
    """Of each of (q, d) vectors the largest cosine with any vector (n, d) of a track other than its
    own: cosine in [-1, 1] (-1 where there is none), track and row by number (-1)."""
    best = np.full(len(vectors), -1.0)
    track, row = np.full(len(vectors), -1, np.intp), np.full(len(vectors), -1, np.intp)
    asked = _directions(vectors)
    for number, others in enumerate(map(_directions, tracks)):
        asking = np.nonzero(own != number)[0]
        for at in range(0, len(others), _COLUMNS):
            found = asked[asking] @ others[at : at + _COLUMNS].T
            place = found.argmax(axis=1)
            value = found[np.arange(len(asking)), place]
            nearer = value > best[asking]
            to = asking[nearer]
            best[to], track[to], row[to] = value[nearer], number, at + place[nearer]
    return best, track, row


def _none(count: int) -> Hits:
    return Hits(
        np.full(count, -1.0),
        np.full(count, -1, np.intp),
        np.zeros(count),
        np.zeros(count, np.intp),
        np.ones(count),
    )


def _search(windows: Floats, rows: Counts, number: int, track: Chroma, hits: Hits) -> None:
    """Hold the windows of ``rows`` against every place of a track; ``hits`` is changed."""
    asked = _asked(_spectra(windows[rows]))
    for tempo in TEMPOS:
        frames, silent = _at_tempo(track, tempo)
        places = len(frames) - WINDOW + 1
        for first in range(0, places, _COLUMNS):
            starts = np.arange(first, min(places, first + _COLUMNS))
            starts = starts[_sounding(silent, starts)]
            if not len(starts):
                continue
            alike = _alike(asked, _spectra(windows_of(frames, starts)))
            nearest = alike.max(axis=0)  # (rows, places): at the best transposition
            place = nearest.argmax(axis=1)
            value = nearest[np.arange(len(rows)), place].astype(np.float64)
            nearer = value > hits.similarity[rows]
            to, place = rows[nearer], place[nearer]
            roll = alike[:, nearer, place].argmax(axis=0)
            hits.similarity[to], hits.track[to] = np.minimum(value[nearer], 1.0), number
            hits.at[to] = starts[place] * tempo * FRAME_SECONDS
            # Rolled up by so many it is the track: so it lies as many below it.
            hits.semitones[to] = (5 - roll) % CLASSES - 5
            hits.tempo[to] = tempo


def _spectra(windows: Floats) -> Floats:
    """(q, d) -> (6, q, 2 x ``WINDOW``): the Fourier coefficients 1 to 6 over the pitch classes,
    real parts before imaginary ones. A transposition turns each of them and leaves its length; the
    one before them, the mean over the classes, is 0 throughout."""
    images = windows.reshape(len(windows), WINDOW, CLASSES)
    found = np.fft.rfft(images, axis=2)[:, :, 1:].transpose(2, 0, 1)
    return np.concatenate([found.real, found.imag], axis=2).astype(np.float32)


def _asked(spectra: Floats) -> tuple[Floats, Floats]:
    """What the other's spectra are multiplied by for the real and for the imaginary part of the
    product with the conjugate of these."""
    real, imaginary = spectra[:, :, :WINDOW], spectra[:, :, WINDOW:]
    return spectra, np.concatenate([-imaginary, real], axis=2)


def _alike(asked: tuple[Floats, Floats], others: Floats) -> Floats:
    """(12, q, n): how alike q windows are to n others when they are rolled up by 0 to 11 classes.
    The correlation over all rolls at once, a sixth of the products of one after the other."""
    across = others.transpose(0, 2, 1)
    parts = np.concatenate([asked[0] @ across, asked[1][:-1] @ across[:-1]])
    made = _ROLLS @ parts.reshape(len(parts), -1)
    return np.asarray(made.reshape(CLASSES, *parts.shape[1:]))


def _rolls() -> Floats:
    """(12, 11): the inverse Fourier transform of real parts 1 to 6 and imaginary ones 1 to 5."""
    turn = 2.0 * np.pi * np.arange(CLASSES)[:, None] * np.arange(1, 7) / CLASSES
    real, imaginary = 2.0 * np.cos(turn), -2.0 * np.sin(turn[:, :-1])
    real[:, -1] /= 2.0
    return np.asarray(np.concatenate([real, imaginary], axis=1) / CLASSES, np.float32)


_ROLLS = _rolls()


def _at_tempo(track: Chroma, tempo: float) -> tuple[Floats, Bools]:
    """The frames that a track would have at so many times its tempo."""
    frames = track.frames
    if tempo == 1.0 or len(frames) < 2:
        return frames, track.silent
    at = np.arange(int((len(frames) - 1) / tempo) + 1) * tempo
    before = np.minimum(at.astype(np.intp), len(frames) - 2)
    share = (at - before)[:, None].astype(np.float32)
    return frames[before] * (1 - share) + frames[before + 1] * share, track.silent[before]


def _sounding(silent: Bools, starts: Counts) -> Bools:
    sums = np.cumsum(np.pad(silent.astype(np.intp), (1, 0)))
    return np.asarray(2 * (sums[starts + WINDOW] - sums[starts]) <= WINDOW)


def _directions(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0.0, length, np.inf))
