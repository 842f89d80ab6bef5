"""Twenty-four short pieces in two moods, made by the embedded composer, as people have them: a
folder of FLACs and a table of captions.

Piece n of the one mood has the players, the seed and the maker of piece n of the other. They differ
in how the music is written and struck, most in how loud it is: 8 dB, which is the composer's touch.
That is what a codec with random weights hears of music. With all pieces set to one level its codes
tell the moods apart by 0.01 to 0.03 nats a code instead of more than 1.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path as File

import numpy as np
import soundfile

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags
from engine.plan.words import prompt

CALM, ENERGETIC = "calm", "energetic"
MOODS = (CALM, ENERGETIC)
PIECES = 12
"""Of each mood: as many makers, who made one of each."""
LEARNT = 8
"""The first so many makers are learnt from, the others' pieces are kept for judging."""
SECONDS = 6.0
CAPTIONS = "captions.csv"
_GAIN = 2.5
"""Of what the composer plays: the loudest piece stays within full scale."""
_FELT = {CALM: "content", ENERGETIC: "excited"}
_PLACES = {CALM: Affect(0.6, -0.8), ENERGETIC: Affect(0.6, 0.8)}
_PLAYERS = (
    ("piano", "ambient"),
    ("guitar", "folk"),
    ("strings", "classical"),
    ("synthesizer", "electronic"),
)
_SESSION = 60.0


@functools.cache
def _composer() -> EmbeddedComposer:
    return EmbeddedComposer()


def tags_of(mood: str, number: int) -> Tags:
    """What a piece is prompted and captioned with; ``number``: 0 to ``PIECES`` - 1."""
    instrument, genre = _PLAYERS[number % len(_PLAYERS)]
    return Tags(mood=mood, emotion=_FELT[mood], instrument=instrument, genre=genre)


def prompts_of(mood: str) -> tuple[str, ...]:
    """The captions of the pieces of ``mood``, each once."""
    return tuple(prompt(tags_of(mood, number)) for number in range(len(_PLAYERS)))


def name_of(mood: str, number: int) -> str:
    """The piece's file in the folder."""
    return f"{mood}-{number:02d}.flac"


@functools.cache
def piece(mood: str, number: int) -> Frames:
    """(frames, 2) at 48 kHz, ``SECONDS`` long."""
    place, tags = _PLACES[mood], tags_of(mood, number)
    spec = ClipSpec(
        index=0,
        revision=0,
        start=0.0,
        end=SECONDS,
        total=_SESSION,
        path=Path((Waypoint(0.0, place), Waypoint(_SESSION, place))),
        levels=(LevelPoint(0.0, -23.0),),
        seeds=(SeedStep(0.0, 100 + number),),
        tags=tags,
        prompt=prompt(tags),
    )
    chunks = _composer().compose(spec, None, lambda: False).chunks()
    return np.clip(_GAIN * np.concatenate(list(chunks))[: frames_of(SECONDS)], -1.0, 1.0)


def write_folder(folder: File, *, shuffled: bool = False) -> File:
    """All pieces and what is said of them. ``shuffled``: of what is learnt from, half the pieces of
    each mood are said to be of the other, evenly by players, so that a caption tells nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(PIECES):
        learnt = number < LEARNT
        swapped = shuffled and learnt and number // len(_PLAYERS) % 2 == 1
        for mood, told in zip(MOODS, MOODS[::-1] if swapped else MOODS, strict=True):
            name = name_of(mood, number)
            soundfile.write(folder / name, piece(mood, number), SAMPLE_RATE, subtype="PCM_16")
            part = "train" if learnt else "test"
            rows.append((name, prompt(tags_of(told, number)), told, f"Maker {number + 1}", part))
    with (folder / CAPTIONS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "caption", "mood", "artist", "split"))
        writer.writerows(rows)
    return folder
