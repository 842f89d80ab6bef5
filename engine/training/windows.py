"""A track's sound cut into windows for training, read in a stream whatever its length. No torch.

*Silence* is where no channel is louder than ``SILENCE`` (engine/audio/trim.py: -50 dBFS) for
``GAP_SECONDS`` or more, or up to the track's beginning or end; what is quiet for less is a rest in
the music. Silence is dropped, and no window goes over it: the music on each side is cut by itself,
from its first loud sample on, into windows of ``WINDOW_SECONDS``. What is left at the end of it is
a window of its own if it lasts ``SHORTEST_SECONDS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.audio.reading.sounds import Piece as Read
from engine.audio.reading.sounds import SoundReader, mixed
from engine.audio.resample import Resampler
from engine.audio.trim import KEPT_FRAMES, SILENCE
from engine.errors import MusmedError
from engine.plan.clock import CLIP_SECONDS

Audio = NDArray[np.float32]
"""(samples, channels)."""

WINDOW_SECONDS = CLIP_SECONDS
"""What the model composes at once."""
SHORTEST_SECONDS = 5.0
"""Of a window that is not a whole one: two bars of four at 96 beats a minute. A shorter one says
little of the music, and nearly all that a batch holds of it would be padding."""
GAP_SECONDS = 2.0
FOOT_SECONDS = KEPT_FRAMES / SAMPLE_RATE
"""Kept before the first loud sample."""
LOUDEST = 2.0
"""Peaks up to this are those of lossy coding; sound beyond it is at another scale."""


class Grid(NamedTuple):
    """A codec's time: ``rate`` samples a second, ``hop`` of them to a code frame."""

    rate: int
    hop: int

    @property
    def longest(self) -> int:
        """Samples of a whole window."""
        return math.floor(WINDOW_SECONDS * self.rate / self.hop) * self.hop

    @property
    def rule(self) -> str:
        """All that the cuts depend on: another rule, other windows."""
        return (
            f"1: {self.rate} {self.hop} {WINDOW_SECONDS} {SHORTEST_SECONDS} {GAP_SECONDS} "
            f"{FOOT_SECONDS} {SILENCE} soxr HQ"
        )


class Cut(NamedTuple):
    """A whole number of code frames of sound, from sample ``start`` of the track on."""

    start: int
    audio: Audio


