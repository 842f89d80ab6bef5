"""What the rise guard costs: ``python tests/bench/rise_guard.py`` prints a table.

It runs in the feeder's thread, which has 100 ms for a block of 0.1 s and shares them with joiner,
limiter and ring; the sound card's callback does not know of it. Processor time, the median and the
largest of 600 blocks: of music that passes, of full scale after silence while it is turned down,
and of the 30 s that it is led over where a kept session goes on.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames  # noqa: E402
from engine.audio.limiter import TruePeakLimiter  # noqa: E402
from engine.audio.rise import RiseGuard  # noqa: E402
from engine.playback.joiner import RETRACED  # noqa: E402

BLOCKS = 600


def noise(gain: float) -> Frames:
    rng = np.random.default_rng(1)
    made = gain * rng.standard_normal((BLOCKS * BLOCK_FRAMES, CHANNELS))
    return np.clip(made, -1.0, 1.0).astype(np.float32)


def blocks_ms(stage: RiseGuard | TruePeakLimiter, audio: Frames) -> list[float]:
    taken = []
    for at in range(0, len(audio), BLOCK_FRAMES):
        began = time.thread_time()
        stage.push(audio[at : at + BLOCK_FRAMES])
        taken.append(1e3 * (time.thread_time() - began))
    return taken


def main() -> None:
    music, fault = noise(0.05), noise(1.0)
    guard = RiseGuard()
    guard.push(np.zeros((50 * BLOCK_FRAMES, CHANNELS), np.float32))
    passed = blocks_ms(RiseGuard(), music)
    rows = {
        "guard, music that passes": passed,
        "guard, turned down": blocks_ms(guard, fault)[:150],
        "limiter, music that passes": blocks_ms(TruePeakLimiter(), music),
    }
    print("| | ms a block | the longest | of a block's 100 ms |\n|---|---|---|---|")
    for name, taken in rows.items():
        middle = statistics.median(taken)
        print(f"| {name} | {middle:.2f} | {max(taken):.1f} | {middle:.2f} % |")
    led = statistics.median(passed) * RETRACED / BLOCK_FRAMES
    print(f"\nOver 30 s where a session goes on: {led:.0f} ms, once.")


if __name__ == "__main__":
    main()
