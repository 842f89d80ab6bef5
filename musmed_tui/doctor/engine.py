"""The composer and GPU parts of ``musmed doctor``."""

from __future__ import annotations

import queue
import shutil
import subprocess
import time
from collections.abc import Iterator

from engine.composers.base import composer_names, resolve_composer
from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost
from engine.link.protocol import Failure, Hello, Opened
from musmed_tui.doctor.finding import Finding
from musmed_tui.settings import Settings

ENGINE_PATIENCE_SECONDS = 20.0
_AREA = "composer"
_REINSTALL = "Install musmed again; without its engine it can neither play nor render."


def composer(settings: Settings) -> Iterator[Finding]:
    """Start the engine, open the composer 'auto' takes, and say how long that took and what it
    sounds with."""
    told: queue.Queue[tuple[float, Delivery]] = queue.Queue()
    began = time.monotonic()
    try:
        client = EngineClient(lambda delivery: told.put((time.monotonic(), delivery)))
    except MusmedError as error:
        yield Finding(_AREA, "problem", str(error), _REINSTALL)
        return
    try:
        name = resolve_composer("auto")
        client.open(name, ComposerOptions(synthesis=settings.sounded()))
        yield from _heard(told, began)
    finally:
        client.close()
    others = [known for known in composer_names() if known != name]
    if others:
        yield Finding(_AREA, "ok", f"Also known: {', '.join(others)}.")


def _heard(told: queue.Queue[tuple[float, Delivery]], began: float) -> Iterator[Finding]:
    """What the engine says, until the composer is open or can't be."""
    deadline = began + ENGINE_PATIENCE_SECONDS
    while True:
        try:
            when, delivery = told.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            text = f"The engine did not answer within {ENGINE_PATIENCE_SECONDS:g} s."
            yield Finding(_AREA, "problem", text, _REINSTALL)
            return
        if isinstance(delivery, Hello):
            text = f"The engine ({delivery.engine}) answers after {when - began:.2f} s."
            yield Finding(_AREA, "ok", text)
        elif isinstance(delivery, Opened):
            text = f"{delivery.composer} {delivery.version} is ready after {when - began:.2f} s."
            yield Finding(_AREA, "ok", text)
            yield _synthesis(delivery)
            return
        elif isinstance(delivery, Failure | EngineLost):
            yield Finding(_AREA, "problem", delivery.reason, _REINSTALL)
            return


def _synthesis(opened: Opened) -> Finding:
    """What sounds the notes, and what to do for the other synthesis."""
    name, *words = opened.synthesis.split(" ", 3)
    if name == "fluidsynth":
        version, _, font = words
        text = f"Notes are sounded by FluidSynth {version} with {font}."
        advice = "--synthesis builtin takes the built-in one instead."
        if opened.notice:
            return Finding(_AREA, "note", f"{text} {opened.notice}", advice)
        return Finding(_AREA, "ok", text, advice)
    other = "For a soundfont of your own: apt install fluidsynth, and set soundfont."
    if opened.notice:
        return Finding(_AREA, "note", opened.notice, other)
    return Finding(_AREA, "ok", "Notes are sounded by the built-in synthesis.", other)


def gpu() -> Iterator[Finding]:
    """Whether there is a GPU. The embedded composer needs none."""
    name = _nvidia()
    text = f"GPU: {name}." if name else "No NVIDIA GPU; the embedded composer needs none."
    yield Finding("GPU", "ok", text)


def _nvidia() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return "; ".join(done.stdout.split("\n")).strip("; ") or None
