"""What 'auto' comes to on a CPU: int8 where a checkpoint's own weights pass, measured once."""

from __future__ import annotations

import contextlib
import gc
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.allocation import give_back_free
from engine.composers.musicgen import precision
from engine.composers.musicgen.files.adapters import Adapter
from engine.composers.musicgen.files.catalogue import decoder_size
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.files.measured import Measured, key_of
from engine.composers.musicgen.precision import Figures, Format
from engine.errors import MusmedError

if TYPE_CHECKING:
    from engine.composers.musicgen.model.weights import Model

Progress = Callable[[float], None]
Load = Callable[[Format, Progress], "Model"]

NO_ROOM = Figures(0.0, 0.0, 0.0, 0)
"""Of weights that did not fit into memory in float32: nothing was measured of them."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEASURED = 0.95
"""Of all that is told of a model's loading, if it is measured."""
_ROOM = 1.25
"""What loading takes beside the numbers themselves."""


class Found(NamedTuple):
    """``model``: loaded in ``format`` already, where it was measured just now and passed.
    ``done``: the share of the progress that has been told."""

    format: Format
    model: Model | None = None
    done: float = 0.0


def find_format(
    checkpoint: Checkpoint,
    adapters: Sequence[Adapter],
    usual: Format,
    *,
    load: Load,
    progress: Progress,
    measured: Measured | None = None,
) -> Found:
    """int8 or ``usual``; the same on every day, on the same machine. One model is in memory at a
    time. Where nothing is known of these weights yet they are measured, which takes as long as
    some seconds of music in float32; ``load`` loads them. Raises what loading raises, but for
    memory that is not there: that is known of them from then on."""
    from engine.composers.musicgen.model import device as devices

    if decoder_size(checkpoint.layers, checkpoint.hidden) < precision.WORTH_WEIGHTS:
        return Found(usual)
    try:
        key = key_of(checkpoint, adapters, devices.what_multiplies())
    except (OSError, MusmedError):
        return Found(usual)  # loading says what is wrong
    measured = measured or Measured()
    known = measured.of(key)
    if known is not None:
        return Found("int8" if known.passes else usual)
    if needed(checkpoint) > memory():
        return Found(usual)
    model: Model | None = None
    try:
        model, figures = _measure(load, progress)
    except Exception as error:
        if not devices.is_out_of_memory(error):
            raise
        figures = NO_ROOM
    measured.keep(key, figures)
    if figures.passes:
        return Found("int8", model, _MEASURED)
    model = None
    gc.collect()
    return Found(usual, done=_MEASURED)


def needed(checkpoint: Checkpoint) -> int:
    """Bytes that the whole of it takes in float32 while it is loaded."""
    numbers = sum(math.prod(info.shape) for info in checkpoint.tensors.values())
    return round(4 * numbers * _ROOM)


def memory() -> int:
    """Bytes that there are, whoever uses them: what is chosen must not depend on the hour."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no limit is written as 'max'
        total = min(total, int(_CGROUP.read_text("ascii")))
    return total


def _measure(load: Load, progress: Progress) -> tuple[Model, Figures]:
    """The model in int8, and what was measured of it."""
    from engine.composers.musicgen.model import rounding

    exact = load("float32", part(progress, 0.0, 0.25))
    drawn = rounding.draw_codes(exact, part(progress, 0.25, 0.65))
    del exact
    gc.collect()
    give_back_free()
    model = load("int8", part(progress, 0.65, 0.85))
    return model, rounding.compare(drawn, model, part(progress, 0.85, _MEASURED))


def part(progress: Progress, first: float, last: float) -> Progress:
    """A progress from 0 to 1 that is ``first`` to ``last`` of the whole."""
    return lambda share: progress(first + (last - first) * share)
