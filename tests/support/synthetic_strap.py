"""SYNTHETIC: a strap that nobody wears. Lines as `musmed play --signal` takes them, made up.

    synthetic_strap.py follows|stays|rises SECONDS [PACE]

A heart that comes down with the music from its 120th second on, one that does not, or one that
rises, with the wander of a breath and what a die adds; a line a second. Nobody's heart was measured
for it, and nothing that it shows says anything about people. ``PACE`` seconds of it in a second
(default 1: as a strap would).
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections.abc import Iterator

REST = 74.0
"""Beats a minute at its beginning."""
BEGINS = 120.0
"""Seconds for which each is the same."""
SLOPES = {"follows": -4.0, "stays": 0.0, "rises": 4.0}
"""Beats a minute, each minute after that."""


def heart(kind: str, seconds: float, seed: int = 1) -> Iterator[tuple[float, float]]:
    """(seconds, beats a minute), one each second."""
    dice = random.Random(seed)
    for t in range(int(seconds) + 1):
        way = SLOPES[kind] * max(0.0, t - BEGINS) / 60.0
        breath = 1.5 * math.sin(2 * math.pi * t / 5.3)
        yield float(t), round(REST + way + breath + dice.gauss(0.0, 0.8), 1)


def line(t: float, beats: float) -> bytes:
    """As a strap's program would write it."""
    return json.dumps({"t": t, "hr": beats, "rr": [round(60_000 / beats)]}).encode() + b"\n"


def main(kind: str, seconds: str, pace: str = "1") -> None:
    for t, beats in heart(kind, float(seconds)):
        sys.stdout.buffer.write(line(t, beats))
        sys.stdout.buffer.flush()
        time.sleep(1.0 / float(pace))


if __name__ == "__main__":
    main(*sys.argv[1:])
