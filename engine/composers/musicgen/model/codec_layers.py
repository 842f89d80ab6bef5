"""The layers of EnCodec's decoder, each as a matrix product over a stream of frames.

What goes through them stands as (channels, frames, width). A convolution is then the product of its
windows, each one row, with one matrix; a transposed one, of twice its stride, the product of every
two frames with as many columns as it makes frames of them. oneDNN takes both at the speed of its
matrix products, from weights that are in its own layout once and for all. Each layer of a stream
keeps the frames that its next window begins with, so nothing is computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.composers.musicgen.model.matrices import packs

NARROW = 64
"""Frames of so many numbers are convolved where they stand: laying their windows side by side would
take as long as the product."""


class Streamed(Protocol):
    """A layer at work on a stream."""

    def push(self, x: Tensor, last: bool) -> Tensor:
        """Further frames (channels, n, width) -> those that are settled by them (channels, m,
        width). ``last``: nothing comes after them."""
        ...


class Layer(Protocol):
    """A layer's weights, for any number of streams."""

    def begin(self) -> Streamed: ...


class Product:
    """``x @ weight.T + bias`` in float32, ``weight`` being (out, in)."""

    def __init__(self, weight: Tensor, bias: Tensor | None, rows: int | None = None) -> None:
        """``rows``: how many are multiplied at once, where those are few."""
        self._width = len(weight)
        self._packed = weight.device.type == "cpu" and packs(torch.float32)
        self._weight = weight.detach().contiguous()
        self._bias = None if bias is None else bias.detach().clone()
        if self._packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, rows)

    def __call__(self, x: Tensor) -> Tensor:
        if not self._packed:
            return functional.linear(x, self._weight, self._bias)
        if not x.numel():
            return x.new_empty((*x.shape[:-1], self._width))
        product = torch.ops.mkldnn._linear_pointwise
        y: Tensor = product(x, self._weight, self._bias, "none", [], "")
        return y


class Windows:
    """Windows of ``size`` frames ``dilation`` apart, one beginning at each frame of a stream that
    is ``left`` frames longer before and ``right`` after it; ``pad`` makes those of (channels,
    width, frames)."""

    def __init__(
        self,
        size: int,
        dilation: int,
        sides: tuple[int, int],
        pad: Callable[[Tensor, tuple[int, int]], Tensor],
    ) -> None:
        self.size, self.dilation = size, dilation
        self.left, self._right = sides
        self._pad = pad
        self._kept: Tensor | None = None
        self._begun = False

    def push(self, x: Tensor, last: bool) -> tuple[Tensor, int]:
        """Frames, and how many windows begin with their first ones."""
        x = x.contiguous() if self._kept is None else torch.cat([self._kept, x], dim=1)
        if not self._begun and not last and x.shape[1] <= self.left:
            self._kept = x  # too short to be mirrored
            return x, 0
        left, right = 0 if self._begun else self.left, self._right if last else 0
        self._begun = True
        if left or right:
            x = self._pad(x.transpose(1, 2), (left, right)).transpose(1, 2).contiguous()
        count = max(0, x.shape[1] - (self.size - 1) * self.dilation)
        self._kept = x[:, count:].clone()
        return x, count

    def rows(self, x: Tensor, count: int) -> Tensor:
        """The first ``count`` windows of ``x``: (channels, count, size * width)."""
        if self.size == 1:
            return x
        channels, _, width = x.shape
        strides = (x.stride(0), width, self.dilation * width, 1)
        cut = x.as_strided((channels, count, self.size, width), strides, x.storage_offset())
        return cut.reshape(channels, count, self.size * width)


