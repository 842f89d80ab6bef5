"""What finishing keeps of a clip so that it can go on from any half second of it."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.audio.denoise import PROFILE_BINS
from engine.audio.filters import HIGH_PASS_SECTIONS, LOW_PASS_SECTIONS, state_bytes
from engine.audio.format import CHANNELS, Frames
from engine.audio.limiter import TAIL_FRAMES, LimiterState
from engine.audio.loudness import K_SECTIONS
from engine.audio.rider import HISTORY_BLOCKS, RiderState, SlowState
from engine.errors import MusmedError

VERSION = 1
_FILTERS = tuple(state_bytes(HIGH_PASS_SECTIONS + more) for more in (0, LOW_PASS_SECTIONS))
"""Bytes that the filters keep: without a low-pass and with one."""
LIMIT_BYTES = 24 * 1024
_MOST_GRIDS = 67
"""A clip lasts 30 s, a splice that begins just before its clip up to 2 s more."""
_MOST_BLOCKS = 5 * _MOST_GRIDS + HISTORY_BLOCKS


class Checkpoint(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where every stage stood at session frame ``grid * GRID_FRAMES``: it had processed what lies
    before that frame and nothing after it.

    ``high_pass``, ``weighting``: filter memories. ``slow``: SlowState. ``gain``: the rider's.
    ``history_end``: how many of the stored output energies had left. ``tail``: the limiter's last
    input frames as float16 (only their interpolated peaks matter), ``reduction`` its dB.
    """

    grid: int
    high_pass: bytes
    weighting: bytes
    slow: tuple[float, float]
    gain: float
    history_end: int
    tail: bytes
    reduction: float

    def __post_init__(self) -> None:
        if len(self.high_pass) not in _FILTERS:
            raise ValueError("high_pass")
        if len(self.weighting) != state_bytes(K_SECTIONS):
            raise ValueError("weighting")
        if len(self.tail) != TAIL_FRAMES * CHANNELS * 2:
            raise ValueError("tail")

    @staticmethod
    def pack_tail(tail: Frames) -> bytes:
        return bytes(np.clip(tail, -6e4, 6e4).astype(np.float16).tobytes())

    @property
    def slow_state(self) -> SlowState:
        return SlowState(*self.slow)

    @property
    def limiter_state(self) -> LimiterState:
        tail = np.frombuffer(self.tail, np.float16).reshape(TAIL_FRAMES, CHANNELS)
        return LimiterState(tail.astype(np.float32), self.reduction)


class Checkpoints(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A clip's checkpoints in rising order, the output energies (float64) they share, the noise
    profile (float32, may be empty) for the clip that follows, and the one the clip was ``given``
    itself: for a revision of it, which may begin before the clip is whole and must not depend on
    how much of it there is."""

    version: int
    points: tuple[Checkpoint, ...]
    energies: bytes
    profile: bytes
    given: bytes = b""

    def __post_init__(self) -> None:
        blocks = len(self.energies) // 8
        if len(self.energies) % 8 or blocks > _MOST_BLOCKS or len(self.points) > _MOST_GRIDS:
            raise ValueError("energies")
        if {len(self.profile), len(self.given)} - {0, 4 * PROFILE_BINS}:
            raise ValueError("profile")
        if any(not HISTORY_BLOCKS <= p.history_end <= blocks for p in self.points):
            raise ValueError("history_end")

    def pack(self) -> bytes:
        """msgpack; a 30 s clip's stay under ``LIMIT_BYTES``."""
        return msgspec.msgpack.encode(self)

    @staticmethod
    def unpack(data: bytes) -> Checkpoints:
        """Raises ``MusmedError`` for bytes that are no checkpoints of this version."""
        sentence = "The stored state of finishing is damaged or of another version."
        if len(data) > LIMIT_BYTES:
            raise MusmedError(sentence)
        try:
            made = msgspec.msgpack.decode(data, type=Checkpoints)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MusmedError(sentence) from error
        if made.version != VERSION:
            raise MusmedError(sentence)
        return made

    def at(self, grid: int) -> Checkpoint | None:
        """The last checkpoint at or before ``grid``, else the first; None when there is none."""
        before = [p for p in self.points if p.grid <= grid]
        if before:
            return before[-1]
        return self.points[0] if self.points else None

    @property
    def noise_profile(self) -> NDArray[np.float32] | None:
        """The clip's noise profile, None when none was taken."""
        return np.frombuffer(self.profile, np.float32) if self.profile else None

    @property
    def given_profile(self) -> NDArray[np.float32] | None:
        """The noise profile the clip was gated with, None for none."""
        return np.frombuffer(self.given, np.float32) if self.given else None

    def rider_state(self, point: Checkpoint) -> RiderState:
        """The rider's state at one of the points."""
        energies = np.frombuffer(self.energies, np.float64)
        history = energies[point.history_end - HISTORY_BLOCKS : point.history_end]
        return RiderState(point.gain, tuple(float(e) for e in history))
