"""What a training is asked for, whole: by the command line, and by tests. No torch."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.training.recipe import Recipe

BASE = "musicgen-small"
JUDGE = "meter"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """``data``: the folder of sounds; ``captions``: a file of captions that lies elsewhere, or the
    folder of MTG-Jamendo's lists, None for what lies in ``data``. ``base``: the model to adapt: a
    name, a folder or a hub repository. ``output``: the adapter's folder. ``judges``: who judges
    what is composed on the way (``engine/evaluation/judges/registry.py``); the first one's score
    decides which step is best. ``cache``: the folder of what is encoded, which other trainings
    share. ``resume``: go on from the checkpoint in ``output``."""

    data: Path
    output: Path
    cache: Path
    captions: Path | None = None
    base: str = BASE
    recipe: Recipe = Recipe()
    judges: tuple[str, ...] = (JUDGE,)
    resume: bool = False
