"""What a strap or a lab's program says of the body: bytes -> lines -> samples. Pure.

Everything here was written by others: lines may be torn, endless, absurd, or come by the ten
thousand. What can't be believed is left out; nothing of it is ever repeated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from engine.plan.body import Measure

MAX_LINE = 4096
"""Bytes of a line; a longer one is left out whole."""
LINES_PER_SECOND = 50.0
"""So many lines are read; of more the newest count."""
BURST = 100.0
"""So many at once, after a rest."""
LEAST_HEART, MOST_HEART = 30.0, 220.0
"""Beats a minute that a listener's heart is believed. A strap without contact says 0."""
LEAST_RR, MOST_RR = 60_000.0 / MOST_HEART, 60_000.0 / LEAST_HEART
"""Milliseconds from beat to beat, likewise."""
MAX_TIME = 1e12
"""Seconds of the sender's clock, from whatever its zero is."""


class Sample(NamedTuple):
    """``value`` at ``t`` seconds of the sender's clock: beats a minute, or arousal in [-1, 1]."""

    t: float
    measure: Measure
    value: float


class _Line(msgspec.Struct):
    """A line as it is written. Fields of other names are not looked at."""

    t: float
    hr: float | None = None
    rr: float | list[float] | None = None
    arousal: float | None = None


_DECODER = msgspec.json.Decoder(_Line)


def parse(line: bytes) -> Sample | None:
    """The sample that a line tells; None where it tells none that can be believed.

    ``{"t": seconds, "hr": bpm, "rr": ms or list of ms}`` (one of both is enough; ``hr`` counts, the
    beats' distances where it is missing) or ``{"t": seconds, "arousal": -1..1}``, which counts
    where both are told.
    """
    if len(line) > MAX_LINE:
        return None
    try:
        told = _DECODER.decode(line)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    if not -MAX_TIME < told.t < MAX_TIME:  # also of NaN
        return None
    if told.arousal is not None:
        known = -1.0 <= told.arousal <= 1.0
        return Sample(told.t, "arousal", told.arousal) if known else None
    heart = told.hr if told.hr is not None else _of_beats(told.rr)
    if heart is None or not LEAST_HEART <= heart <= MOST_HEART:
        return None
    return Sample(told.t, "heart", heart)


def _of_beats(distances: float | list[float] | None) -> float | None:
    """Beats a minute of the milliseconds between them; None unless each can be believed."""
    if distances is None:
        return None
    beats = distances if isinstance(distances, list) else [distances]
    if not beats or not all(LEAST_RR <= beat <= MOST_RR for beat in beats):
        return None
    return 60_000.0 * len(beats) / math.fsum(beats)


class Lines:
    """Bytes as they come -> whole lines, at most ``LINES_PER_SECOND`` of them."""

    def __init__(self) -> None:
        self._rest = b""
        self._too_long = False
        self._allowance = BURST
        self._since = -math.inf
        self.dropped = 0
        """Lines left out because there were too many, so far."""

    def feed(self, data: bytes, now: float) -> Sequence[bytes]:
        """The lines that end in ``data``, the newest of them where they are too many. ``now``:
        seconds of a clock that does not go back."""
        *whole, rest = (self._rest + data).split(b"\n")
        if whole and self._too_long:
            whole, self._too_long = whole[1:], False
        self._rest = b"" if self._too_long else rest
        if len(self._rest) > MAX_LINE:
            self._rest, self._too_long = b"", True
        return self._newest([line for line in whole if line.strip()], now)

    def begin_anew(self) -> None:
        """Another sender: what the last one began to say is left out."""
        self._rest, self._too_long = b"", False

    def _newest(self, lines: list[bytes], now: float) -> list[bytes]:
        gained = LINES_PER_SECOND * (now - self._since)
        self._allowance, self._since = min(BURST, self._allowance + gained), now
        kept = min(len(lines), int(self._allowance))
        self._allowance -= kept
        self.dropped += len(lines) - kept
        return lines[len(lines) - kept :]
