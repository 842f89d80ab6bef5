"""The decoder's graphs without a GPU: CUDA's part is played by a recording of kernels.

What capturing asks of a step can be held against the CPU: that it reads and writes only memory
that stays where it is, that the host decides nothing in it, and that what the capture and the run
before it did is taken back. Whether CUDA's own kernels can be captured, only a GPU says
(test_decoder_cuda.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.composers.musicgen import decoder as module
from engine.composers.musicgen.decoder import BUCKET, Conditioning, Decoder, Graphs
from engine.composers.musicgen.sampler import Sampling
from engine.composers.musicgen.step import Between, State, step
from engine.composers.musicgen.weights import Model, from_transformers

HOST = {"_local_scalar_dense", "item", "nonzero", "lift_fresh", "_to_copy", "is_nonzero"}
"""Kernels with which the host reads what the device made, or gives it something of its own."""


class Recording(TorchDispatchMode):
    """The kernels that are run under it. As in a capture, what they write is not to be there
    afterwards; ``replay`` writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[tuple[Any, Any, Any, Any]] = []
        self._before: dict[int, tuple[Any, Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.split("::")[1]
        assert name not in HOST, f"{name} can't be captured"
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


class Stream:
    def wait_stream(self, other: Stream) -> None:
        pass


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """``torch.cuda``'s graphs, played by recordings; those that were made."""
    made: list[Recording] = []

    class Graph:
        def replay(self) -> None:
            self.recording.replay()  # type: ignore[attr-defined]  # the capture sets it

    @contextlib.contextmanager
    def capture(graph: Any, **how: Any) -> Iterator[None]:
        graph.recording = recording = Recording()
        with recording:
            yield
        recording.take_back()
        made.append(recording)

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda aside: contextlib.nullcontext())
    return made


class Eager(Decoder):
    """The same steps over the same buckets, without graphs."""

    def _step(self, state: State, sampling: Sampling, position: int, between: Between) -> None:
        place = len(self._prefix) + position
        step(self.weights, state, sampling, (place // BUCKET + 1) * BUCKET, masked=True)


@pytest.fixture(params=["plain", "melody"], scope="module")
def model(request: pytest.FixtureRequest, build: Any, tokenizer: Any) -> Model:
    config = build.config() if request.param == "plain" else build.melody_config()
    return from_transformers(build.model(config, seed=3), tokenizer)


def graphed(model: Model, seconds: float = 30) -> Decoder:
    decoder = Decoder(model, max_seconds=seconds)
    decoder._graphs = Graphs()  # which only a decoder on CUDA has
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


def test_a_step_the_host_has_a_say_in_is_found_out(
    model: Model, recorded: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the recording is not blind: a position read by the host would be baked in."""

    def peeking(weights: Any, state: State, sampling: Sampling, span: int, **how: Any) -> None:
        state.grid[..., int(state.position)] += 0

    monkeypatch.setattr(module, "step", peeking)
    with pytest.raises(AssertionError, match="can't be captured"):
        codes(graphed(model, seconds=4), moving(model, 60), None, 60)
