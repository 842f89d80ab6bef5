"""The matrices a step multiplies by, each in the layout its device multiplies by fastest.

A step reads every weight once and does little with it, so its time is the weights' bytes over the
memory's bandwidth, and the layout decides how near it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional


class Matrix(Protocol):
    """Weights (out, in): called with (..., in) it gives (..., out)."""

    def __call__(self, x: Tensor) -> Tensor: ...

    def add(self, total: Tensor, x: Tensor) -> None:
        """``total`` += the product with ``x``, in place."""
        ...

    def dense(self) -> Tensor:
        """The weights as an ordinary tensor."""
        ...

    def bytes(self) -> int:
        """What one product has to read."""
        ...


def matrix(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Matrix:
    """``weight`` for products in ``dtype``; int8 is for the CPU."""
    weight = weight.to(device)
    if dtype == torch.int8:
        return Rounded.of(weight)
    weight = weight.to(dtype)
    if device.type == "cpu" and packs(dtype):
        return Packed(torch.ops.mkldnn._reorder_linear_weight(weight, 2))
    return Dense(weight.clone())


@dataclass(frozen=True)
class Dense:
    """As it is: what cuBLAS and MPS take."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight)

    def add(self, total: Tensor, x: Tensor) -> None:
        # one kernel, where a product and a sum would be two
        total.view(-1, total.shape[-1]).addmm_(x.reshape(-1, x.shape[-1]), self.weight.T)

    def dense(self) -> Tensor:
        return self.weight

    def bytes(self) -> int:
        return self.weight.numel() * self.weight.element_size()


@dataclass(frozen=True)
class Packed:
    """In oneDNN's own blocks, the same numbers. For two rows, as with guidance, this reads the
    weights once; the CPU's usual product goes through them once for each row."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        product = torch.ops.mkldnn._linear_pointwise
        y: Tensor = product(x.to(self.weight.dtype), self.weight, None, "none", [], "")
        return y.to(x.dtype)

    def add(self, total: Tensor, x: Tensor) -> None:
        total += self(x)

    def dense(self) -> Tensor:
        return self.weight.to_dense()

    def bytes(self) -> int:
        return self.weight.numel() * (2 if self.weight.dtype == torch.bfloat16 else 4)


@dataclass(frozen=True)
class Rounded:
    """Rounded to 8 bits with a scale for each row: a quarter of float32's bytes. Other numbers,
    so other codes than float32's; a product is computed from bfloat16 and given out as one."""

    weight: Tensor
    scales: Tensor

    @staticmethod
    def of(weight: Tensor) -> Rounded:
        weight = weight.float()
        least = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
        scales = (least * (1 + 2**-8)).bfloat16()  # not less than ``least`` once rounded
        rounded = (weight / scales.float()[:, None]).round().to(torch.int8)
        return Rounded(rounded.contiguous(), scales)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        y = torch._weight_int8pack_mm(rows.bfloat16(), self.weight, self.scales)
        return y.view(*x.shape[:-1], -1).to(x.dtype)

    def add(self, total: Tensor, x: Tensor) -> None:
        total += self(x)

    def dense(self) -> Tensor:
        return self.weight.float() * self.scales.float()[:, None]

    def bytes(self) -> int:
        return self.weight.numel() + 2 * self.scales.numel()


def packs(dtype: torch.dtype) -> bool:
    """Whether oneDNN is here and multiplies in ``dtype`` natively."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch's own
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32
