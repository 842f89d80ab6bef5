"""How much an ensemble of the embedded composer plays, and who plays in it, from its notes."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import arrange
from engine.composers.score.parts.ensembles import Ensemble
from engine.composers.score.writing.form import Bar
from engine.evaluation.composed import compose_bars, still

SEEDS = (1, 2, 3)
SECONDS = 90.0
_TOGETHER = SAMPLE_RATE * 30 // 1000
"""Frames within which onsets are one."""
_HEARD = 0.01
"""Of an ensemble's notes: who plays fewer is no player of it."""


class Activity(NamedTuple):
    """Onsets a second (those within 30 ms are one), notes a second and strokes of drums a second,
    which count as notes. ``players``: the instruments that are heard, a kit by its name."""

    onsets: float
    notes: float
    strokes: float
    players: frozenset[str]


def activity(ensemble: Ensemble, arousal: float, seeds: Sequence[int] = SEEDS) -> Activity:
    """What ``ensemble`` does at ``arousal`` and middling valence, in the body of some pieces."""
    onsets: list[int] = []
    counted: Counter[str] = Counter()
    strokes = frames = 0
    for seed in seeds:
        path, bars = _body(arousal, seed)
        frames += sum(bar.length for bar in bars)
        notes = [note for bar in bars for note in arrange(bar, ensemble, path)]
        drums = [note for note in notes if note.part == "drums"]
        strokes += len(drums)
        counted.update(note.instrument for note in notes if note.part != "drums")
        counted.update(f"kit {ensemble.kit}" for _ in drums)
        times = sorted(note.onset for note in notes)
        last = -SAMPLE_RATE
        for time in times:
            if time - last > _TOGETHER:
                onsets.append(time)
            last = time
    seconds = frames / SAMPLE_RATE
    heard = frozenset(name for name, n in counted.items() if n >= _HEARD * counted.total())
    return Activity(len(onsets) / seconds, counted.total() / seconds, strokes / seconds, heard)


@functools.cache
def _body(arousal: float, seed: int) -> tuple[Path, tuple[Bar, ...]]:
    path = still(Affect(0.0, arousal))
    bars = compose_bars(path, SECONDS, seed)
    return path, tuple(bar for bar in bars if bar.kind == "body")
