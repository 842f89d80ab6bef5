"""What a person has to train with: sounds and what is said of each. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.affect.circumplex import Affect

Part = Literal["train", "held-out"]


class Track(msgspec.Struct, frozen=True):
    """One sound. ``name``: its path from the data's folder on, by which it is told from others;
    ``captions``: what may be said of it, at least one; ``group``: who made it, else itself: tracks
    of one group are never split apart. ``mood``: the true mood of MTG-Jamendo that it is told to
    have, if any; ``affect``: where it lies on the circumplex, by what is said of it or by its mood;
    ``part``: given by the data, None where the split is ours to make. ``seconds``: how long it is
    by its header, None where that doesn't say."""

    name: str
    sound: Path
    captions: tuple[str, ...]
    group: str
    mood: str | None = None
    affect: Affect | None = None
    part: Part | None = None
    seconds: float | None = None


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one file, in a sentence that says what to do. ``left_out``: it will not be
    trained with; else it is used all the same."""

    name: str
    sentence: str
    left_out: bool


class Data(msgspec.Struct, frozen=True):
    """``layout``: in a few words, as what the data was read ('captions.csv', 'a .txt beside each
    sound', 'MTG-Jamendo'). ``digest``: of every name and size and of all that is said: another
    data, another digest."""

    folder: Path
    layout: str
    tracks: tuple[Track, ...]
    problems: tuple[Problem, ...]
    digest: str


class Split(msgspec.Struct, frozen=True):
    """The numbers in ``Data.tracks`` of what is learnt from and of what is kept for judging."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]
