"""Keys and values of what was read, and attention to them.

On a GPU they lie as torch's fused attention wants them (``Placed``). For one position at a time on
a CPU that reads a long past at a third of the memory's speed, and numbers of 16 bits slower still;
there they lie in tables whose rows are summed up by weight (``Gathered``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 64
"""Places whose keys lie together in ``Gathered``."""
TEXT_BLOCK = 16
"""Those of a text, which is short: half a block of 64 would be read for nothing."""

Hear = Callable[[int, Tensor], Tensor]
"""A layer's number and its queries (rows, t, hidden), or queries, keys and values one after the
other (rows, t, 3 * hidden), which are kept: what is heard (rows, t, hidden)."""


class Reach(NamedTuple):
    """Which ``places`` (t,) of the past look back on the first ``span``, with a mask (..., t, span)
    where some of those are later or weigh differently."""

    places: Tensor
    span: int
    mask: Tensor | None


BagTensors = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""Those of ``Bags``: the rows and bags of keys, of values, factors, and (rows, heads, blocks, size)
room for queries."""


Held = tuple[Tensor, Tensor, Tensor, Tensor]
"""Of a layer: where a place's key and value go (rows, heads, size), and the tables of all."""


class Place(NamedTuple):
    """What ``past_of_one`` takes beside queries; ``held`` for each layer."""

    held: tuple[Held, ...]
    span: int
    bags: BagTensors
    mask: Tensor | None


class Beside(NamedTuple):
    """What ``text_of_one`` takes beside queries; ``tables``, keys and values, for each layer."""

    tables: tuple[tuple[Tensor, Tensor], ...]
    bags: BagTensors
    bias: Tensor


class Memory(Protocol):
    """Keys and values of all layers."""

    @property
    def rows(self) -> int: ...

    def fill(self, row: int, kv: Tensor) -> None:
        """One row's from the first place on: (layers, 2, heads, places, size)."""
        ...

    def past(self, reach: Reach) -> Hear:
        """Attention to a past in which each layer's keys and values are put first."""
        ...

    def text(self, bias: Tensor) -> Hear:
        """Attention to all places, with ``bias`` (rows, 1, t, places) added to the scores."""
        ...


def memory(
    shape: tuple[int, int, int, int, int],
    device: torch.device,
    kept: torch.dtype,
    block: int = BLOCK,
) -> Memory:
    """Room for (layers, rows, heads, places, size), kept as ``kept`` on ``device``, where tables
    have blocks of ``block`` places."""
    if gathers(device):
        return Gathered.empty(shape, kept, block)
    layers, *rest = shape
    return Placed(torch.zeros((layers, 2, *rest), device=device, dtype=kept))


