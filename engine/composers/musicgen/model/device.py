"""What a model runs on here, in which number format, and what to do when it does not fit."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.composers.base import EMBEDDED
from engine.composers.musicgen.files.catalogue import decoder_size, entry_of, smaller, smaller_than
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model.matrices import packs
from engine.composers.musicgen.precision import Format, Here
from engine.errors import MusmedError

_DTYPES: dict[Format, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "alloc_failed",  # CUBLAS_STATUS_ALLOC_FAILED and cuDNN's
)


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


def here() -> Here:
    """What a model can multiply in on the device that is chosen, and what it does there unasked."""
    device, usual = choose_device()
    takes: set[Format] = {"float32"}
    if device.type == "cpu":
        takes.add("int8")
        if packs(torch.bfloat16):  # with or without instructions for it
            takes.add("bfloat16")
        return Here("cpu", _name_of(usual), frozenset(takes))
    takes.add("float16")
    if device.type == "mps":
        if torch.backends.mps.is_macos_or_newer(14, 0):  # before that it has no bfloat16
            takes.add("bfloat16")
        return Here("mps", _name_of(usual), frozenset(takes))
    if torch.cuda.is_bf16_supported(including_emulation=False):
        takes.add("bfloat16")
    return Here("cuda", _name_of(usual), frozenset(takes))


def dtype_of(precision: Format) -> torch.dtype:
    """torch's for it."""
    return _DTYPES[precision]


def _name_of(dtype: torch.dtype) -> Format:
    return next(name for name, one in _DTYPES.items() if one == dtype)


def what_multiplies() -> str:
    """The machine's instructions and torch's version: what a measured error holds for."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    able = sorted(name for name, has in capabilities.items() if has is True)
    kind = torch.backends.cpu.get_cpu_capability()
    return " ".join([f"torch {torch.__version__}", platform.machine(), kind, *able])


def training_format(device: torch.device) -> torch.dtype:
    """In which number format a base stands on ``device`` that is trained on: bfloat16 on a GPU that
    multiplies in it, since float16 would overflow in the gradient; else float32."""
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float32


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
    numbers every time. oneDNN has a say too, which may be held to fewer instructions than there
    are (ONEDNN_MAX_CPU_ISA): torch's plain product takes no bfloat16 beside float32."""
    capabilities: dict[str, object] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # torch 2.10 and later
    native = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return native and packs(torch.bfloat16)


@contextmanager
def fitting(composer: str, device: torch.device) -> Iterator[None]:
    """Turns running out of memory into a sentence that proposes what would fit."""
    try:
        yield
    except MusmedError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise _too_large(composer, device) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error``, or one that it followed from, says that there was no memory left.

    MPS, the CPU's allocator and the system have no class of their own for it, so their words
    count; and an error while a CUDA graph was captured is hidden by the failure to end the capture.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        if _says_so(found):
            return True
        seen.add(id(found))
        waiting += [found.__cause__, found.__context__]
    return False


def _says_so(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    spoken = isinstance(error, RuntimeError | OSError)
    return spoken and any(words in str(error).lower() for words in _OUT_OF_MEMORY)


def _too_large(composer: str, device: torch.device) -> MusmedError:
    where = "this machine's memory" if device.type == "cpu" else "the GPU's memory"
    less = smaller_model(composer)
    proposal = f"--composer {less}" if less else f"--composer {EMBEDDED}, which needs no GPU"
    return MusmedError(
        f"{composer} does not fit into {where}; close what else uses it, or choose {proposal}."
    )


def smaller_model(composer: str) -> str | None:
    """What of the catalogue has a smaller decoder than ``composer``, a name in it or a place."""
    if entry_of(composer) is not None:
        return smaller(composer)
    try:
        given = find(composer)
    except MusmedError:
        return None
    return smaller_than(decoder_size(given.layers, given.hidden), given.channels)
