"""Folders of made-up sounds with captions, to train with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from engine.training.said import Progress

RATE = 8_000


def quiet(_: Progress) -> None:
    pass


def sound(path: Path, seconds: float = 0.1) -> None:
    """A sound file at ``path``, in the format of its suffix; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * RATE), 0.1), RATE)
