"""A whole session of MusicGen through the real pipeline, timed: engine process, codec, finishing,
joins, FLAC. For ``musicgen.py --session MINUTES``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.affect.feelings import parse_affect  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.render import render_session  # noqa: E402
from tests.musicgen.conftest import save_checkpoint  # noqa: E402

FIRST_SECONDS = 0.1
"""So much heard is a beginning: loading ends there."""


def whole_session(size: str, model: Any, minutes: float) -> str:
    """Render ``minutes`` (2 to 60) from a checkpoint folder of ``model``, with the gate off: the
    time to the first sound, loading included, and of all the rest."""
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = save_checkpoint(model, Path(folder) / f"musicgen-{size}")
        start, target = parse_affect("tense")[0], parse_affect("calm")[0]
        request = Request(
            start=start, target=target, minutes=minutes, seed=7, composer=str(checkpoint)
        )
        begun = time.perf_counter()
        first = 0.0

        def progress(done: float, _: float) -> None:
            nonlocal first
            if not first and done >= FIRST_SECONDS:
                first = time.perf_counter()

        result = render_session(
            request,
            Path(folder) / "out.flac",
            denoise=False,
            progress=progress,
            log_file=Path(folder) / "log",
        )
        rest = time.perf_counter() - first
    return (
        f"- {size}: {result.seconds / 60:g} minutes of session in {rest:.1f} s "
        f"({result.seconds / rest:.2f} x real time) from the first sound on, which came after "
        f"{first - begun:.1f} s, engine and model loaded"
    )
