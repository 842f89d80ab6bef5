"""Composer audio -> finished clip chunks: 48 kHz stereo, level, true peak, 24 bits.

The order: resample, trim, high-pass, spectral gating (if on), loudness rider, true-peak limiter,
quantisation. Everything works on blocks and checkpoints of the session's own grid, so that one
session frame is computed by the same operations in every clip that holds it: with the previous
clip's checkpoints, finishing the same music again gives the same samples. See docs/finishing.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.audio.checkpoints import VERSION, Checkpoint, Checkpoints
from engine.audio.denoise import GateStream
from engine.audio.filters import high_pass
from engine.audio.format import (
    BLOCK_FRAMES,
    CHANNELS,
    GRID_FRAMES,
    SAMPLE_RATE,
    Frames,
    frames_of,
    quantise24,
)
from engine.audio.k_weighting import gated_lufs
from engine.audio.levelling import GRID_BLOCKS, Analysis, Levelled, Leveller
from engine.audio.limiter import TruePeakLimiter, TruePeakMeter
from engine.audio.loudness import by_second, k_filter
from engine.audio.resample import Resampler
from engine.audio.rider import HISTORY_BLOCKS, Rider
from engine.audio.trim import LeadingTrim
from engine.clip_levels import packed
from engine.composers.base import Composition, Traits
from engine.errors import MusmedError
from engine.finished import Ending, Keeping, Shared
from engine.plan.clock import clip_start
from engine.plan.spec import ClipSpec, LevelPoint

UNGATED_SECONDS = 10.0
_TARGETS = 64
"""Blocks whose loudness targets are worked out at once."""


def warm_up() -> None:
    """Work out what the filters need, so that the first clip does not wait for it."""
    silence = np.zeros((BLOCK_FRAMES, CHANNELS), np.float32)
    high_pass().push(silence)
    k_filter().push(silence)


def _gated_from(spec: ClipSpec) -> int:
    """The session frame before which a clip is left ungated: ten seconds into a splice."""
    spliced = spec.revision > 0 and spec.start > clip_start(spec.index)
    return frames_of(spec.start + UNGATED_SECONDS) if spliced else 0


def _profile(spec: ClipSpec, stored: Checkpoints | None) -> NDArray[np.float32] | None:
    """The noise profile of the clip before; for a splice that of the clip before the one it
    revises, which may have been cut anywhere."""
    if stored is None:
        return None
    spliced = spec.revision > 0 and spec.start != clip_start(spec.index)
    return stored.given_profile if spliced else stored.noise_profile


def _source(composition: Composition, traits: Traits, trim: LeadingTrim | None) -> Iterator[Frames]:
    """A composition's audio at 48 kHz in stereo, leading silence trimmed, until it ends."""

    def finish(audio: NDArray[np.float32]) -> Frames:
        stereo = np.repeat(audio, CHANNELS, axis=1) if audio.shape[1] == 1 else audio
        return stereo if trim is None else trim.push(stereo)

    resampler = Resampler(traits.sample_rate, traits.channels)
    for chunk in composition.chunks():
        if not np.isfinite(chunk).all():  # the filters would make silence of all that follows
            raise MusmedError("The composer made samples that are no numbers.")
        yield finish(resampler.push(chunk))
    yield finish(resampler.push(np.zeros((0, traits.channels), np.float32), last=True))


