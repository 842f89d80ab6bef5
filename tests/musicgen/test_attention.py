"""Attention by summing up rows of tables, against torch's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode

from engine.composers.musicgen.model.attention import (
    BLOCK,
    TEXT_BLOCK,
    Gathered,
    Memory,
    Placed,
    Reach,
    gathers,
)
from engine.composers.musicgen.model.matrices import integers, saturates
from engine.composers.musicgen.model.sampler import Sampling
from engine.composers.musicgen.model.step import State, step
from engine.composers.musicgen.model.weights import from_transformers

LAYERS, ROWS, HEADS, SIZE = 2, 2, 3, 8


@pytest.fixture(params=["float32", "float16"])
def both(request: pytest.FixtureRequest) -> tuple[Memory, Memory, float]:
    """Two memories that are to say the same, and how near."""
    kept = getattr(torch, request.param)
    places = 3 * BLOCK
    placed = Placed(torch.zeros(LAYERS, 2, ROWS, HEADS, places, SIZE))
    gathered = Gathered.empty((LAYERS, ROWS, HEADS, places, SIZE), kept)
    return placed, gathered, 1e-5 if kept == torch.float32 else 5e-3


def reach(first: int, end: int) -> Reach:
    places = torch.arange(first, end)
    later = torch.arange(end) > places[:, None]
    mask = torch.zeros(later.shape).masked_fill(later, -torch.inf) if end - first > 1 else None
    return Reach(places, end, mask)


def test_a_past_grown_by_pieces_and_by_single_places(both: tuple[Memory, Memory, float]) -> None:
    """Across the edges of blocks; what a longer clip left behind is not heard."""
    placed, gathered, near = both
    generator = torch.Generator().manual_seed(0)
    for last in (150, 70):
        edges = [0, 40, 60, *range(61, last)]
        for first, end in itertools.pairwise(edges):
            qkv = torch.randn(ROWS, end - first, 3 * HEADS * SIZE, generator=generator)
            for layer in range(LAYERS):
                said = [each.past(reach(first, end))(layer, qkv) for each in (placed, gathered)]
                assert said[0].shape == said[1].shape == (ROWS, end - first, HEADS * SIZE)
                assert (said[0] - said[1]).abs().max() < near


def test_a_past_weighed_by_a_mask(both: tuple[Memory, Memory, float]) -> None:
    placed, gathered, near = both
    for place in range(5):
        qkv = torch.randn(ROWS, 1, 3 * HEADS * SIZE)
        mask = torch.randn(ROWS, 1, 1, place + 1)
        mask[0, ..., :place] = -torch.inf
        view = Reach(torch.tensor([place]), place + 1, mask)
        said = [each.past(view)(1, qkv) for each in (placed, gathered)]
        assert (said[0] - said[1]).abs().max() < near


@pytest.mark.parametrize("count", [1, 5])
def test_text_with_its_bias(both: tuple[Memory, Memory, float], count: int) -> None:
    placed, gathered, near = both
    for row in range(ROWS):
        kv = torch.randn(LAYERS, 2, HEADS, 20 + row, SIZE)
        placed.fill(row, kv)
        gathered.fill(row, kv)
    bias = torch.full((ROWS, 1, count, 3 * BLOCK), -torch.inf)
    bias[..., :20] = torch.randn(20)
    q = torch.randn(ROWS, count, HEADS * SIZE)
    said = [each.text(bias)(1, q) for each in (placed, gathered)]
    assert (said[0] - said[1]).abs().max() < near


VIEWS = {"view", "to", "reshape", "unsqueeze", "select", "unbind", "transpose", "narrow"}
VIEWS |= {"expand", "slice", "chunk", "size"}


def test_a_step_in_int8_is_few_operators(tiny_model: Any, tokenizer: Any) -> None:
    """Each takes some microseconds, however little it does; views are left out. A layer makes do
    with six products and four sums, three norms, two attentions and an activation."""
    if not (integers() and gathers(torch.device("cpu"))):
        pytest.skip("this processor has other kernels")
    saturates()
    model = from_transformers(tiny_model, tokenizer, torch.int8)
    state = State.empty(model.decoder, 1, 2, BLOCK, TEXT_BLOCK)
    state.grid.zero_()
    with torch.inference_mode(), Counting() as counting:
        step(model.decoder, state, Sampling(temperature=0.0), 1, masked=False)
    assert len(counting.names) <= 25 * len(model.decoder.layers) + 25


class Counting(TorchDispatchMode):
    """Which operators were run that are more than a view."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().split("::")[1].split(".")[0]
        if name not in VIEWS:
            self.names.append(name)
        return func(*args, **(kwargs or {}))
