"""The decoder's graphs without a GPU: CUDA's part is played by a recording of kernels.

What capturing asks of a step can be held against the CPU: that it reads and writes only memory
that stays where it is, that the host decides nothing in it, and that what the capture and the run
before it did is taken back. Whether CUDA's own kernels can be captured, only a GPU says
(test_decoder_cuda.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.composers.musicgen.model import attention
from engine.composers.musicgen.model import decoder as module
from engine.composers.musicgen.model.attention import Placed
from engine.composers.musicgen.model.decoder import BUCKET, Conditioning, Decoder, Graphs
from engine.composers.musicgen.model.delay import OPEN
from engine.composers.musicgen.model.fused import fuse
from engine.composers.musicgen.model.sampler import Sampling
from engine.composers.musicgen.model.step import Between, State, step
from engine.composers.musicgen.model.weights import Model, from_transformers

HOST = ("_local_scalar_dense", "item", "nonzero", "lift_fresh", "_to_copy", "is_nonzero", "cpu")
"""Kernels with which the host reads what the device made, or gives it something of its own."""
MOVES = ("to.device", "to.other", "to.prim_Device")


class Recording(TorchDispatchMode):
    """The kernels that are run under it. As in a capture, what they write is not to be there
    afterwards; ``replay`` writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[tuple[Any, Any, Any, Any]] = []
        self._before: dict[int, tuple[Any, Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        asks = name.split(".")[0] in HOST or name in MOVES
        assert not asks, f"{name} can't be captured"
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                whole = value._base if value._is_view() else value
                self._before.setdefault(id(whole), (whole, whole.clone()))
        out = func(*args, **kwargs)
        self.kernels.append((func, args, kwargs, out))
        return out

    def take_back(self) -> None:
        for tensor, before in self._before.values():
            tensor.copy_(before)

    def replay(self) -> None:
        for func, args, kwargs, out in self.kernels:
            mutates = any(a.alias_info is not None for a in func._schema.arguments)
            again = func(*args, **kwargs)  # a view is one of the same memory, wherever it was made
            if not mutates:
                for there, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                    there.copy_(new)


@pytest.fixture(autouse=True)
def as_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and values lie as they do there."""
    monkeypatch.setattr(attention, "gathers", lambda _: False)


class Stream:
    def wait_stream(self, other: Stream) -> None:
        pass


class Cuda:
    """What of ``torch.cuda`` the decoder's graphs use. ``made``: what was captured."""

    def __init__(self) -> None:
        self.made: list[Recording] = []
        self.current = Stream()
        self._pools: dict[object, weakref.WeakSet[Graph]] = {}

    def pool(self) -> object:
        return object()

    @contextlib.contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    @contextlib.contextmanager
    def capture(self, graph: Graph, *, pool: object, stream: Stream, **how: Any) -> Iterator[None]:
        assert stream is self.current, "the step before was run on another stream"
        assert pool not in self._pools or self._pools[pool], "this pool ended with its graphs"
        self._pools.setdefault(pool, weakref.WeakSet()).add(graph)
        recording = Recording()
        with recording:
            yield
        recording.take_back()
        graph.recording = recording
        self.made.append(recording)


class Graph:
    recording: Recording

    def replay(self) -> None:
        self.recording.replay()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """``torch.cuda``'s graphs, played by recordings; those that were made."""
    cuda = Cuda()
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", cuda.capture)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", cuda.pool)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: cuda.current)
    monkeypatch.setattr(torch.cuda, "stream", cuda.on)
    return cuda.made


