"""What a model runs on here, in which number format, and what to do when it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.composers.base import EMBEDDED
from engine.composers.musicgen.catalogue import smaller
from engine.errors import MusmedError

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def choose_device() -> tuple[torch.device, torch.dtype]:
    """The best device torch can use, and the decoder's number format on it.

    CUDA and Apple's MPS: float16, which halves what a step has to read, as audiocraft does there
    too; bfloat16 takes as long and rounds eight times as coarsely. CPU: bfloat16 where it
    multiplies in that by itself, else float32.
    """
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.float16
    if torch.backends.mps.is_available():
        return torch.device("mps"), torch.float16
    return torch.device("cpu"), torch.bfloat16 if _cpu_has_bfloat16() else torch.float32


def settle(device: torch.device) -> None:
    """Set what torch does on ``device`` for as long as the process lives.

    On CUDA the codec's convolutions are then computed in float32, not TF32, and the same every
    time. Attention leaves out cuDNN, which makes a plan, in a fraction of a second, for every
    shape and every thread anew; each clip's codes are decoded in a thread of their own.
    """
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.enable_cudnn_sdp(False)


def _cpu_has_bfloat16() -> bool:
    """By what the processor says, not by a measurement: the same session has to get the same
    numbers every time."""
    capabilities: dict[str, object] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # torch 2.10 and later
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@contextmanager
def fitting(composer: str, device: torch.device) -> Iterator[None]:
    """Turns running out of memory into a sentence that proposes what would fit."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(composer, device) from error
    except RuntimeError as error:  # MPS and the CPU's allocator have no class of their own
        if not any(words in str(error).lower() for words in _OUT_OF_MEMORY):
            raise
        raise _too_large(composer, device) from error


def _too_large(composer: str, device: torch.device) -> MusmedError:
    where = "this machine's memory" if device.type == "cpu" else "the GPU's memory"
    less = smaller(composer)
    proposal = f"--composer {less}" if less else f"--composer {EMBEDDED}, which needs no GPU"
    return MusmedError(
        f"{composer} does not fit into {where}; close what else uses it, or choose {proposal}."
    )
