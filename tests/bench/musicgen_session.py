"""MusicGen through the real pipeline, timed: the first finished audio out of a warm engine, and a
whole session with codec, finishing, joins and FLAC. For ``musicgen.py --session MINUTES``.

On a CPU each number format is timed twice: as musmed has it, one core for the sound and the others
for the decoder, and with a decoder that has all cores (``OMP_NUM_THREADS``), that of the sound too.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.affect.feelings import parse_affect  # noqa: E402
from engine.composers.options import ComposerOptions  # noqa: E402
from engine.link.client import EngineClient  # noqa: E402
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost  # noqa: E402
from engine.link.protocol import ClipFailed, Failure, Hello, Opened  # noqa: E402
from engine.plan.generation import Generation, Precision  # noqa: E402
from engine.plan.planner import make_plan  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.render import render_session  # noqa: E402
from tests.support.tiny_musicgen import save_checkpoint  # noqa: E402

FIRST_SECONDS = 0.1
"""So much heard is a beginning: loading ends there."""


def whole_session(size: str, model: Any, minutes: float, formats: list[str]) -> Iterator[str]:
    """Render ``minutes`` (1 to 60) from a checkpoint folder of ``model``, with the gate off, in
    each of ``formats``: the time to the first sound, loading included, and of all the rest. Lines
    come as they are measured."""
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = save_checkpoint(model, Path(folder) / f"musicgen-{size}")
        for name in formats:
            precision: Any = name if name in get_args(Precision) else "auto"
            request = Request(
                start=parse_affect("tense")[0],
                target=parse_affect("calm")[0],
                minutes=minutes,
                seed=7,
                composer=str(checkpoint),
                generation=Generation(precision=precision),
            )
            yield from rendered(f"{size} {name}", request)
            if precision != "auto":
                with all_cores():
                    yield from rendered(f"{size} {name}, a decoder with all cores", request)


@contextmanager
def all_cores() -> Iterator[None]:
    """Engines that are started meanwhile have as many threads in their decoder as in torch."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = before or str(len(os.sched_getaffinity(0)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]


def rendered(name: str, request: Request) -> Iterator[str]:
    """Lines about one session."""
    with tempfile.TemporaryDirectory() as folder:
        yield (
            f"- {name}: the engine, loaded and used once, sends the first finished audio "
            f"{first_audio(request):.2f} s after it is asked for a session's first clip"
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
            options=ComposerOptions(denoise=False),
            progress=progress,
            log_file=Path(folder) / "log",
        )
        rest = time.perf_counter() - first
    yield (
        f"- {name}: {result.seconds / 60:g} minutes of session in {rest:.1f} s "
        f"({result.seconds / rest:.2f} x real time) from the first sound on, which came after "
        f"{first - begun:.1f} s, engine and model loaded"
    )


def first_audio(request: Request) -> float:
    """Seconds from asking a loaded engine for a clip to its first finished audio, the second time,
    with another seed."""
    told: queue.Queue[Delivery] = queue.Queue()
    client = EngineClient(told.put, log=subprocess.DEVNULL)
    try:
        wait_for(told, Hello)
        options = ComposerOptions(denoise=False, generation=request.generation)
        client.open(request.composer, options)
        wait_for(told, Opened)
        for seed in (1, 2):
            clip = make_plan(msgspec.structs.replace(request, seed=seed)).clips[0]
            start = time.perf_counter()
            client.compose(clip, b"")
            wait_for(told, ChunkArrived)
            taken = time.perf_counter() - start
            client.cancel(clip.key, 0)
            wait_for(told, ClipEnded)
    finally:
        client.close()
    return taken


def wait_for(told: queue.Queue[Delivery], kind: type[Delivery]) -> None:
    while not isinstance(got := told.get(timeout=600), kind):
        if isinstance(got, EngineLost | Failure | ClipFailed):
            raise SystemExit(f"The engine says: {got.reason}")
