"""What finishing, the meter and joining cost: ``python tests/bench/finishing.py [--minutes 4]``.

CPU milliseconds for a second of session, stage by stage, of the embedded composer's own sound
(composing it is not counted): in the engine finishing and the affect meter, which are given
31.5 s of every 22.5 s; in the front joining, rise guard, safety limiter and 24 bits. Each stage
without what it calls of the others. Below, what the floor of one pass over the samples is on this
machine now.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine import finishing
from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, quantise24
from engine.audio.levelling import Analysis, Leveller
from engine.audio.limiter import TruePeakLimiter, TruePeakMeter
from engine.audio.rise import RiseGuard
from engine.composers.base import Composition, Marks
from engine.composers.score.composer import EmbeddedComposer
from engine.finished import Ending
from engine.finishing import ClipFinisher
from engine.meter.meter import Known, Meter
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback import placement
from engine.playback.joiner import Joiner

STAGES: dict[str, list[tuple[Any, str]]] = {
    "high-pass and K-weighting": [(Analysis, "push")],
    "rider": [(Leveller, "push"), (Leveller, "flush")],
    "limiter (engine)": [(ClipFinisher, "_limit")],
    "true peak of what leaves": [(TruePeakMeter, "push")],
    "checkpoints, levels": [(ClipFinisher, "checkpoints"), (ClipFinisher, "levels")],
    "rise guard": [(RiseGuard, "push")],
    "mixing": [(placement.Placement, "read")],
    "meter": [(Meter, "push"), (Meter, "finish")],
}


class Shares:
    """CPU seconds of each stage, less those of the stages that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*args: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            began = time.thread_time()
            try:
                return call(*args, **named)
            finally:
                whole = time.thread_time() - began
                self.seconds[name] += whole - self._inside.pop()
                self._inside[-1] += whole

        return timed


class Held:
    """A composition whose chunks are there already."""

    def __init__(self, composition: Composition) -> None:
        self.start_frame = composition.start_frame
        self.render_from = composition.render_from
        self.marks = composition.marks
        self._chunks = list(composition.chunks())

    def chunks(self) -> Iterator[Frames]:
        yield from self._chunks

    def bars(self) -> Any:
        return ()

    def state(self) -> bytes:
        return b""


class Whole:
    """A finished clip, in memory."""

    def __init__(self, key: ClipKey, start: int, audio: Frames) -> None:
        self.key, self.start, self.audio = key, start, audio
        self.frames, self.whole = len(audio), True

    def available(self) -> int:
        return self.frames

    def read(self, offset: int, count: int) -> Frames:
        return self.audio[offset : offset + count]


def floor() -> float:
    """CPU milliseconds of copying a second of stereo float32."""
    audio = np.zeros((SAMPLE_RATE, 2), np.float32)
    began = time.thread_time()
    for _ in range(200):
        audio.copy()
    return 1e3 * (time.thread_time() - began) / 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--parts", action="store_true", help="time every stage (costs a little)")
    options = parser.parse_args()
    shares = Shares()
    if options.parts:
        for name, places in STAGES.items():
            for owner, what in places:
                call = owner.__dict__[what]
                if isinstance(call, property):
                    setattr(owner, what, property(shares.counted(name, call.fget)))  # type: ignore[arg-type]
                else:
                    setattr(owner, what, shares.counted(name, call))
    plan = make_plan(
        Request(
            start=Affect(-0.4, 0.6),
            target=Affect(0.6, -0.5),
            minutes=options.minutes,
            seed=3,
            temperature=0.5,
        )
    )
    composer, state, checkpoints = EmbeddedComposer(), None, None
    finishing.warm_up()
    joiner = Joiner(round(plan.clips[-1].end * SAMPLE_RATE))
    limiter = TruePeakLimiter()
    held: list[Whole] = []
    known: Known = {}
    before: Ending | None = None
    seconds = {"engine, finishing": 0.0, "engine, meter": 0.0, "front": 0.0}
    for spec in plan.clips:
        composition = composer.compose(spec, state, lambda: False)
        sound = Held(composition)
        state = composition.state()
        began = time.thread_time()
        finisher = ClipFinisher(
            spec, sound, composer.traits, denoise=None, checkpoints=checkpoints, before=before
        )
        chunks = list(finisher.chunks())
        checkpoints = finisher.checkpoints()
        before = finisher.ending(checkpoints)
        assert finisher.levels
        assert finisher.loudness
        assert finisher.true_peak
        between = time.thread_time()
        meter = Meter(spec.start, known=known)
        for chunk in chunks:
            meter.push(chunk)
        meter.finish()
        known = meter.ending
        after = time.thread_time()
        seconds["engine, finishing"] += between - began
        seconds["engine, meter"] += after - between
        clip = Whole(spec.key, sound.start_frame, np.concatenate(chunks))
        held.append(clip)
        began = time.thread_time()
        joiner.place(clip, Marks(), splice=False)
        while (block := joiner.read(5)) is not None:
            quantise24(limiter.push(block.audio))
        seconds["front"] += time.thread_time() - began
        for old in held[:-2]:
            old.audio = old.audio[:0]
    assert joiner.ended
    total = joiner.total / SAMPLE_RATE
    for name, spent in [*seconds.items(), ("together", sum(seconds.values()))]:
        print(f"{name:28} {1e3 * spent / total:7.3f} ms/s")
    for name, spent in sorted(shares.seconds.items(), key=lambda item: -item[1]):
        print(f"  of it {name:22} {1e3 * spent / total:7.3f} ms/s")
    print(f"{'one copy of the samples':28} {floor():7.3f} ms/s")


if __name__ == "__main__":
    main()
