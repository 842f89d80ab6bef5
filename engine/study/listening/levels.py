"""Sounds of one list are equally loud: their levels, and the gain that each needs.

libebur128 measures them, in a process of its own (``measuring.py``): the front imports neither it
nor scipy.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.link.process import environment

USUAL_LUFS = -23.0
"""EBU R 128's, and every session's."""
CEILING_DBTP = -1.0
LOWEST_LUFS, HIGHEST_LUFS = -40.0, -10.0
_LONGEST = 3600.0


class Measured(msgspec.Struct, frozen=True):
    """Of a file: ``frames`` of it at ``rate`` Hz in so many ``channels``, integrated loudness (None
    of silence), true peak in dBTP; or why it can't be read."""

    frames: int = 0
    rate: int = 0
    channels: int = 0
    lufs: float | None = None
    true_peak: float = -200.0
    failure: str = ""


class Asked(msgspec.Struct, frozen=True):
    """Files to be measured, of each the first ``frames``, cut as they will be (0: all)."""

    files: tuple[str, ...]
    frames: int = 0


def measure(files: Sequence[Path], frames: int = 0) -> list[Measured]:
    """Of each file, in their order. Raises ``MusmedError`` where that is not possible."""
    asked = msgspec.json.encode(Asked(tuple(map(str, files)), frames))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engine.study.listening.measuring"],
            input=asked,
            capture_output=True,
            env=environment(),
            timeout=_LONGEST,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=list[Measured])
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise MusmedError(
            "The loudness of the sounds can't be measured; 'musmed doctor' says what is missing."
        ) from error


def gains(levels: Sequence[tuple[float, float]], target: float | None) -> tuple[float, list[float]]:
    """The loudness that all get, and each one's gain in dB. ``levels``: LUFS and dBTP of each.

    Without a ``target`` it is that of the quietest, -23 LUFS where all are louder, and lower where
    a peak would pass -1 dBTP: nothing is limited, for a limiter is heard. Raises ``MusmedError``
    for a target that would let one pass it.
    """
    highest = min(CEILING_DBTP - peak + lufs for lufs, peak in levels)
    if target is None:
        target = min(USUAL_LUFS, highest, *(lufs for lufs, _ in levels))
    elif not LOWEST_LUFS <= target <= HIGHEST_LUFS:
        raise MusmedError(
            f"--lufs is a loudness from {LOWEST_LUFS:g} to {HIGHEST_LUFS:g} LUFS, not {target:g}."
        )
    elif target > highest:
        raise MusmedError(
            f"At {target:g} LUFS a peak would pass {CEILING_DBTP:g} dBTP; {highest:.1f} LUFS is the"
            " most that these sounds can have."
        )
    return target, [target - lufs for lufs, _ in levels]