class Eager(Decoder):
    """The same steps over the same buckets, without graphs."""

    def _step(self, state: State, sampling: Sampling, position: int, between: Between) -> None:
        place = len(self._prefix) + position
        step(self.weights, state, sampling, (place // BUCKET + 1) * BUCKET, masked=True)


@pytest.fixture(params=["plain", "melody"], scope="module")
def whole(request: pytest.FixtureRequest, build: Any) -> Any:
    config = build.config() if request.param == "plain" else build.melody_config()
    return build.model(config, seed=3)


@pytest.fixture(scope="module")
def model(whole: Any, tokenizer: Any) -> Model:
    return from_transformers(whole, tokenizer)


def graphed(model: Model, seconds: float = 30) -> Decoder:
    decoder = Decoder(model, max_seconds=seconds)
    stream: Any = Stream()
    decoder._stream, decoder._graphs = stream, Graphs(stream)  # which one on CUDA has
    return decoder


def moving(model: Model, count: int) -> Conditioning:
    """Two prompts that take turns."""
    states = torch.cat([model.text_states(text) for text in ("calm piano", "dark drums")])
    bias = torch.zeros((count, len(states)))
    share = torch.linspace(0.9, 0.1, count)
    first = len(states) // 2
    bias[:, :first], bias[:, first:] = share.log()[:, None], (1 - share).log()[:, None]
    return Conditioning(states, bias)


def codes(decoder: Decoder, text: Conditioning, prompt: Any, count: int, **how: Any) -> Any:
    how = {"seed": 5, "top_k": 20, **how}
    return torch.cat(list(decoder.frames(text, prompt, count, **how)), dim=1)


def some_codes(count: int, seed: int) -> Any:
    return torch.randint(0, 64, (4, count), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_replay_does_what_eager_steps_do_at_every_buckets_edge(
    model: Model, recorded: list[Recording], temperature: float
) -> None:
    decoder, eager = graphed(model), Eager(model, max_seconds=30)
    for edge in range(BUCKET, 1536, BUCKET):
        known = edge - 8 - len(decoder.weights.melody)
        text, prompt = moving(model, known + 16), some_codes(known, edge)
        how: dict[str, Any] = {"temperature": temperature}
        replayed = codes(decoder, text, prompt, known + 16, **how)
        assert torch.equal(replayed, codes(eager, text, prompt, known + 16, **how)), edge
    assert len(recorded) == 1536 // BUCKET


def test_graphs_made_beforehand_serve_every_clip(model: Model, recorded: list[Recording]) -> None:
    decoder = graphed(model, seconds=8)
    decoder.warm(top_k=20, keys=64)
    made = len(recorded)
    assert made == decoder._places // BUCKET
    for seed, count in ((1, 60), (2, 330), (3, 120)):
        text = moving(model, count)
        fresh = Eager(model, max_seconds=8)
        assert torch.equal(
            codes(decoder, text, some_codes(20, seed), count, seed=seed),
            codes(fresh, text, some_codes(20, seed), count, seed=seed),
        )
    assert len(recorded) == made


def test_another_temperature_makes_other_graphs(model: Model, recorded: list[Recording]) -> None:
    decoder = graphed(model, seconds=4)
    text = moving(model, 60)
    sampled = codes(decoder, text, None, 60)
    assert not torch.equal(sampled, codes(decoder, text, None, 60, temperature=0.0))
    assert torch.equal(sampled, codes(decoder, text, None, 60))
    assert len(recorded) == 3


PEEKING = {
    "int": lambda state: int(state.position),
    "tolist": lambda state: state.position.tolist(),
    "cpu": lambda state: state.position.cpu(),
    "mask": lambda state: state.grid[state.grid == OPEN],
    "nonzero": lambda state: torch.nonzero(state.grid),
    "new": lambda state: state.position.add_(torch.tensor([0])),
}
"""Ways for the host to get a say in a step."""


@pytest.mark.parametrize("way", PEEKING)
def test_a_step_the_host_has_a_say_in_is_found_out(
    whole: Any,
    model: Model,
    recorded: list[Recording],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """That one of the tests around this one would see it."""

    def peeking(weights: Any, state: State, *args: Any, **kwargs: Any) -> None:
        PEEKING[way](state)
        step(weights, state, *args, **kwargs)

    def tested() -> None:
        codes(graphed(model, seconds=4), moving(model, 60), None, 60)
        without_numbers(whole, peeking)

    monkeypatch.setattr(module, "step", peeking)
    with pytest.raises((AssertionError, RuntimeError, NotImplementedError)):
        tested()


def without_numbers(whole: Any, run: Any) -> Any:
    """Run a step on tensors that have formats but no numbers, as they are on a GPU: numbers that
    the host asks for are not there, and formats that don't go together are found."""
    weights = fuse(whole.state_dict(), whole.config, torch.device("meta"), torch.float16)
    state: Any = State.empty(weights, 1, 2, 2 * BUCKET, 64)
    run(weights, state, Sampling(), BUCKET, masked=True)
    return state


def test_a_step_needs_no_numbers_and_keeps_to_its_format(whole: Any) -> None:
    state = without_numbers(whole, step)
    assert state.past.cache.dtype == torch.float16
    with pytest.raises(RuntimeError, match="dtype"):
        without_numbers(whole, with_a_float32_cache)


def with_a_float32_cache(weights: Any, state: State, *args: Any, **kwargs: Any) -> None:
    past: Any = state.past
    longer = dataclasses.replace(state, past=Placed(past.cache.float()))
    step(weights, longer, *args, **kwargs)
