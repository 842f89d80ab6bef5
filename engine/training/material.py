"""What a training learns from, all together. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from engine.training.encoded import Encoded
from engine.training.tracks import Data


@dataclass(frozen=True)
class Material:
    """``windows`` are those to learn from: numbers in ``encoded``."""

    data: Data
    encoded: Encoded
    windows: tuple[int, ...]
