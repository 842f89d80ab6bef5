"""A judge that reads the notes: what people said of VGMIDI's pieces, told of a session's MIDI file.

It hears no sound and no instrument, and has nothing in common with the meter but the people whose
ratings both learnt from. Needs VGMIDI at ../shared/data/vgmidi and scikit-learn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import ROOT, VGMIDI

sys.path.insert(0, str(ROOT / "scripts"))

from meter_renderings import read_pieces

from engine.evaluation import quadrants as q
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.notes import cut, read_midi
from engine.evaluation.quadrant_features import features, stretches
from engine.meter.files import Progress

STRETCH = 20.0
"""Seconds that are read at once."""
EVERY = 10.0


def human() -> q.Rated:
    rows, ratings, pieces = [], [], []
    for number, piece in enumerate(read_pieces(VGMIDI)):
        for start, found in stretches(read_midi(piece.path), STRETCH):
            middle = (piece.times[:-1] + piece.times[1:]) / 2
            here = (middle >= start) & (middle < start + STRETCH)
            if not here.any():
                continue
            rows.append(found)
            ratings.append((piece.valence[here].mean(), piece.arousal[here].mean()))
            pieces.append(number)
    return q.Rated(np.array(rows), np.array(ratings), np.array(pieces))


class NotesJudge:
    """20 s, every 10 s, of the MIDI file beside a sound (of the same name). The first 30 s are left
    out, as the meter leaves them."""

    name = "notes"
    version = "1"
    licence = "figures of VGMIDI (Ferreira & Whitehead 2019)"
    scaled = False
    hears_affect = True
    tags = ()
    domain = "Piano pieces of games: r with what people said .64 of valence, .79 of arousal."

    def __init__(self) -> None:
        self._rated = human()

    def judge(self, sound: Path, progress: Progress) -> Judged:
        score = read_midi(sound.with_suffix(".mid"))
        starts = np.arange(30.0, score.seconds - STRETCH, EVERY)
        rows = [features(cut(score, at, at + STRETCH), STRETCH) for at in starts]
        told = q.told_of(self._rated, np.array(rows), by_itself=False)
        progress(score.seconds, score.seconds)
        windows = (
            Window(float(at), float(at + STRETCH), float(v), float(a))
            for at, (v, a) in zip(starts, told, strict=True)
        )
        return Judged(tuple(windows), ())
