"""How much a piece repeats itself: phrases, verbatim runs, motifs, self-similarity.

Phrases and bars are compared by the cardinality score of point sets (Collins et al., MIREX
Discovery of Repeated Themes & Sections, 2013; the pattern matching of Meredith, Lemström &
Wiggins 2002): the share of (onset, pitch) points that coincide under the best translation. Here
only transposition is free; onsets count from the phrase's first bar line, in sixteenths, so that
the same tune on another beat is another phrase.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.notes import Piece, ScoreNote, skyline

Points = NDArray[np.int64]
"""Shape (n, 2): onset in sixteenths from the bar line, MIDI pitch."""
PHRASE_BARS = 4


def points(notes: Sequence[ScoreNote], start: float, length: float) -> Points:
    """The notes of [start, start + length) quarter notes as points."""
    made = {
        (round(4 * (note.start - start)), note.pitch)
        for note in notes
        if start - 0.1 <= note.start < start + length - 0.1
    }
    return np.array(sorted(made), np.int64).reshape(-1, 2)


def similarity(a: Points, b: Points) -> float:
    """The cardinality score: the most points of ``a`` that meet one of ``b`` under one
    transposition, over the larger set's size. In [0, 1]; 0 where one is empty."""
    if not len(a) or not len(b):
        return 0.0
    same = a[:, None, 0] == b[None, :, 0]
    shift = (b[None, :, 1] - a[:, None, 1])[same]
    if not len(shift):
        return 0.0
    return float(np.bincount(shift - shift.min()).max() / max(len(a), len(b)))


def phrases(piece: Piece) -> list[Points]:
    """The melody (skyline) in phrases of four bars, one after another; empty ones left out."""
    melody = skyline(piece.notes)
    bars = piece.bars
    made = []
    for i in range(0, len(bars) - PHRASE_BARS + 1, PHRASE_BARS):
        length = sum(bar.length for bar in bars[i : i + PHRASE_BARS])
        phrase = points(melody, bars[i].start, length)
        if len(phrase) >= PHRASE_BARS:
            made.append(phrase)
    return made


def nearest_phrase_similarity(piece: Piece) -> float:
    """The mean over phrases of the similarity to the most similar other phrase. NaN under
    three phrases."""
    made = phrases(piece)
    if len(made) < 3:
        return float("nan")
    table = np.array([[similarity(a, b) for b in made] for a in made])
    np.fill_diagonal(table, 0.0)
    return float(np.mean(np.maximum(table, table.T).max(axis=1)))


def longest_repeat(tokens: Sequence[object]) -> tuple[int, int, int]:
    """The longest run of tokens that occurs twice without overlapping itself: (its length, where
    it begins, where it begins again)."""
    codes = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    line = np.array([codes[token] for token in tokens], np.int64)
    best = (0, 0, 0)
    n = len(line)
    for lag in range(1, n):
        if min(lag, n - lag) <= best[0]:
            continue
        same = np.concatenate([[False], line[:-lag] == line[lag:], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        runs = np.minimum(edges[1::2] - edges[::2], lag)
        if len(runs) and runs.max() > best[0]:
            i = int(runs.argmax())
            best = (int(runs[i]), int(edges[2 * i]), int(edges[2 * i]) + lag)
    return best


def longest_melody_repeat(piece: Piece) -> tuple[int, float, float]:
    """The longest stretch of melody that comes back note for note, rhythm and pitch: (notes,
    quarter notes, seconds)."""
    melody = skyline(piece.notes)
    tokens = [(b.pitch, round(4 * (b.start - a.start))) for a, b in itertools.pairwise(melody)]
    count, at, _ = longest_repeat(tokens)
    if not count:
        return (0, 0.0, 0.0)
    first, last = melody[at + 1], melody[at + count]
    return (count, last.end - first.start, last.end_s - first.onset_s)


def longest_bar_repeat(piece: Piece) -> int:
    """The most bars in a row that come back with every note of every part the same."""
    tokens = [
        tuple(map(tuple, points(piece.notes, bar.start, bar.length).tolist())) for bar in piece.bars
    ]
    # Bars of silence are no repeat of anything.
    return longest_repeat([token or ("rest", i) for i, token in enumerate(tokens)])[0]


def self_similarity(piece: Piece) -> NDArray[np.float64]:
    """Bars against bars, shape (bars, bars), in [-1, 1]: cosine similarity of what is in them.

    A bar is its pitch classes weighted by length, its onsets by sixteenth and its register, each
    part brought to the same weight over the piece (after Foote 1999, on notes in place of
    audio).
    """
    rows = []
    for bar in piece.bars:
        chroma, rhythm, register = np.zeros(12), np.zeros(16), np.zeros(8)
        for note in piece.notes:
            if bar.start - 0.1 <= note.start < bar.start + bar.length - 0.1:
                chroma[note.pitch % 12] += note.end - note.start
                rhythm[min(15, max(0, round(4 * (note.start - bar.start))))] += 1.0
                register[note.pitch // 16] += 1.0
        rows.append([chroma, rhythm, register])
    columns = []
    for part in range(3):
        table = np.array([row[part] for row in rows])
        table = table - table.mean(axis=0)
        columns.append(table / max(1e-9, float(np.sqrt(np.mean(np.sum(table**2, axis=1))))))
    vectors = np.concatenate(columns, axis=1)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(norms, 1e-9)
    return np.asarray(vectors @ vectors.T, np.float64)
