"""What a model runs on, in which number format, and what is said when it does not fit."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from engine.composers.musicgen.device import choose_device, fitting
from engine.errors import MusmedError


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine with nothing but an old processor, to which parts are added."""

    def has(*, cuda: bool = False, mps: bool = False, cpu: tuple[str, ...] = ()) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        found = {"avx2": True, "avx512_bf16": False} | dict.fromkeys(cpu, True)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)

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


def test_an_older_torch_does_not_say(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_device() == (torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(
    ("error", "device", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "cuda", "the GPU's memory"),
        (RuntimeError("MPS backend out of memory"), "mps", "the GPU's memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "cpu", "this machine's"),
        (MemoryError(), "cpu", "this machine's"),
    ],
)
def test_what_does_not_fit_proposes_what_would(error: Exception, device: str, said: str) -> None:
    with (
        pytest.raises(MusmedError, match=said) as told,
        fitting("musicgen-large", torch.device(device)),
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
