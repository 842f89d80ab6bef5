"""What MusicGen multiplies in on this machine, and what was measured of the models that are
here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.measured import Measured, key_of
from engine.composers.musicgen.precision import MOST_HIGH, MOST_MEAN, Figures
from engine.errors import MusmedError
from musmed_tui.doctor.finding import Finding

AREA = "MusicGen"


def precisions(told: dict[str, Any], names: Sequence[str]) -> Iterator[Finding]:
    """``told``: what the machine takes, of a process that has torch (``here`` and
    ``what_multiplies`` of the model's ``device``); ``names``: the checkpoints that are here."""
    usual, takes = told["usual"], told["takes"]
    text = f"MusicGen multiplies in {usual} here, and can in {', '.join(takes)} (--precision)."
    yield Finding(AREA, "ok", text)
    if "int8" not in takes:
        return
    for name in names:
        figures = _of(name, told["multiplies"])
        if figures is not None:
            yield Finding(AREA, "ok", said_of(name, figures, usual))


def said_of(name: str, figures: Figures, usual: str) -> str:
    """What int8 does to the model ``name``."""
    if not figures.places:
        return f"{name} in int8: not measured, for want of memory; 'auto' is {usual}."
    comes = "int8" if figures.passes else usual
    return (
        f"{name} in int8 is {figures.mean:.2g} nats from float32 on the average ({MOST_MEAN:g} "
        f"pass) and {figures.high:.2g} at the 99th percentile ({MOST_HIGH:g} pass), so 'auto' is "
        f"{comes}."
    )


def _of(name: str, multiplies: str) -> Figures | None:
    """What was measured of it, without adapters."""
    try:
        return Measured().of(key_of(find(name), (), multiplies))
    except (MusmedError, OSError):
        return None
