"""How much memory a training takes, and what to do when there is not enough."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.composers.musicgen.model.device import is_out_of_memory, smaller_model
from engine.errors import MusmedError


def most_taken(device: torch.device) -> int:
    """Bytes at the most so far: of the GPU, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    import resource  # not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@contextmanager
def fitting(
    base: str, device: torch.device, *, at_once: int, checkpointing: bool
) -> Iterator[None]:
    """Turns running out of memory into a sentence that says what would take less, the quickest
    first: fewer windows than ``at_once``, layers computed again, a smaller base."""
    try:
        yield
    except MusmedError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        where = "this machine's memory" if device.type == "cpu" else "the GPU's memory"
        raise MusmedError(
            f"{base} with {_windows(at_once)} at once does not fit into {where}; close what else "
            f"uses it, or {_less(base, at_once, checkpointing)}."
        ) from error


def _windows(count: int) -> str:
    return "one window" if count == 1 else f"{count} windows"


def _less(base: str, at_once: int, checkpointing: bool) -> str:
    ways = [f"--at-once {at_once // 2}"] if at_once > 1 else []
    ways += [] if checkpointing else ["--checkpointing"]
    smaller = smaller_model(base)
    ways += [f"--base {smaller}"] if smaller else []
    if not ways:
        return "train where there is more"
    return f"choose {', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else f"choose {ways[0]}"
