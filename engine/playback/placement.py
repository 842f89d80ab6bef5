"""A clip's place on the session's time line, and the mix of the places that sound at a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from engine.audio.crossfade import crossfade, fade_gains
from engine.audio.format import CHANNELS, Frames
from engine.composers.base import Marks
from engine.playback.stored_clip import ClipAudio

Kind = Literal["start", "join", "splice", "late"]


class JoinRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One join as it was heard."""

    index: int
    """Of the clip that began to sound."""
    revision: int
    frame: int
    """Session frame at which it began."""
    kind: Kind
    law: str
    """'passthrough' (the two sounds were equal), 'adaptive' (docs/playback.md) or 'fade in' (after
    silence)."""
    correlation: float
    """Of the overlap."""
    lag: int
    """Frames by which the clip was moved later."""


class Placement:
    """One clip on the time line. ``resolved`` once it is known how it follows what sounds
    before. ``over``: frames of the crossfade in which a splice takes over."""

    def __init__(self, clip: ClipAudio, marks: Marks, kind: Kind, over: int = 0) -> None:
        self.clip = clip
        self.marks = marks
        self.kind: Kind = kind
        self.origin = clip.start
        """Session frame of the clip's first frame; ``clip.start``, and later by its ``lag``."""
        self.enter = clip.start
        """Session frame at which it begins to sound, over ``fade`` frames."""
        self.fade = 0
        self.over = over
        self.law = ""
        """As in ``JoinRecord``; also 'start', of the first clip."""
        self.correlation = 0.0
        self.course = np.zeros(1)
        """The correlation moment by moment (``align.correlation_course``)."""
        self.lag = 0
        """Frames by which it was moved to be in step with what sounds before."""
        self.resolved = False
        self.fresh = False
        """Nothing sounds under its entry: it follows silence."""
        self.fade_out: tuple[int, int] | None = None
        """Session frames over which the whole sound up to this clip fades away (a late tail)."""
        self.heard = False
        """Some of it has been read."""
        self.replaced: list[Placement] = []
        """What this splice took off the time line, to be put back if it comes too late."""

    @property
    def end(self) -> int:
        """Session frame after its last one."""
        return self.origin + self.clip.frames

    @property
    def solid(self) -> int:
        """Session frame from which on it sounds alone: its entry is over."""
        return self.enter + self.fade

    def reach(self) -> int:
        """Session frame up to which its audio is here."""
        return self.origin + self.clip.available()

    def has(self, frame: int) -> bool:
        """Whether its audio up to session ``frame`` is here, or as much as there will ever be."""
        return self.clip.whole or self.reach() >= frame

    def read(self, first: int, count: int) -> Frames:
        """Session frames ``first`` to ``first + count``; zeros where the clip has none."""
        out = np.zeros((count, CHANNELS), np.float32)
        local = first - self.origin
        skip = max(0, -local)
        if skip < count:
            audio = self.clip.read(local + skip, count - skip)
            out[skip : skip + len(audio)] = audio
        return out

    def record(self) -> JoinRecord:
        return JoinRecord(
            index=self.clip.key.index,
            revision=self.clip.key.revision,
            frame=self.enter,
            kind=self.kind,
            law=self.law,
            correlation=self.correlation,
            lag=self.lag,
        )


def mix(places: Sequence[Placement], first: int, count: int) -> Frames:
    """What sounds at session frames ``first`` to ``first + count``, shape (count, 2).

    Usually that is one clip, or two in a crossfade. ``places`` are in the order they were put down;
    each takes over from those before it, so only the last one that sounds alone, and those after
    it, are looked at.
    """
    sounding = [p for p in places if p.resolved and p.enter < first + count]
    base = 0
    for i, place in enumerate(sounding):
        if place.fresh or place.solid <= first:
            base = i
    signal = np.zeros((count, CHANNELS), np.float32)
    for place in sounding[base:]:
        signal = _enter(signal, place, first)
        if place.fade_out is not None:
            signal = _fade_away(signal, place.fade_out, first)
    return signal


def _enter(signal: Frames, place: Placement, first: int) -> Frames:
    count = len(signal)
    own = place.read(first, count)
    lo = max(0, place.enter - first)
    hi = max(lo, min(count, place.solid - first))
    signal[hi:] = own[hi:]
    if hi > lo:
        if place.law == "passthrough":
            signal[lo:hi] = own[lo:hi]
        elif place.law == "fade in":
            gains = fade_gains(first + lo - place.enter, hi - lo, place.fade)
            signal[lo:hi] = own[lo:hi] * gains[:, None]
        else:
            signal[lo:hi] = crossfade(
                signal[lo:hi], own[lo:hi], first + lo - place.enter, place.fade, place.course
            )
    return signal


def _fade_away(signal: Frames, span: tuple[int, int], first: int) -> Frames:
    begin, end = span
    gains = fade_gains(end - first - len(signal), len(signal), end - begin)[::-1]
    return (signal * gains[:, None]).astype(np.float32)
