"""The decoder: conditioning and a prompt of codes become code frames, as they are decoded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.composers.musicgen.model.attention import TEXT_BLOCK, Reach
from engine.composers.musicgen.model.delay import (
    delayed,
    frames_within,
    positions_of,
    undelayed,
)
from engine.composers.musicgen.model.fused import DecoderWeights
from engine.composers.musicgen.model.large_pages import into_large_pages
from engine.composers.musicgen.model.one_place import Between
from engine.composers.musicgen.model.prefix import blocks_of, no_prefix, prefix_of
from engine.composers.musicgen.model.sampler import Sampling, draw
from engine.composers.musicgen.model.step import (
    DRAWN_STEPS,
    State,
    forward,
    logits_of,
    nothing,
    step,
    text_keys,
    transform,
)
from engine.composers.musicgen.model.weights import TEXT_TOKENS, Model

BUCKET = 256
"""On CUDA a step attends to a multiple of this many positions: one graph for each."""
KEYS_BUCKET = 64
"""On CUDA room for the text's keys comes in multiples of this, so that prompts of other lengths
find the same graphs; what is not used has a bias of -inf."""
LARGE_BYTES = 1 << 26
"""Matrices of more than this are worth large pages: less may stay in the processor's caches."""
CPU_PIECE, GPU_PIECE = 32, 512
"""Positions of a prompt that are read at once."""


@dataclass(frozen=True)
class Conditioning:
    """What a clip is to be: the states of its text and how much each weighs, frame by frame.

    ``states`` (keys, text width): of one prompt, or of several one after the other; padding is
    simply absent. ``bias`` (frames, keys): log-weights added to the cross-attention's scores
    while that frame is decoded, -inf for not at all; None for 0. Each frame needs a key that is
    not -inf.
    """

    states: Tensor
    bias: Tensor | None = None


@dataclass(frozen=True)
class HeardText:
    """A conditioning without the keys that no frame hears."""

    states: Tensor
    bias: Tensor

    @staticmethod
    def of(clip: Conditioning, count: int) -> HeardText:
        """Raises ``ValueError`` for a bias that does not fit ``count`` frames."""
        keys = len(clip.states)
        if clip.bias is None:
            return HeardText(clip.states, torch.zeros((count, keys)))
        if tuple(clip.bias.shape) != (count, keys):
            raise ValueError(f"a bias of {tuple(clip.bias.shape)} for {count} frames, {keys} keys")
        heard = clip.bias > -torch.inf
        if not bool(heard.any(dim=1).all()):
            raise ValueError("a frame whose every key has a bias of -inf")
        used = heard.any(dim=0)
        return HeardText(clip.states[used.to(clip.states.device)], clip.bias[:, used])

    def rows(self, positions: int) -> Tensor:
        """The bias of every position (positions, keys). The step at position p decodes frame p of
        the first codebook, which the others follow; past the last frame its bias goes on."""
        frames = torch.arange(positions, device=self.bias.device).clamp_max(len(self.bias) - 1)
        return self.bias.index_select(0, frames)