def kept_as(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """In which format keys and values are kept beside matrices in ``dtype``. float16 rounds an
    eighth as coarsely as bfloat16, and a model that runs on GPUs in it has no larger numbers."""
    if device.type != "cpu":
        return dtype
    return torch.float16 if dtype != torch.float32 and gathers(device) else torch.float32


def gathers(device: torch.device) -> bool:
    """Whether this torch sums rows of a table by weight at the memory's speed: on x86."""
    return device.type == "cpu" and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


@dataclass(frozen=True)
class Placed:
    """``cache`` (layers, 2, rows, heads, places, size). A place is where a tensor says, so that
    attention to a past may be part of a CUDA graph."""

    cache: Tensor

    @property
    def rows(self) -> int:
        return self.cache.shape[2]

    def fill(self, row: int, kv: Tensor) -> None:
        self.cache[:, :, row, :, : kv.shape[3]] = kv

    def past(self, reach: Reach) -> Hear:
        heads, size = self.cache.shape[3], self.cache.shape[5]

        def hear(layer: int, qkv: Tensor) -> Tensor:
            qkv = qkv.view(*qkv.shape[:2], 3, heads, size).permute(2, 0, 3, 1, 4)
            cache = self.cache[layer]
            cache.index_copy_(3, reach.places, qkv[1:])
            keys, values = cache[..., : reach.span, :]
            return _attended(qkv[0], keys, values, reach.mask)

        return hear

    def text(self, bias: Tensor) -> Hear:
        heads, size = self.cache.shape[3], self.cache.shape[5]

        def hear(layer: int, q: Tensor) -> Tensor:
            q = q.view(*q.shape[:2], heads, size).transpose(1, 2)
            keys, values = self.cache[layer]
            return _attended(q, keys, values, bias)

        return hear


def _attended(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    heard = functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
    return heard.transpose(1, 2).flatten(2)


class Gathered:
    """Keys and values as tables of rows, for a CPU.

    A head's scores for a block of places are the sum of ``size`` rows, one for each number of the
    query and weighed by it, each as long as the block: so keys lie with their numbers outside and
    the places of a block inside. What is heard is the sum of the values by weight. Both are what
    torch has for bags of embeddings, which reads 16 bits as fast as it reads 32.

    ``keys`` (layers, rows * heads, blocks, size, block), ``values`` (layers, rows * heads,
    blocks * block, size).
    """

    def __init__(self, keys: Tensor, values: Tensor, rows: int) -> None:
        self.keys, self.values, self.rows = keys, values, rows
        layers, pairs, blocks, size, self.block = keys.shape
        self.pairs, self.blocks, self.size, self.heads = pairs, blocks, size, pairs // rows
        self._tables = (
            keys.view(layers, -1, self.block).unbind(),
            values.view(layers, -1, size).unbind(),
        )
        self._bags = Bags.of(self, 1)

    @staticmethod
    def empty(
        shape: tuple[int, int, int, int, int], kept: torch.dtype, block: int = BLOCK
    ) -> Gathered:
        layers, rows, heads, places, size = shape
        blocks = -(-places // block)
        pairs = (layers, rows * heads)
        keys = torch.zeros((*pairs, blocks, size, block), dtype=kept)
        return Gathered(keys, torch.zeros((*pairs, blocks * block, size), dtype=kept), rows)

    def fill(self, row: int, kv: Tensor) -> None:
        pairs = slice(row * self.heads, (row + 1) * self.heads)
        for layer, (keys, values) in enumerate(kv):
            self._put(layer, pairs, 0, keys, values)

    def _put(self, layer: int, pairs: slice, first: int, keys: Tensor, values: Tensor) -> None:
        """Of the places from ``first`` on: (pairs, places, size)."""
        places = torch.arange(first, first + keys.shape[1])
        table = self.keys[layer, pairs]
        table[:, places // self.block, :, places % self.block] = keys.transpose(0, 1).to(
            table.dtype
        )
        self.values[layer, pairs, first : first + keys.shape[1]] = values.to(table.dtype)

    def past(self, reach: Reach) -> Hear:
        if len(reach.places) > 1:
            return self._past_of_many(reach)
        return self._past_of_one(reach)

    def place(self, reach: Reach) -> Place:
        """The one place of ``reach``, in all layers."""
        block, place = divmod(reach.span - 1, self.block)
        shape = (-1, self.rows, self.heads, self.size)
        key_slots = self.keys[:, :, block, :, place].view(shape).unbind()
        value_slots = self.values[:, :, reach.span - 1].view(shape).unbind()
        return Place(
            held=tuple(zip(key_slots, value_slots, *self._tables, strict=True)),
            span=reach.span,
            bags=self._among(block + 1).tensors(self.rows),
            mask=None if reach.mask is None else reach.mask[:, 0],
        )

    def _past_of_one(self, reach: Reach) -> Hear:
        held, span, bags, mask = self.place(reach)
        return lambda layer, qkv: past_of_one(qkv, held[layer], span, bags, mask)

    def _past_of_many(self, reach: Reach) -> Hear:
        t, span, everywhere = len(reach.places), reach.span, slice(None)

        def hear(layer: int, qkv: Tensor) -> Tensor:
            q, k, v = qkv.view(self.rows, t, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
            self._put(layer, everywhere, span - t, k.flatten(0, 1), v.flatten(0, 1))
            keys, values = self._dense(layer, span)
            return _attended(q, keys, values, reach.mask)

        return hear

    def text(self, bias: Tensor) -> Hear:
        if bias.shape[2] > 1:
            return self._text_of_many(bias)
        tables, bags, added = self.beside(bias)
        return lambda layer, q: text_of_one(q, tables[layer], bags, added)

    def beside(self, bias: Tensor) -> Beside:
        """All places, for one, in all layers. ``bias`` (rows, 1, 1, places)."""
        bags, added = self._among(self.blocks).tensors(self.rows), bias[:, 0]
        return Beside(tuple(zip(*self._tables, strict=True)), bags, added.to(self.keys.dtype))

    def _text_of_many(self, bias: Tensor) -> Hear:
        def hear(layer: int, q: Tensor) -> Tensor:
            q = q.view(*q.shape[:2], self.heads, self.size).transpose(1, 2)
            keys, values = self._dense(layer, bias.shape[3])
            return _attended(q, keys, values, bias)

        return hear

    def _dense(self, layer: int, span: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the first places: (rows, heads, span, size), float32."""
        blocks = -(-span // self.block)
        shape = (self.rows, self.heads, -1, self.size)
        keys = self.keys[layer, :, :blocks].float().transpose(2, 3).reshape(shape)
        values = self.values[layer, :, :span].float().view(shape)
        return keys[:, :, :span], values

    def _among(self, blocks: int) -> Bags:
        if self._bags.blocks != blocks:
            self._bags = Bags.of(self, blocks)
        return self._bags


@dataclass(frozen=True)
class Bags:
    """Which rows of the tables are summed up for the first ``blocks`` blocks. ``factors`` (blocks,
    1): what a query is divided by, for every block; ``queries`` (pairs, blocks, size): room."""

    blocks: int
    key_rows: Tensor
    key_bags: Tensor
    value_rows: Tensor
    value_bags: Tensor
    factors: Tensor
    queries: Tensor

    @staticmethod
    def of(whole: Gathered, blocks: int) -> Bags:
        pairs, room, size, block = whole.pairs, whole.blocks, whole.size, whole.block

        def rows(in_block: int) -> Tensor:
            each = torch.arange(pairs * room * in_block, dtype=torch.int32)
            return each.view(pairs, room, in_block)[:, :blocks].reshape(-1)

        def bags(each: int, count: int) -> Tensor:
            return torch.arange(0, each * count, each, dtype=torch.int32)

        return Bags(
            blocks=blocks,
            key_rows=rows(size),
            key_bags=bags(size, pairs * blocks),
            value_rows=rows(block),
            value_bags=bags(blocks * block, pairs),
            factors=torch.full((blocks, 1), size**-0.5),
            queries=torch.empty((pairs, blocks, size), dtype=whole.keys.dtype),
        )

    def tensors(self, rows: int) -> BagTensors:
        room = self.queries.view(rows, -1, *self.queries.shape[1:])
        bags = (self.key_rows, self.key_bags, self.value_rows, self.value_bags)
        return (*bags, self.factors, room)


def past_of_one(
    qkv: Tensor, held: Held, span: int, bags: BagTensors, mask: Tensor | None
) -> Tensor:
    """Attention of one place to the first ``span``, its own the last of them: queries, key and
    value (rows, 1, 3 * hidden) -> (rows, 1, hidden). ``mask`` (rows, 1, span)."""
    key_slot, value_slot, keys, values = held
    q, k, v = qkv.view(qkv.size(0), 3, key_slot.size(1), -1).unbind(1)
    key_slot.copy_(k)
    value_slot.copy_(v)
    scores = _scores(keys, q, bags)
    beyond = scores.size(2) - span
    if beyond > 0:
        scores.narrow(2, span, beyond).fill_(-math.inf)
    if mask is not None:
        scores.narrow(2, 0, span).add_(mask)
    return _weighed(values, scores, bags)


def text_of_one(q: Tensor, tables: tuple[Tensor, Tensor], bags: BagTensors, bias: Tensor) -> Tensor:
    """Attention of one place to all of ``tables``, with ``bias`` (rows, 1, places)."""
    queries = bags[5]
    scores = _scores(tables[0], q.view(q.size(0), queries.size(1), -1), bags)
    scores.add_(bias)
    return _weighed(tables[1], scores, bags)


def _scores(keys: Tensor, q: Tensor, bags: BagTensors) -> Tensor:
    """(rows, heads, places) of queries (rows, heads, size)."""
    key_rows, key_bags, _, _, factors, room = bags
    torch.mul(q.unsqueeze(2), factors, out=room)
    scores = _summed(keys, key_rows, key_bags, room.view(-1))
    return scores.view(q.size(0), q.size(1), -1)


def _weighed(values: Tensor, scores: Tensor, bags: BagTensors) -> Tensor:
    weights = scores.softmax(2).view(-1)
    return _summed(values, bags[2], bags[3], weights).view(scores.size(0), 1, -1).float()


def _summed(table: Tensor, rows: Tensor, bags: Tensor, weights: Tensor) -> Tensor:
    """The sums of the bags that begin at ``bags`` in ``rows`` of ``table``."""
    return torch._embedding_bag_forward_only(
        table, rows, bags, False, 0, False, weights, False, -1
    )[0]
