"""What one check of ``musmed doctor`` found."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "note", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``problem``: musmed can't play or render until ``advice``
    is followed; ``note``: it can, with something missing."""

    area: str
    level: Level
    text: str
    advice: str = ""