class Decoder:
    """Decodes code frames with a model's weights. One clip (or batch) at a time: a new one ends
    the one before."""

    def __init__(self, model: Model, *, max_seconds: float = 40.0) -> None:
        self.weights = model.decoder
        frames = round(max_seconds * model.frame_rate)
        longest = positions_of(frames, self.weights.delays)
        if len(self.weights.melody):
            longest += len(self.weights.melody) + TEXT_TOKENS
        self._places = min(-(-longest // BUCKET) * BUCKET, len(self.weights.positions))
        self._prefix = no_prefix(self.weights, 0)
        self._state: State | None = None
        self._clip = object()
        self._stream: torch.cuda.Stream | None = None
        self._graphs: Graphs | None = None
        if self.weights.device.type == "cuda":
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # not annotated
            self._graphs = Graphs(self._stream)

    @torch.inference_mode()
    def frames(
        self,
        conditioning: Conditioning | Sequence[Conditioning],
        prompt: Tensor | None,
        count: int,
        *,
        seed: int,
        guidance: float = 3.0,
        top_k: int = 250,
        temperature: float = 1.0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Tensor]:
        """Decode ``count`` code frames, the ``prompt``'s first ones included.

        ``prompt``: (codebooks, p), or (batch, codebooks, p) for a sequence of conditionings.
        Yields the frames after the prompt in order, (codebooks, n) or (batch, codebooks, n), on
        the CPU, about twice a second of audio. The same arguments make the same codes on the same
        machine. ``cancelled`` is asked before every step, on a CPU before every layer of it; then
        it ends.
        """
        sampling = Sampling(guidance, top_k, temperature)
        clips = [conditioning] if isinstance(conditioning, Conditioning) else conditioning
        if isinstance(conditioning, Conditioning) and prompt is not None:
            prompt = prompt[None]
        clip = self._clip = object()
        known = 0 if prompt is None else prompt.shape[-1]
        between = _raising(cancelled)
        generator = torch.Generator(self.weights.device).manual_seed(seed)
        delays, given, last = self.weights.delays, known, positions_of(count, self.weights.delays)
        with contextlib.suppress(_CancelledError):
            with self._apart():
                state = self._begin(clips, prompt, count, sampling, between)
                self._prefill(state, known, between)
            for first in range(known, last - 1, DRAWN_STEPS):
                if self._clip is not clip:
                    raise RuntimeError("this clip's decoding ended when another one's began")
                end = min(first + DRAWN_STEPS, last - 1)
                whole = min(frames_within(end, delays), count)
                with self._apart():
                    if not sampling.greedy:
                        state.draws.copy_(draw(tuple(state.draws.shape), generator))
                    for position in range(first, end):
                        self._step(state, sampling, position, between)
                    codes = undelayed(state.grid, given, max(given, whole), delays).cpu()
                if whole > given:
                    given = whole
                    yield codes[0] if isinstance(conditioning, Conditioning) else codes

    @torch.inference_mode()
    def logits(self, conditioning: Conditioning, codes: Tensor, guidance: float = 1.0) -> Tensor:
        """The logits of every position given the codes before it (teacher forcing).

        ``codes`` (codebooks, n) -> (rows, codebooks, positions - 1, codes), float32, not guided:
        the conditional row and, for a ``guidance`` over 1, the unconditional one.
        """
        sampling = Sampling(guidance)
        with self._apart():
            state = self._begin([conditioning], codes[None], codes.shape[-1], sampling)
            self._clip = object()
            self._prefill(state, 0, nothing)
            count = positions_of(codes.shape[-1], self.weights.delays) - 1
            positions = torch.arange(count, device=self.weights.device)
            tokens = state.grid[..., :count]
            span = len(self._prefix) + count
            hidden = forward(self.weights, state, tokens, positions, span, masked=True)
            return logits_of(self.weights, hidden)

    @torch.inference_mode()
    def warm(
        self, *, guidance: float = 3.0, top_k: int = 250, temperature: float = 1.0, keys: int = 1
    ) -> None:
        """Make room, on CUDA every graph and on a CPU the layers at one place, beforehand, so that
        the first clip does not wait for them."""
        sampling = Sampling(guidance, top_k, temperature)
        width = self.weights.embedding if self.weights.text is None else self.weights.text[0]
        states = torch.zeros((keys, width.shape[-1]), device=self.weights.device)
        with self._apart():
            state = self._begin([Conditioning(states)], None, 1, sampling)
            if self._graphs is None:
                self._step(state, sampling, 0, nothing)
                if self.weights.device.type == "cpu" and self.weights.step_bytes() > LARGE_BYTES:
                    into_large_pages()
                return
            for span in range(BUCKET, self._places + 1, BUCKET):
                self._graphs.replay(self.weights, state, sampling, span)
                state.position.zero_()

    @contextlib.contextmanager
    def _apart(self) -> Iterator[None]:
        """On CUDA, work on the decoder's own stream: the codec, which takes turns with it on the
        GPU, then never waits for the steps that are queued. Not to be held across a ``yield`` to
        whoever takes the codes."""
        if self._stream is None:
            yield
            return
        outside = torch.cuda.current_stream()
        self._stream.wait_stream(outside)  # where the text was made
        with torch.cuda.stream(self._stream):
            yield
        outside.wait_stream(self._stream)

    def _begin(
        self,
        clips: Sequence[Conditioning],
        prompt: Tensor | None,
        count: int,
        sampling: Sampling,
        between: Between = nothing,
    ) -> State:
        """The state at position 0, with what is known."""
        weights, batch = self.weights, len(clips)
        heard = [HeardText.of(clip, count) for clip in clips]
        rows = 2 * batch if sampling.guided else batch
        prefixed = weights.cross_kv is None
        if prefixed:
            blocks = [blocks_of(each.bias) for each in heard]
            self._prefix = prefix_of(weights, [each.states for each in heard], blocks, rows)
        else:
            self._prefix = no_prefix(weights, rows)
        places = len(self._prefix) + positions_of(count, weights.delays)
        if count < 1 or places > self._places:
            raise ValueError(f"{count} code frames do not fit into {self._places} places")
        bucket = TEXT_BLOCK if self._graphs is None else KEYS_BUCKET
        keys = -(-max(len(each.states) for each in heard) // bucket) * bucket
        state = self._room(batch, rows, keys)
        state.position.zero_()
        state.first.fill_(len(self._prefix))
        state.bias.fill_(0.0 if prefixed else -torch.inf)  # past a prefix's keys there are codes
        for row, each in enumerate(heard):
            used = len(each.states)
            if not prefixed:
                state.text.fill(row, text_keys(weights, each.states, between))
            state.bias[:, row, :used] = each.rows(len(state.bias))
        if prompt is None:
            prompt = torch.empty((batch, weights.codebooks, 0), dtype=torch.long)
        if prompt.shape[:2] != (batch, weights.codebooks):
            raise ValueError(f"a prompt of shape {tuple(prompt.shape)} for a batch of {batch}")
        grid = delayed(prompt, count, weights.delays, weights.pad)
        state.grid[..., : grid.shape[-1]] = grid
        return state

    def _room(self, batch: int, rows: int, keys: int) -> State:
        """A state with room: the last one, where it can be used again, and its graphs with it.
        Without graphs it has room for no more text than there is, since all of it is read."""
        state = self._state
        if state is not None and (len(state.grid), state.past.rows) == (batch, rows):
            room = state.bias.shape[2]
            if room == keys or (self._graphs is not None and room > keys):
                return state
            if self._graphs is None:
                self._state = state.for_text(self.weights, keys)
                return self._state
        self._state = None  # its memory first
        if self._graphs is not None:
            self._graphs = Graphs(self._graphs.stream)
        self._state = State.empty(self.weights, batch, rows, self._places, keys)
        return self._state

    def _prefill(self, state: State, known: int, between: Between) -> None:
        """The prefix and the positions to ``known`` (exclusive), several at once, in pieces short
        enough to stop between."""
        weights, before = self.weights, len(self._prefix)
        for first, end in self._pieces(before):
            places = torch.arange(first, end, device=weights.device)
            reach = Reach(places, end, self._prefix.mask[..., first:end, :end])
            inputs = self._prefix.inputs[:, first:end]
            transform(weights, state, inputs, reach, bias=state.bias, between=between)
        for first, end in self._pieces(known):
            positions = torch.arange(first, end, device=weights.device)
            tokens = state.grid[..., first:end]
            forward(weights, state, tokens, positions, before + end, masked=True, between=between)
        state.position.fill_(known)

    def _pieces(self, length: int) -> Iterator[tuple[int, int]]:
        piece = CPU_PIECE if self.weights.device.type == "cpu" else GPU_PIECE
        for first in range(0, length, piece):
            yield first, min(first + piece, length)

    def _step(self, state: State, sampling: Sampling, position: int, between: Between) -> None:
        place = len(self._prefix) + position
        if self._graphs is None:
            step(self.weights, state, sampling, place + 1, masked=False, between=between)
        else:
            between()
            span = (place // BUCKET + 1) * BUCKET
            self._graphs.replay(self.weights, state, sampling, span)


class _CancelledError(Exception):
    """Leaves a step that nobody wants any more."""


def _raising(cancelled: Callable[[], bool]) -> Between:
    def between() -> None:
        if cancelled():
            raise _CancelledError

    return between


class Graphs:
    """CUDA graphs of a step on one state: captured on ``stream`` when first wanted, then replayed.

    Libraries keep a workspace for each stream they were called on, so steps are run, captured and
    replayed on the same one. A pool of memory is at an end with its last graph.
    """

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.stream = stream
        self._graphs: dict[tuple[Sampling, int], torch.cuda.CUDAGraph] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def replay(self, weights: DecoderWeights, state: State, sampling: Sampling, span: int) -> None:
        """One ``step`` over ``span`` positions. ``stream`` has to be the current one."""
        if (sampling, span) not in self._graphs:
            if any(other != sampling for other, _ in self._graphs):
                self._graphs.clear()
                self._pool = torch.cuda.graph_pool_handle()
            self._graphs[sampling, span] = self._capture(weights, state, sampling, span)
        self._graphs[sampling, span].replay()

    def _capture(
        self, weights: DecoderWeights, state: State, sampling: Sampling, span: int
    ) -> torch.cuda.CUDAGraph:
        """A step is run once before, so that libraries make their workspaces outside the graph,
        and then taken back: what it wrote into the cache the replay writes again. Other threads
        may use the device meanwhile."""
        grid, position = state.grid.clone(), state.position.clone()
        step(weights, state, sampling, span, masked=True)
        state.grid.copy_(grid)
        state.position.copy_(position)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self.stream, capture_error_mode="thread_local"
        ):
            step(weights, state, sampling, span, masked=True)
        return graph