class Convolution:
    """transformers' ``EncodecConv1d`` of stride 1."""

    def __init__(self, module: nn.Module) -> None:
        layer = cast("Any", module)
        conv = layer.conv
        self._size, self._dilation = int(conv.kernel_size[0]), int(conv.dilation[0])
        total = (self._size - 1) * self._dilation
        self._sides = (total, 0) if layer.causal else (total - total // 2, total // 2)
        self._pad1d, self._mode = layer._pad1d, str(layer.pad_mode)
        self.product = Product(conv.weight.permute(0, 2, 1).flatten(1), conv.bias)
        self._narrow = self._size > 1 and conv.in_channels <= NARROW
        self._weight, self._bias = conv.weight.detach()[:, :, None], conv.bias

    def __call__(self, windows: Windows, x: Tensor, count: int) -> Tensor:
        """The first ``count`` of the ``windows`` of ``x``."""
        if not self._narrow or not count:
            return self.product(windows.rows(x, count))
        planes = x.transpose(1, 2)[:, :, None]  # (channels, width, 1, frames), frames apart
        y = functional.conv2d(planes, self._weight, self._bias, dilation=(1, self._dilation))
        return y[:, :, 0].transpose(1, 2)

    def windows(self) -> Windows:
        return Windows(self._size, self._dilation, self._sides, self._padded)

    def begin(self) -> Streamed:
        return _Convolved(self)

    def _padded(self, x: Tensor, sides: tuple[int, int]) -> Tensor:
        padded: Tensor = self._pad1d(x, sides, self._mode)
        return padded


class _Convolved:
    def __init__(self, layer: Convolution) -> None:
        self._layer, self._windows = layer, layer.windows()

    def push(self, x: Tensor, last: bool) -> Tensor:
        return self._layer(self._windows, *self._windows.push(x, last))


class Mixing:
    """A ``Convolution`` to a single number a frame. Each frame is multiplied once by all that it
    becomes in as many windows as hold it, and a window is a diagonal of that."""

    def __init__(self, module: nn.Module) -> None:
        conv = cast("Any", module).conv
        self.convolution = Convolution(module)
        (weight,) = conv.weight  # (width, size)
        self.products, self.bias = Product(weight.T, None), conv.bias

    def begin(self) -> Streamed:
        return _Mixed(self)


class _Mixed:
    def __init__(self, layer: Mixing) -> None:
        self._layer, self._windows = layer, layer.convolution.windows()

    def push(self, x: Tensor, last: bool) -> Tensor:
        x, count = self._windows.push(x, last)
        products = self._layer.products(x)
        size, step = self._windows.size, self._windows.dilation * products.shape[2] + 1
        strides = (products.stride(0), products.stride(1), step)
        y = products.as_strided((len(x), count, size), strides).sum(dim=2, keepdim=True)
        return y if self._layer.bias is None else y.add_(self._layer.bias)


class Upsampling:
    """transformers' ``EncodecConvTranspose1d``, of twice its stride."""

    def __init__(self, module: nn.Module) -> None:
        layer = cast("Any", module)
        conv = layer.conv
        self.ratio, self.width = int(conv.stride[0]), int(conv.out_channels)
        if int(conv.kernel_size[0]) != 2 * self.ratio:
            raise ValueError("an EnCodec whose kernels are not of twice their stride")
        share = float(layer.trim_right_ratio)
        self.after = math.ceil(self.ratio * share) if layer.causal else self.ratio // 2
        later, earlier = conv.weight.permute(2, 1, 0).chunk(2)  # (ratio, out, in) each
        weight = torch.cat([earlier, later], dim=2).flatten(0, 1)
        self.product = Product(weight, None if conv.bias is None else conv.bias.repeat(self.ratio))

    def begin(self) -> Streamed:
        return _Upsampled(self)


class _Upsampled:
    """Every frame sounds over itself and the next one; what it makes before the stream's first
    ratio - ``after`` frames and in the last ``after`` ones is cut off."""

    def __init__(self, layer: Upsampling) -> None:
        self._layer = layer
        self._windows = Windows(2, 1, (1, 1), functional.pad)
        self._cut = layer.ratio - layer.after

    def push(self, x: Tensor, last: bool) -> Tensor:
        rows = self._windows.rows(*self._windows.push(x, last))
        y = self._layer.product(rows).view(len(x), -1, self._layer.width)
        first, self._cut = self._cut, max(0, self._cut - y.shape[1])
        return y[:, first : y.shape[1] - self._layer.after if last else None]


class Residual:
    """transformers' ``EncodecResnetBlock``: two convolutions, the second of single frames, beside
    what they were given."""

    def __init__(self, module: nn.Module) -> None:
        layer = cast("Any", module)
        _, first, _, second = layer.block
        self.first, self.second = Convolution(first), Convolution(second).product
        plain = isinstance(layer.shortcut, nn.Identity)
        self.shortcut = None if plain else Convolution(layer.shortcut).product

    def begin(self) -> Streamed:
        return _Residual(self)


class _Residual:
    def __init__(self, layer: Residual) -> None:
        self._layer, self._windows = layer, layer.first.windows()

    def push(self, x: Tensor, last: bool) -> Tensor:
        layer, windows = self._layer, self._windows
        x, count = windows.push(x, last)
        beside = x[:, windows.left : windows.left + count]
        if layer.shortcut is not None:
            beside = layer.shortcut(beside.contiguous())
        inner = layer.first(windows, functional.elu(x), count)
        return layer.second(functional.elu_(inner)).add_(beside)


class Elu:
    """Works in place: the layers above give tensors that are nobody else's."""

    def begin(self) -> Streamed:
        return self

    def push(self, x: Tensor, last: bool) -> Tensor:
        return functional.elu_(x)


class Recurrence:
    """transformers' ``EncodecLSTM``, the states carried on.

    A step on a CPU reads the recurrent weights once; oneDNN's own LSTM, which torch takes there,
    also copies all weights into another layout at every call.
    """

    def __init__(self, module: nn.Module) -> None:
        self.lstm: nn.LSTM = cast("Any", module).lstm
        self.by_steps = self.lstm.weight_hh_l0.device.type == "cpu"
        self.inputs: list[Product] = []
        self.states: list[Product] = []
        for weights in self.lstm.all_weights if self.by_steps else []:
            into, around, bias, other = weights
            self.inputs.append(Product(into, bias + other))
            self.states.append(Product(around, None, rows=1))

    def begin(self) -> Streamed:
        return _ByStep(self) if self.by_steps else _AtOnce(self.lstm)


class _AtOnce:
    def __init__(self, lstm: nn.LSTM) -> None:
        self._lstm = lstm
        self._memory: tuple[Tensor, Tensor] | None = None

    def push(self, x: Tensor, last: bool) -> Tensor:
        if not x.shape[1]:
            return x
        y: Tensor
        y, self._memory = self._lstm(x.transpose(0, 1), self._memory)
        return x + y.transpose(0, 1)


class _ByStep:
    def __init__(self, layer: Recurrence) -> None:
        self._layer = layer
        self._memory: list[tuple[Tensor, Tensor]] = []

    def push(self, x: Tensor, last: bool) -> Tensor:
        if not self._memory:
            zeros = x.new_zeros((len(x), x.shape[2]))
            self._memory = [(zeros, zeros) for _ in self._layer.inputs]
        y = x.transpose(0, 1).contiguous()  # frame by frame
        for index, (into, around) in enumerate(
            zip(self._layer.inputs, self._layer.states, strict=True)
        ):
            y, self._memory[index] = _steps(into(y), around, *self._memory[index])
        return x + y.transpose(0, 1)


def _steps(
    gates: Tensor, around: Product, hidden: Tensor, cell: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """An LSTM's layer over ``gates`` (frames, channels, 4 * width), those that its inputs give: its
    outputs (frames, channels, width), and where it stands then."""
    width = cell.shape[1]
    out = gates.new_empty((*gates.shape[:2], width))
    for given, into in zip(gates, out, strict=True):
        opened, forgets, fresh, shown = given.add_(around(hidden)).split(width, dim=1)
        cell = cell * forgets.sigmoid_()
        cell.addcmul_(opened.sigmoid_(), fresh.tanh_())
        hidden = torch.mul(shown.sigmoid_(), cell.tanh(), out=into)
    return out, (hidden.clone(), cell)


def layer_of(module: nn.Module) -> Layer:
    """One of the layers of transformers' ``EncodecDecoder``."""
    kind = type(module).__name__
    if kind == "EncodecConv1d" and cast("Any", module).conv.out_channels == 1:
        return Mixing(module)
    return _LAYERS[kind](module)


_LAYERS: dict[str, Callable[[nn.Module], Layer]] = {
    "EncodecConv1d": Convolution,
    "EncodecConvTranspose1d": Upsampling,
    "EncodecResnetBlock": Residual,
    "EncodecLSTM": Recurrence,
    "ELU": lambda _: Elu(),
}