class _Blocks:
    """Cuts a source into (n * 4800, 2) pieces on the session's blocks, none across a half second
    of the grid. The first block begins with silence where the source begins inside it. A source
    that goes on past ``end`` (blocks) is what the stages that look ahead hear there; where it ends,
    its last block is filled up with silence, and silence follows up to ``end``."""

    def __init__(self, source: Iterator[Frames], first_frame: int, end: int) -> None:
        self._source = source
        self.block = first_frame // BLOCK_FRAMES
        self._end = end
        self._pending = np.zeros((first_frame % BLOCK_FRAMES, CHANNELS), np.float32)

    def __iter__(self) -> Iterator[Frames]:
        for piece in self._source:
            pending = (self._pending, piece)
            self._pending = np.concatenate(pending) if len(self._pending) else piece
            yield from self._whole()
        wanted = -(-len(self._pending) // BLOCK_FRAMES)
        missing = max(wanted, self._end - self.block) * BLOCK_FRAMES - len(self._pending)
        if missing > 0:
            silence = np.zeros((missing, CHANNELS), np.float32)
            self._pending = np.concatenate((self._pending, silence))
            yield from self._whole()

    def _whole(self) -> Iterator[Frames]:
        while count := min(len(self._pending) // BLOCK_FRAMES, self._to_grid()):
            whole = count * BLOCK_FRAMES
            piece, self._pending = self._pending[:whole], self._pending[whole:]
            self.block += count
            yield piece

    def _to_grid(self) -> int:
        return GRID_BLOCKS - self.block % GRID_BLOCKS


class _Target:
    """The loudness target over session time, LUFS, from breakpoints.

    Neighbours hold the same line cut at different places, so interpolation differs in its last
    bits; rounded to a millionth it is the same target."""

    def __init__(self, levels: tuple[LevelPoint, ...]) -> None:
        self._times = np.array([point.time for point in levels])
        self._lufs = np.array([point.lufs for point in levels])
        self._known: dict[int, float] = {}

    def __call__(self, block: int) -> float:
        if block not in self._known:
            blocks = range(block, block + _TARGETS)
            middles = (np.array(blocks) + 0.5) * BLOCK_FRAMES / SAMPLE_RATE
            lufs = np.interp(middles, self._times, self._lufs)
            self._known |= zip(blocks, (round(one, 6) for one in lufs.tolist()), strict=True)
        return self._known[block]


class ClipFinisher:
    """Finishes one clip. ``frames``: how many frames it emits.

    ``denoise``: True or False, or None for what the composer's traits say. ``checkpoints``: the
    previous clip's (or, for a revision, the revised clip's), None at the session's start.
    ``before``: the ``ending`` of a clip that was finished in this process, which saves doing again
    what both share and changes nothing else.
    ``loudness`` (integrated LUFS, None for silence), ``levels`` (``engine.clip_levels``),
    ``true_peak`` (dBTP) and ``gating`` ('off', 'on', or why it was bypassed) are of what has been
    emitted so far.

    Raises ``MusmedError`` for checkpoints that can't be read.
    """

    def __init__(
        self,
        spec: ClipSpec,
        composition: Composition,
        traits: Traits,
        *,
        denoise: bool | None,
        checkpoints: bytes | None,
        before: Ending | None = None,
    ) -> None:
        self.start_frame = composition.start_frame
        self.frames = max(0, frames_of(spec.end) - composition.start_frame)
        self._target = _Target(spec.levels)
        first = composition.render_from
        stored = None if checkpoints is None else Checkpoints.unpack(checkpoints)
        point = stored.at(first // GRID_FRAMES) if stored else None
        trim = LeadingTrim() if traits.trim and stored is None else None
        self._end_block = -(-frames_of(spec.end) // BLOCK_FRAMES)
        self._blocks = _Blocks(_source(composition, traits, trim), first, self._end_block)
        self._gate: GateStream | None = None
        if traits.denoise if denoise is None else denoise:
            profile = _profile(spec, stored)
            self._gate = GateStream(profile, first, _gated_from(spec))
        self._softened = None if spec.gentle is None else spec.gentle.brightness
        self._analysis = Analysis(point, self._blocks.block, self._gate, self._softened)
        self._resume(stored, point)
        self._shared: Shared | None = None
        if before is not None and point is not None and self._may_share(before, checkpoints, point):
            self._shared = Shared(before, self._out_block, self._end_block, self._target)
        self._points: list[Checkpoint] = []
        self._meter = TruePeakMeter()
        self._emitted = 0
        self._first_block = self._out_block
        self._energies: list[float] = []
        """K-weighted, of the blocks that have left the limiter."""
        self._limiting: Levelled | None = None
        """The block that the limiter holds back."""
        self._keeping = Keeping()

    def _resume(self, stored: Checkpoints | None, point: Checkpoint | None) -> None:
        rider_state = limiter_state = None
        if stored and point:
            rider_state, limiter_state = stored.rider_state(point), point.limiter_state
        self._out_block = self._blocks.block
        self._rider = Rider(self._target(self._out_block), rider_state)
        self._leveller = Leveller(self._rider, self._target, self._out_block)
        self._limiter = TruePeakLimiter(state=limiter_state)

    def _may_share(self, before: Ending, checkpoints: bytes | None, point: Checkpoint) -> bool:
        """Whether this clip begins at a point of the clip before, and both let what comes first
        pass: what is stored of the limiter's past is rounded."""
        begins = point.grid * GRID_BLOCKS == self._out_block and self._out_block in before.left
        same = before.checkpoints == checkpoints and before.softened == self._softened
        if self._gate is not None or not (begins and same):
            return False
        limiter = TruePeakLimiter(state=point.limiter_state)
        limiter.push(before.left[self._out_block].audio)
        return limiter.rests

    def chunks(self) -> Iterator[Frames]:
        """Finished chunks, (n, 2), n <= 48000, 24-bit values; ``frames`` in total. The first
        leaves as soon as the composer has given 1 s."""
        skip = self.start_frame - self._out_block * BLOCK_FRAMES
        left = self.frames
        for piece in self._limited():
            kept = piece[max(0, skip) :][:left]
            skip -= len(piece)
            for start in range(0, len(kept), SAMPLE_RATE):
                chunk = quantise24(kept[start : start + SAMPLE_RATE])
                self._meter.push(chunk)
                self._emitted += len(chunk)
                left -= len(chunk)
                yield chunk
            if left <= 0:
                return

    def checkpoints(self) -> bytes:
        """Resumable state at every ``GRID_FRAMES`` of what has been emitted; at most 24 KiB for
        a clip of 30 s."""
        noise = given = b""
        if self._gate is not None:
            noise, given = (
                b"" if profile is None else profile.tobytes()
                for profile in (self._gate.profile, self._gate.given)
            )
        first = self.start_frame // GRID_FRAMES
        points = [point for point in self._points if point.grid >= first]
        if not points:
            return Checkpoints(VERSION, (), b"", noise, given).pack()
        base = points[0].history_end - HISTORY_BLOCKS
        energies = np.array(self._rider.history[base : points[-1].history_end])
        moved = [replace(point, history_end=point.history_end - base) for point in points]
        return Checkpoints(VERSION, tuple(moved), energies.tobytes(), noise, given).pack()

    def ending(self, checkpoints: bytes) -> Ending | None:
        """For the next clip, once this one's ``checkpoints`` are there; None with gating, which
        hears half a second ahead of itself and learns."""
        if self._gate is not None:
            return None
        return self._keeping.ending(
            checkpoints, self._softened, self._points, self._rider.history, self._target
        )

    @property
    def loudness(self) -> float | None:
        return gated_lufs(np.array(self._heard()))

    @property
    def levels(self) -> bytes:
        return packed(by_second(np.array(self._heard())))

    @property
    def gating(self) -> str:
        return "off" if self._gate is None else self._gate.gating

    @property
    def true_peak(self) -> float:
        return self._meter.dbtp

    def _heard(self) -> list[float]:
        """The energies of the blocks of which the greater part was emitted."""
        first, end = (
            max(0, (frame + BLOCK_FRAMES // 2 - 1) // BLOCK_FRAMES - self._first_block)
            for frame in (self.start_frame, self.start_frame + self._emitted)
        )
        return self._energies[first:end]

    def _limited(self) -> Iterator[Frames]:
        """Limited audio from the first block on, as it becomes ready."""
        pieces = self._pieces()
        if self._shared is not None:
            pieces = yield from self._known(self._shared, pieces)
        for piece in pieces:
            levelled = self._leveller.push(self._analysis.push(piece))
            if done := [self._limit(block) for block in levelled]:
                yield np.concatenate(done)
        rest = self._leveller.push(self._analysis.flush()) + self._leveller.flush()
        if done := [self._limit(block) for block in rest]:
            yield np.concatenate(done)
        last = self._limiter.flush()
        self._note_energy(last)
        yield last

    def _pieces(self) -> Iterator[Frames]:
        """What comes from the composer, in whole blocks."""
        block = self._blocks.block
        for piece in self._blocks:
            if self._gate is None:
                self._keeping.came(block, piece)
            block += len(piece) // BLOCK_FRAMES
            yield piece

    def _known(
        self, shared: Shared, pieces: Iterator[Frames]
    ) -> Generator[Frames, None, Iterator[Frames]]:
        """Give what the clip before has made of the same sound, as far as it is the same; then
        everything stands where it stood then. Returns what is still to come."""
        waiting: deque[tuple[int, Frames]] = deque()
        block = self._out_block
        for piece in pieces:
            waiting.append((block, piece))
            block += len(piece) // BLOCK_FRAMES
            if not shared.hears(piece):
                break
            while waiting[0][0] < shared.block:
                waiting.popleft()
            if shared.block > self._out_block:
                self._note(shared)
            if known := [self._passed(shared.left(at)) for at in self._to_pass(shared)]:
                yield np.concatenate(known)
        if shared.block > shared.first:
            self._go_on(shared)
        return chain((piece for _, piece in waiting), pieces)

    def _to_pass(self, shared: Shared) -> range:
        """Blocks that a limiter which goes on from ``shared.block`` does not hold back."""
        begin = shared.first + len(self._energies)
        return range(begin, max(begin, shared.block - 1))

    def _passed(self, levelled: Levelled) -> Frames:
        self._keeping.left(self._first_block + len(self._energies), levelled)
        self._energies.append(levelled.energy)
        return levelled.audio

    def _note(self, shared: Shared) -> None:
        """Whoever asks for checkpoints now gets them."""
        self._out_block = shared.block
        self._rider = Rider(self._target(shared.block), shared.rider())
        self._points = shared.points()

    def _go_on(self, shared: Shared) -> None:
        self._analysis = Analysis(shared.point(), shared.block, None, self._softened)
        self._leveller = Leveller(self._rider, self._target, shared.block)
        self._limiter = shared.limiter()
        self._limiting = shared.left(shared.block - 1)

    def _note_energy(self, limited: Frames) -> None:
        """``limited`` is what has become of the block that the limiter held back."""
        held = self._limiting
        if held is None:
            return
        energy = held.energy
        if limited is held.audio:
            self._keeping.left(self._first_block + len(self._energies), held)
        else:
            before, after = (float(np.vdot(a, a)) for a in (held.audio, limited))
            energy *= after / max(before, 1e-30)
        self._energies.append(energy)

    def _limit(self, levelled: Levelled) -> Frames:
        """Pass one block through the limiter; note where everything stood at its start."""
        block, self._out_block = self._out_block, self._out_block + 1
        done = self._limiter.push(levelled.audio)
        self._note_energy(done)
        self._limiting = levelled
        if block % GRID_BLOCKS == 0:
            grid = block // GRID_BLOCKS
            high_pass_state, weighting, slow = self._analysis.stood(grid)
            gain, history_end = self._leveller.stood.pop(grid)
            tail, reduction = self._limiter.state
            self._points.append(
                Checkpoint(
                    grid=grid,
                    high_pass=high_pass_state,
                    weighting=weighting,
                    slow=(slow.energy, slow.weight),
                    gain=gain,
                    history_end=history_end,
                    tail=Checkpoint.pack_tail(tail),
                    reduction=reduction,
                )
            )
        return done
