"""Music2Emo as a judge of valence, arousal and 56 moods.

Kang & Herremans 2025 (AMAAI-Lab/Music2Emotion). It hears 30 s by MERT, at 24 kHz, and is told the
chords of them, which BTC recognises in every 10 s by themselves. The original averages what MERT
heard of each 30 s of a track; here every 30 s are a window of their own, every 10 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.errors import MusmedError
from engine.evaluation.judges import btc, mert
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.judges.chords import told
from engine.evaluation.judges.music2emo_blocks import Block, Blocks
from engine.evaluation.judges.music2emo_files import (
    CHORDS,
    HEAD,
    folder_of,
    mert_folder,
    weights_of,
)
from engine.evaluation.judges.music2emo_head import MOODS, Head
from engine.evaluation.judges.weights import read_weights
from engine.meter.files import Progress, hear_file

NAME = "Music2Emo"
BLOCKS = 3
"""Blocks of ``btc.SECONDS`` to a window."""
_CHORDS = f"{NAME}'s chord recogniser (docs/evaluation.md says how to convert them)"


class Music2EmoJudge:
    """30 s, every 10 s. ``place``: the folder of its files in the hub's layout, or the name of
    their repository in the hub's cache. Raises ``MusmedError`` where they, or MERT's, are not on
    this machine or are not what they should be."""

    name = NAME
    version = "J_all"
    licence = "MIT (code), Apache-2.0 (weights); hears by MERT-v1-95M, CC-BY-NC-4.0"
    scaled = True
    hears_affect = True
    tags = MOODS
    domain = (
        "Trained on MTG-Jamendo, DEAM, EmoMusic and PMEmo; within these, its authors' R2 is .52 to "
        ".65 for valence and .62 to .79 for arousal. Its figures were not compared with theirs."
    )

    def __init__(self, place: Path | None) -> None:
        folder = folder_of(place)
        self._mert = mert.Mert(mert_folder(folder))
        head = read_weights(weights_of(folder, HEAD, NAME), NAME)
        self._head = Head(head, 2 * self._mert.width, NAME)
        chords = read_weights(weights_of(folder, CHORDS, _CHORDS), _CHORDS)
        self._chords = btc.ChordRecogniser(chords, _CHORDS)

    def judge(self, sound: Path, progress: Progress) -> Judged:
        windows: list[Window] = []
        latest: deque[Block] = deque(maxlen=BLOCKS)

        def hear(block: Block) -> None:
            latest.append(block)
            if len(latest) == BLOCKS:
                windows.append(self._window(latest, len(windows) * btc.SECONDS))

        blocks = Blocks(self._chords, hear)
        heard = hear_file(sound, blocks.push, progress)
        blocks.finish()
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        if not windows:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 30 s at once.")
        return Judged(tuple(windows), heard.remarks)

    def _window(self, blocks: Iterable[Block], start: float) -> Window:
        sounds, chords = zip(*blocks, strict=True)
        heard = self._mert.hear(np.concatenate(sounds))
        found = self._head.judge(heard, told(np.concatenate(chords).tolist()))
        end = start + BLOCKS * btc.SECONDS
        return Window(start, end, found.valence, found.arousal, found.moods)
