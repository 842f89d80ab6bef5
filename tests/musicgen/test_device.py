"""What a model runs on, in which number format, and what is said when it does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.composers.musicgen.files.checkpoints import EMBEDDING, Checkpoint
from engine.composers.musicgen.model import device
from engine.composers.musicgen.model.device import choose_device, fitting, is_out_of_memory
from engine.errors import MusmedError
from engine.tensorfile import TensorInfo


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine with nothing but an old processor, to which parts are added."""

    def has(
        *,
        cuda: bool = False,
        mps: bool = False,
        cpu: tuple[str, ...] = (),
        multiplied: tuple[Any, ...] = (torch.float32, torch.bfloat16),
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        found = {"avx2": True, "avx512_bf16": False} | dict.fromkeys(cpu, True)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
        monkeypatch.setattr(device, "packs", lambda dtype: dtype in multiplied)

    has()
    return has


@pytest.mark.parametrize(
    ("parts", "device", "dtype"),
    [
        ({"cuda": True, "mps": True, "cpu": ("amx_bf16",)}, "cuda", "float16"),
        ({"mps": True}, "mps", "float16"),
        ({"cpu": ("avx512_bf16",)}, "cpu", "bfloat16"),
        ({"cpu": ("amx_bf16",)}, "cpu", "bfloat16"),
        ({"cpu": ("avx512_f",)}, "cpu", "float32"),
    ],
)
def test_the_best_there_is(machine: Any, parts: dict[str, Any], device: str, dtype: str) -> None:
    machine(**parts)
    assert choose_device() == (torch.device(device), getattr(torch, dtype))


def test_onednn_may_be_held_to_fewer_instructions(machine: Any) -> None:
    """Then there is none but the plain product, which takes no bfloat16 beside float32."""
    for multiplied in ((torch.float32,), ()):
        machine(cpu=("avx512_bf16",), multiplied=multiplied)
        assert choose_device() == (torch.device("cpu"), torch.float32)


def test_an_older_torch_does_not_say(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_device() == (torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "cuda", "the GPU's memory"),
        (RuntimeError("MPS backend out of memory"), "mps", "the GPU's memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "cpu", "this machine's"),
        (MemoryError(), "cpu", "this machine's"),
        (OSError(12, "Cannot allocate memory"), "cpu", "this machine's"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), "cuda", "the GPU's"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), "cuda", "the GPU's"),
    ],
)
def test_what_does_not_fit_proposes_what_would(error: Exception, kind: str, said: str) -> None:
    with (
        pytest.raises(MusmedError, match=said) as told,
        fitting("musicgen-large", torch.device(kind)),
    ):
        raise error
    assert "--composer musicgen-medium" in str(told.value)


def test_below_the_smallest_there_is_the_embedded_composer() -> None:
    with (
        pytest.raises(MusmedError, match="--composer embedded"),
        fitting("musicgen-small", torch.device("cpu")),
    ):
        raise MemoryError


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), fitting("a", torch.device("cpu")):
        raise RuntimeError("shapes differ")


def test_what_hides_an_error_of_memory_does_not_hide_it() -> None:
    """A CUDA graph's capture that ran out of memory ends with another error on top."""

    def capture() -> None:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    with (
        pytest.raises(MusmedError, match="does not fit"),
        fitting("musicgen-large", torch.device("cuda")),
    ):
        capture()
    error = ValueError("a")
    error.__cause__, error.__context__ = KeyError("b"), error
    assert not is_out_of_memory(error)
    error.__cause__.__context__ = MemoryError()
    assert is_out_of_memory(error)


def test_what_is_a_sentence_stays_one() -> None:
    with pytest.raises(MusmedError, match="said already"), fitting("a", torch.device("cpu")):
        raise MusmedError("This was said already.") from MemoryError()


@pytest.mark.parametrize(
    ("layers", "hidden", "channels", "less"),
    [
        (48, 2048, 1, "musicgen-medium"),
        (48, 2048, 2, "musicgen-stereo-medium"),
        (60, 2048, 1, "musicgen-large"),
        (48, 1536, 1, "musicgen-small"),
        (24, 1536, 1, "musicgen-small"),
        (24, 1024, 1, None),
        (2, 32, 2, None),
    ],
)
def test_a_folder_that_does_not_fit_is_measured(
    layers: int, hidden: int, channels: int, less: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights' headers say how large its decoder is."""
    tensors = {EMBEDDING: TensorInfo("F32", (2049, hidden))}
    for layer in range(layers):
        for part in ("fc1", "fc2"):
            name = f"decoder.model.decoder.layers.{layer}.{part}.weight"
            tensors[name] = TensorInfo("F32", (hidden, hidden))
    config = {"decoder": {"audio_channels": channels}}
    given = Checkpoint("mine", Path("/mine"), config, (), "", tensors)
    monkeypatch.setattr(device, "find", lambda _: given)
    with pytest.raises(MusmedError) as told, fitting("/mine", torch.device("cpu")):
        raise MemoryError
    assert f"--composer {less or 'embedded'}" in str(told.value)


def test_a_folder_that_is_gone_can_t_be_measured(tmp_path: Path) -> None:
    with (
        pytest.raises(MusmedError, match="--composer embedded"),
        fitting(str(tmp_path), torch.device("cpu")),
    ):
        raise MemoryError
