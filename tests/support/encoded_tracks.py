"""Tracks of random codes and text states in memory, as a training takes them: no sound, no text
encoder and no codec."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from engine.affect.circumplex import Affect
from engine.training.encoded import Codes, States, Window
from engine.training.tracks import Data, Split, Track
from engine.training.watched import Watched

CODES, TEXT_WIDTH = 64, 24
"""Of ``support.tiny_musicgen``."""
MOODS = {"calm": Affect(0.4, -0.6), "energetic": Affect(0.4, 0.6)}


class EncodedTracks:
    """An ``Encoded``: track n has ``windows[n]`` windows, each with so many frames. A mood's tracks
    take their codes from a half of their own, so that there is something to learn."""

    def __init__(self, data: Data, windows: tuple[tuple[int, ...], ...], codebooks: int) -> None:
        self.data = data
        self.windows = tuple(
            Window(track, 30.0 * number, frames)
            for track, each in enumerate(windows)
            for number, frames in enumerate(each)
        )
        self._codebooks = codebooks

    def codes(self, window: int) -> Codes:
        one = self.windows[window]
        half = CODES // 2 * list(MOODS).index(self.data.tracks[one.track].mood or "")
        source = np.random.default_rng([1, window])
        shape = (self._codebooks, one.frames)
        return (half + source.integers(CODES // 2, size=shape)).astype(np.int16)

    def states(self, caption: str) -> States:
        source = np.random.default_rng(zlib.crc32(caption.encode()))
        tokens = 3 + int(source.integers(4))
        return source.standard_normal((tokens, TEXT_WIDTH)).astype(np.float32)


def encoded_tracks(
    windows: tuple[tuple[int, ...], ...] = ((12, 7), (12,), (12, 12, 5), (9,)),
    *,
    held_out: int = 1,
    codebooks: int = 4,
) -> tuple[Data, Split, EncodedTracks]:
    """A track for each of ``windows``, of two moods in turn; the last ``held_out`` are kept for
    judging."""
    moods = [list(MOODS)[number % 2] for number in range(len(windows))]
    tracks = tuple(
        Track(
            name=f"{number}.flac",
            sound=Path(f"{number}.flac"),
            captions=(f"a {mood} piece, number {number}", f"{mood} music"),
            group=str(number),
            mood=mood,
            affect=MOODS[mood],
        )
        for number, mood in enumerate(moods)
    )
    data = Data(Path(), "in memory", tracks, (), f"{windows}")
    learnt = len(tracks) - held_out
    split = Split(tuple(range(learnt)), tuple(range(learnt, len(tracks))))
    return data, split, EncodedTracks(data, windows, codebooks)


class FixedWatcher:
    """A ``Watcher`` that hears nothing: each step's score is given. ``heard``: the steps so far,
    and the adapter's folder of each."""

    def __init__(self, scores: dict[int, float] | None = None) -> None:
        self.scores = scores or {}
        self.heard: list[tuple[int, Path | None]] = []

    def watch(self, step: int, adapter: Path | None) -> Watched:
        self.heard.append((step, adapter))
        return Watched(step, self.scores.get(step, float(step)), (), by="as given")
