"""What came of a training, for whoever asked for it (``wanted.py``). No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from engine.training.tracks import Problem
from engine.training.watched import Watched


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``folder``: where it lies. ``ended``: all ``steps`` updates were made, no watching got any
    better for as many as the recipe waits for, or it was stopped and can be resumed; ``step``: the
    last update made. ``best``: the step whose adapter lies in the folder, None where there is none
    yet. ``problems``: of the data, found while it was read and encoded. ``remarks``: in sentences,
    what else there is to say: how far the adapter moved its base, whether it copies."""

    folder: Path
    ended: Literal["done", "patience", "stopped"]
    step: int
    steps: int
    best: int | None
    watched: tuple[Watched, ...]
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()
