"""The matrices a step multiplies by, each in the layout its device multiplies by fastest.

A step reads every weight once and does little with it, so its time is the weights' bytes over the
memory's bandwidth, and the layout decides how near it comes.
"""

from __future__ import annotations

import functools
import warnings
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class Matrix(Protocol):
    """Weights (out, in): called with (rows, positions, in) it gives (rows, positions, out).
    They are torch's modules, which its script interpreter can call (``one_place``)."""

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
        return Integers.of(weight) if integers() else Rounded.of(weight)
    weight = weight.to(dtype)
    if device.type == "cpu" and packs(dtype):
        return Packed(torch.ops.mkldnn._reorder_linear_weight(weight, 2))
    return Dense(weight.clone())


class Dense(nn.Module):
    """As it is: what cuBLAS and MPS take."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight)

    def add(self, total: Tensor, x: Tensor) -> None:
        # one kernel, where a product and a sum would be two
        total.view(-1, total.shape[-1]).addmm_(x.reshape(-1, x.shape[-1]), self.weight.T)

    def dense(self) -> Tensor:
        return self.weight

    def bytes(self) -> int:
        return self.weight.numel() * self.weight.element_size()


class Packed(nn.Module):
    """In oneDNN's own blocks, the same numbers. For two rows, as with guidance, this reads the
    weights once; the CPU's usual product goes through them once for each row."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: Tensor) -> Tensor:
        product = torch.ops.mkldnn._linear_pointwise
        y: Tensor = product(x.to(self.weight.dtype), self.weight, None, "none", [], "")
        return y.to(x.dtype)

    def add(self, total: Tensor, x: Tensor) -> None:
        total += self(x)

    def dense(self) -> Tensor:
        return self.weight.to_dense()

    def bytes(self) -> int:
        return self.weight.numel() * (2 if self.weight.dtype == torch.bfloat16 else 4)


class Integers(nn.Module):
    """8 bits on both sides: weights with a scale for each of their rows, and what they are
    multiplied with, which is rounded anew in every product, with a scale that the rows of a
    position share: what is guided and what it is guided away from. So the processor multiplies and
    adds whole numbers, exactly and as fast as it reads them, and a position's product hardly
    depends on the positions beside it. FBGEMM's layout; ``size`` is its bytes; ``narrow``: what is
    multiplied is rounded to 7 bits."""

    def __init__(self, packed: object, size: int, *, narrow: bool) -> None:
        super().__init__()
        self.packed, self.size, self.narrow = packed, size, narrow

    @staticmethod
    def of(weight: Tensor) -> Integers:
        rounded, scales = rounded_rows(weight.float())
        size = rounded.numel() + 4 * scales.numel()
        return Integers(_packed(rounded, scales), size, narrow=saturates())

    def forward(self, x: Tensor) -> Tensor:
        product = torch.ops.quantized.linear_dynamic
        if x.size(-2) == 1:
            alone: Tensor = product(x, self.packed, self.narrow)
            return alone
        largest = x.abs().amax((0, -1), keepdim=True).clamp_min(1e-30)
        y: Tensor = product(x / largest, self.packed, self.narrow)
        return y * largest

    def add(self, total: Tensor, x: Tensor) -> None:
        total += self(x)

    def dense(self) -> Tensor:
        weight: Tensor = torch.ops.quantized.linear_unpack(self.packed)[0]
        return weight.dequantize()

    def bytes(self) -> int:
        return self.size


def _packed(rounded: Tensor, scales: Tensor) -> object:
    places = torch.zeros(len(scales), dtype=torch.long)
    usual = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its tensors are to move elsewhere one day
            made = torch._make_per_channel_quantized_tensor(rounded, scales.double(), places, 0)
            return torch.ops.quantized.linear_prepack(made, None)
    finally:
        torch.backends.quantized.engine = usual


def rounded_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float32 (out, in) in 8 bits and a scale (out,) for each row."""
    scales = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
    return (weight / scales[:, None]).round().to(torch.int8).contiguous(), scales


@functools.cache
def integers() -> bool:
    """Whether torch was built with FBGEMM and it works here: on x86."""
    return "fbgemm" in torch.backends.quantized.supported_engines


@functools.cache
def saturates() -> bool:
    """Whether sums of two products are held in 16 bits, as on a processor without VNNI. What is
    multiplied then has to be rounded to 7 bits, or large sums would be cut off. Found out by such
    a sum, since what a processor has is not yet what a library uses of it."""
    width = 64
    largest = _packed(*rounded_rows(torch.full((width, width), 127.0)))
    product: Tensor = torch.ops.quantized.linear_dynamic(torch.ones((2, width)), largest, False)
    return bool((product - 127.0 * width).abs().max() > 1.0)


class Rounded(nn.Module):
    """Rounded to 8 bits with a scale for each row, where there is no FBGEMM. A product is computed
    from bfloat16 and given out as one."""

    def __init__(self, weight: Tensor, scales: Tensor) -> None:
        super().__init__()
        self.weight, self.scales = weight, scales

    @staticmethod
    def of(weight: Tensor) -> Rounded:
        weight = weight.float()
        least = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
        scales = (least * (1 + 2**-8)).bfloat16()  # not less than ``least`` once rounded
        rounded = (weight / scales.float()[:, None]).round().to(torch.int8)
        return Rounded(rounded.contiguous(), scales)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, -2).bfloat16()
        y = torch._weight_int8pack_mm(rows, self.weight, self.scales)
        return y.view(x.size(0), -1, y.size(1)).to(x.dtype)

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
