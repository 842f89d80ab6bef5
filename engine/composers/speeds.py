"""How fast each composer was on this machine, kept in the user's state folder. No torch.

The file is a cache of measurements: one that is missing or damaged is as good as an empty one.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

import msgspec

from engine.audio.format import frames_of
from engine.clip_record import ClipRecord
from engine.composers.base import has_model
from engine.composers.precision import USUAL
from engine.places import open_file
from engine.plan.generation import UNGUIDED, Generation
from engine.private import make_private_folder, write_private

FILE = "speeds.json"
_LIMIT_BYTES = 64 * 1024
_MOST = 64
_Table = dict[str, dict[str, float]]
ENOUGH_FRAMES = frames_of(10.0)
"""A clip shorter than this says little of a composer's speed."""


class Speeds:
    """Seconds of music composed in a second, by device and composer. ``folder``: where ``FILE``
    lies. ``device`` names what composes here (``device_name()``)."""

    def __init__(self, folder: Path, device: str | None = None) -> None:
        self._file = folder / FILE
        self._device = device if device is not None else device_name()

    def of(self, composer: str) -> float | None:
        """The last measured speed of ``composer`` on this device; None when there is none."""
        return self._read().get(self._device, {}).get(composer)

    def keep(self, composer: str, speed: float) -> None:
        """Remember a measurement. One that can't be stored is forgotten."""
        table = self._read()
        row = table.pop(self._device, {})
        row.pop(composer, None)
        table[self._device] = dict([*row.items(), (composer, round(speed, 3))][-_MOST:])
        data = msgspec.json.format(msgspec.json.encode(dict([*table.items()][-_MOST:])))
        temporary = self._file.with_name(f".{FILE}.{os.getpid()}.part")
        try:
            make_private_folder(self._file.parent)
            write_private(temporary, data)
            temporary.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _read(self) -> _Table:
        try:
            with open_file(self._file) as file:
                data = file.read(_LIMIT_BYTES + 1)
            return msgspec.json.decode(data, type=_Table) if len(data) <= _LIMIT_BYTES else {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}


class SessionSpeeds:
    """How fast one session's composers are known to be here, and what its clips add to that.
    ``speeds``: where measurements are looked up and kept; None: nowhere. ``precision``: what it was
    composed in so far, '' for what ``generation`` wishes."""

    def __init__(self, speeds: Speeds | None, generation: Generation, precision: str = "") -> None:
        self._speeds = speeds
        self._generation = generation
        self._precision = precision

    def of(self, composer: str) -> float | None:
        """Seconds of music it makes in a second, None where that is not known."""
        if self._speeds is None or not has_model(composer):
            return None
        return self._speeds.of(measured_as(composer, self._generation, self._precision))

    def keep(self, record: ClipRecord, frames: int, *, cut: bool) -> None:
        """What a clip of ``frames`` frames (48 kHz) says of its composer, unless it was ``cut``."""
        enough = not cut and frames >= ENOUGH_FRAMES
        if self._speeds is not None and enough and has_model(record.composer):
            names = {measured_as(record.composer, self._generation, record.precision)}
            if not self._precision:  # what the wish comes to: so fast is who wishes that again
                names.add(measured_as(record.composer, self._generation))
            for name in sorted(names):
                self._speeds.keep(name, record.speed)


def measured_as(composer: str, generation: Generation, precision: str = "") -> str:
    """The name under which the speed of ``composer`` is kept: another decoder has another, so has
    another ``precision`` ('' for what ``generation`` wishes), and without guidance there is half
    the work. What 'auto' comes to is what an engine finds, so it has the plain name."""
    apart: list[str] = [] if generation.decoder == "ours" else [generation.decoder]
    precision = precision or generation.precision
    if precision not in ("auto", USUAL):
        apart.append(precision)
    if generation.guidance == UNGUIDED:
        apart.append("unguided")
    return f"{composer} ({', '.join(apart)})" if apart else composer


def device_name() -> str:
    """What a model would run on here, and with which torch, so that a measurement is not taken
    for another machine's. Read without torch: it need not be what torch can use, only the same
    name for the same machine."""
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        torch = "none"
    return f"{_accelerator() or _processor()}, torch {torch}"


def _accelerator() -> str | None:
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return f"Apple {platform.processor() or 'silicon'}"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible in {"", "-1"}:
        return None
    names = []
    for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        with contextlib.suppress(OSError):
            lines = file.read_text(errors="replace").splitlines()
            names += [line.partition(":")[2].strip() for line in lines if line[:6] == "Model:"]
    return " + ".join(names) + (f" ({visible})" if visible else "") if names else None


def _processor() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine()} with {cores} cores"