class Cutter:
    """Sound at the grid's rate, in pieces of any length, becomes cuts, which do not depend on the
    pieces. Holds no more than a window and a gap beside the piece."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._gap, self._foot = (round(s * grid.rate) for s in (GAP_SECONDS, FOOT_SECONDS))
        self._held: Audio | None = None
        self._from = 0
        """The sample of the track with which ``_held`` begins; in music, the window that comes."""
        self._end: int | None = None
        """In music: the sample after its last loud one so far."""
        self.silent = True
        """Whether nothing loud has come so far."""

    def push(self, audio: Audio) -> Iterator[Cut]:
        """More sound, all of it with the same channels."""
        if not len(audio):
            return
        held = audio if self._held is None else np.concatenate((self._held, audio))
        first = self._from + len(held) - len(audio)
        self._held = held
        for start, end in _loud_runs(audio, self._gap):
            yield from self._music(first + start, first + end)
        if self._end is not None and self._from + len(self._held) - self._end >= self._gap:
            yield from self._close()
        if self._end is None:
            self._drop(self._from + len(self._held) - self._foot)

    def flush(self) -> Iterator[Cut]:
        """What is left, when no more comes."""
        if self._end is not None:
            yield from self._close()

    def _music(self, start: int, end: int) -> Iterator[Cut]:
        """Loud from ``start`` to ``end``, with no gap between."""
        self.silent = False
        if self._end is not None and start - self._end >= self._gap:
            yield from self._close()
        if self._end is None:
            self._drop(start - self._foot)
        self._end = end
        while self._from + self._grid.longest <= end:
            yield self._taken(self._grid.longest)

    def _close(self) -> Iterator[Cut]:
        assert self._end is not None
        left = (self._end - self._from) // self._grid.hop * self._grid.hop
        if left >= SHORTEST_SECONDS * self._grid.rate:
            yield self._taken(left)
        self._drop(self._end)
        self._end = None

    def _taken(self, samples: int) -> Cut:
        assert self._held is not None
        cut = Cut(self._from, self._held[:samples])
        self._drop(self._from + samples)
        return cut

    def _drop(self, until: int) -> None:
        if self._held is not None and until > self._from:
            self._held = self._held[until - self._from :]
            self._from = until


def _loud_runs(audio: Audio, gap: int) -> Iterator[tuple[int, int]]:
    """Where it is loud, stretches with ``gap`` quiet samples between them apart: (first, after)."""
    loudest = np.abs(audio[:, 0])
    for channel in range(1, audio.shape[1]):  # numpy is slow along an axis of two
        np.maximum(loudest, np.abs(audio[:, channel]), out=loudest)
    loud = np.flatnonzero(loudest > SILENCE)
    if not len(loud):
        return
    breaks = np.flatnonzero(np.diff(loud) > gap)
    firsts = loud[np.concatenate(([0], breaks + 1))]
    lasts = loud[np.concatenate((breaks, [len(loud) - 1]))]
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield first, last + 1


class Piece(NamedTuple):
    """``start``: seconds of the track; ``audio`` within [-1, 1]: for a model of one channel (n, 1),
    for one of two (n, 2), or (n, 1) where there is but one."""

    start: float
    audio: Audio


Form = tuple[int, int]
"""Samples a second, channels."""


class TrackReader:
    """Reads a track's windows for a model of so many ``channels``, once and forwards. ``check`` is
    called every few seconds of the track; what it raises ends it. Raises ``MusmedError``, at the
    start and while reading, for what ``SoundReader`` refuses and for sound at another scale."""

    def __init__(
        self, path: Path, grid: Grid, channels: int, check: Callable[[], None] = lambda: None
    ) -> None:
        self._path, self._grid, self._channels, self._check = path, grid, channels, check
        self._reader = SoundReader(path)
        self.silent = True
        """Whether nothing loud was read so far."""

    @property
    def expected(self) -> int | None:
        """How many windows there are, about; None where that can't be told before."""
        seconds = self._reader.seconds
        return None if seconds is None else max(1, math.ceil(seconds / WINDOW_SECONDS))

    @property
    def odd(self) -> tuple[str, ...]:
        """What was odd about the file, in words that follow its name; whole at the end."""
        return tuple(remark.removeprefix(f"{self._path} ") for remark in self._reader.remarks)

    def pieces(self) -> Iterator[Piece]:
        """The windows in their order."""
        before = 0.0
        for form, audio in self._recordings():
            cutter, resampler = Cutter(self._grid), Resampler(*form, self._grid.rate)
            length = 0
            for part in audio:
                length += len(part)
                yield from self._made(cutter.push(resampler.push(part)), before)
            rest = resampler.push(np.zeros((0, form[1]), np.float32), last=True)
            yield from self._made(cutter.push(rest), before)
            yield from self._made(cutter.flush(), before)
            self.silent = self.silent and cutter.silent
            before += length / form[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def _recordings(self) -> Iterator[tuple[Form, Iterator[Audio]]]:
        """What has one form, in a stream: to be read to its end before the next one."""

        def form(piece: Read) -> Form:
            return piece.rate, piece.audio.shape[1]

        for found, some in groupby(self._reader.pieces(), form):
            yield found, (self._checked(piece.audio) for piece in some)

    def _checked(self, audio: Audio) -> Audio:
        self._check()
        peak = float(np.abs(audio).max(initial=0.0))
        if peak > LOUDEST:
            raise MusmedError(
                f"{self._path} goes to {peak:.3g} times full scale, and would be heard clipped; "
                "turn it down to full scale first."
            )
        return audio

    def _made(self, cuts: Iterator[Cut], before: float) -> Iterator[Piece]:
        for cut in cuts:
            audio = cut.audio
            if self._channels == 1 or audio.shape[1] != self._channels:
                audio = mixed(audio)[0][:, None]
            yield Piece(before + cut.start / self._grid.rate, np.clip(audio, -1.0, 1.0))
