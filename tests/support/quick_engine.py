"""An engine process that costs next to nothing: a program for the tests of what is around an engine
(conductor, player, library, replay). Link and worker are the real ones; the embedded composer
composes something else, finishing only quantises, and nothing is metered.

A tone a beat, each a pure function of a state that takes in the seed, the path and what is asked of
the music at every beat. So whatever is composed from another of these, or from another continuation
than it should be, sounds different
from its first tone on; what is composed from the right ones is the same in every window. As with
the embedded composer a splice begins at a beat, and other tags, or another synthesis, are other
sounds of the same notes.

Where the environment has QUICK_ENGINE_SAYS, that is what it says wherever an engine may say
something: in a banner, when a composer is opened, when its second clip fails.

Where the environment has QUICK_ENGINE_LINK, it is one of another version of the link, such as
'5.0', and as strict as that was (``older_link``).

Where the environment has QUICK_ENGINE_SPEED it composes no faster than so many times real time: for
who wants to see a clip that is being composed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from engine.audio.format import (
    GRID_FRAMES,
    SAMPLE_RATE,
    Frames,
    frames_of,
    quantise24,
    seconds_of,
)
from engine.clip_levels import packed
from engine.composers.base import Composer, Marks, open_composer
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.errors import MusmedError
from engine.plan.clock import clip_start
from engine.plan.spec import ClipSpec, Tags
from engine.plan.wanted import faders_at

BEAT = GRID_FRAMES
"""Frames from tone to tone: half a second. A tone sounds for two beats."""
REST_SECONDS = 0.5 / float(os.environ.get("QUICK_ENGINE_SPEED", "inf"))
"""How long it rests after a beat."""
SAYS = os.environ.get("QUICK_ENGINE_SAYS", "")
AFTER_SECONDS = 1.5
"""How far a clip can be heard past its end."""
SCALE = (45, 48, 50, 52, 55, 57, 60, 62, 64, 67, 69, 72)


class State(msgspec.Struct, frozen=True):
    """Where the music stands before beat ``beat``: all of its past in ``history``, and the tone
    that still sounds."""

    beat: int
    history: int
    sounding: tuple[int, float]


class QuickComposition:
    """One clip, from a state at or before the beat in front of it."""

    def __init__(
        self, spec: ClipSpec, state: State, cancelled: Callable[[], bool], synthesis: str
    ) -> None:
        self._spec, self._cancelled = spec, cancelled
        self._colour = colour_of(spec.tags) + (synthesis != BUILTIN)
        beat = -(-frames_of(spec.start) // BEAT)
        if spec.start == clip_start(spec.index):
            beat = frames_of(spec.start) // BEAT
        while state.beat < beat:
            state = after(state, spec)
        self._state = state
        self.start_frame = self.render_from = beat * BEAT
        bars = np.arange(beat + -beat % 4, frames_of(spec.end) / BEAT, 4)
        starts = tuple(seconds_of(int(bar) * BEAT) for bar in bars)
        self.marks = Marks(bars=starts, phrases=starts[::4])

    def chunks(self) -> Iterator[Frames]:
        """Blocks of a beat: the second half of a tone and the first half of the next."""
        end = frames_of(min(self._spec.end + AFTER_SECONDS, self._spec.total))
        state, colour = self._state, self._colour
        while state.beat * BEAT < end and not self._cancelled():
            old, state = state, after(state, self._spec)
            audio = sound(old.sounding, colour)[BEAT:] + sound(state.sounding, colour)[:BEAT]
            if REST_SECONDS:
                time.sleep(REST_SECONDS)
            yield audio[: end - old.beat * BEAT]

    def bars(self) -> tuple[()]:
        return ()

    def state(self) -> bytes:
        return msgspec.msgpack.encode(self._state)


class QuickComposer(EmbeddedComposer):
    """The embedded composer, synthesis and all, but for what it composes."""

    def sound_with(self, wish: Synthesis) -> str:
        return SAYS or super().sound_with(wish)

    def rehearse(self) -> Iterator[None]:
        return iter(())

    def compose(  # type: ignore[override]
        self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]
    ) -> QuickComposition:
        if SAYS and spec.index == 1:
            raise MusmedError(SAYS)
        first = State(0, 0, (0, 0.0))
        stood = msgspec.msgpack.decode(state, type=State) if state else first
        return QuickComposition(spec, stood, cancelled, self.traits.synthesis)


def after(state: State, spec: ClipSpec) -> State:
    """The state a beat later: its tone depends on all before, on the seed, on the path and on what
    is asked of the music."""
    time, path, seeds = seconds_of(state.beat * BEAT), spec.path, spec.seeds
    seed = max((s for s in seeds if s.time <= time), key=lambda s: s.time, default=seeds[0]).seed
    affect = path.at(time)
    valence, arousal = round(affect.valence, 6), round(affect.arousal, 6)
    felt = f"{state.history}:{seed}:{valence}:{arousal}{asked_at(spec, state.beat, time)}".encode()
    history = int.from_bytes(hashlib.blake2b(felt, digest_size=7).digest(), "big")
    gain = 0.08 * (1.5 + arousal)
    return State(state.beat + 1, history, (history % len(SCALE), gain))


def asked_at(spec: ClipSpec, beat: int, time: float) -> str:
    """What is asked of the music at a beat; '' where that is nothing."""
    bars = () if spec.description is None else spec.description.bars
    described = bars[beat // 4 % len(bars)] if bars else None
    faders = faders_at(spec.faders, time)
    return f"{spec.features}{described}{faders}" if spec.asks else ""


def colour_of(tags: Tags) -> int:
    """Which overtone an ensemble has: 2 to 6."""
    return 2 + sum(f"{tags.instrument}/{tags.genre}".encode()) % 5


def sound(tone: tuple[int, float], colour: int) -> Frames:
    number, gain = tone
    return np.asarray(_tone(number, colour) * np.float32(gain), np.float32)


@functools.cache
def _tone(number: int, colour: int) -> Frames:
    """Two beats of a tone and its overtone under a Hann window, left and right by its pitch."""
    turn = 2.0 * np.pi * np.arange(2 * BEAT) / SAMPLE_RATE
    hertz = 440.0 * 2.0 ** ((SCALE[number] - 69) / 12)
    wave = np.sin(hertz * turn) + 0.3 * np.sin(colour * hertz * turn)
    wave *= 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * BEAT) / BEAT)
    side = number / len(SCALE)
    sides = np.array((1.0 - 0.5 * side, 0.5 + 0.5 * side))
    return np.asarray(wave[:, None] * sides, np.float32)


class QuickFinisher:
    """``ClipFinisher`` as far as the worker knows it."""

    loudness, true_peak = -23.0, 0.2

    def __init__(
        self,
        spec: ClipSpec,
        composition: QuickComposition,
        *_: Any,
        denoise: bool | None = None,
        **__: Any,
    ) -> None:
        self._composition = composition
        self.gating = "on" if denoise else "off"
        self.frames = frames_of(spec.end) - composition.start_frame
        self.levels = packed([self.loudness] * round(self.frames / SAMPLE_RATE))

    def chunks(self) -> Iterator[Frames]:
        left = self.frames
        for block in self._composition.chunks():
            if left > 0:
                yield quantise24(block[:left])
            left -= len(block)

    def checkpoints(self) -> bytes:
        return b""

    def ending(self, _: bytes) -> None: ...


class NoMeter:
    def __init__(self, _start: float, known: object) -> None:
        self.ending = known

    def push(self, _audio: Frames) -> list[Any]:
        return []

    def finish(self) -> list[Any]:
        return []


def finish_quickly() -> None:
    """Finish and meter next to nothing; before ``engine.link.server`` is imported."""
    import engine.finishing
    import engine.meter.meter
    import engine.meter.model

    engine.finishing.ClipFinisher = QuickFinisher  # type: ignore[assignment, misc]
    engine.finishing.warm_up = lambda: None
    engine.meter.meter.Meter = NoMeter  # type: ignore[assignment, misc]
    engine.meter.model.shipped = lambda: None  # type: ignore[assignment]


def main() -> None:
    from engine.__main__ import take_standard_streams

    finish_quickly()
    if "QUICK_ENGINE_LINK" in os.environ:
        import sys
        from pathlib import Path as File

        sys.path.append(str(File(__file__).parent))
        from older_link import speak_as

        speak_as(os.environ["QUICK_ENGINE_LINK"])
    incoming, outgoing = take_standard_streams()
    if SAYS:
        outgoing.write(SAYS.encode(errors="surrogateescape") + b"\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from engine.link.server import serve

    def load(name: str) -> Composer:
        composer = open_composer(name)
        return QuickComposer() if isinstance(composer, EmbeddedComposer) else composer

    os._exit(serve(incoming, outgoing, load))


if __name__ == "__main__":
    main()
