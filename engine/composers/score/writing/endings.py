"""How much room is left: bars before the held last one, and those of a coda that slows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.sections import CODA_MOST

TEMPO_SLEW = 3.0
"""BPM per bar at most: a change of affect is felt as a drift, never as a jolt."""
CLOSE_SECONDS = 4.5
"""The least time the last bar is held; it is longer by up to a bar."""
SLOWING = 2
"""Bars before the last one in which the coda slows."""
SLOWEST = 50.0
"""BPM: where that slowing ends."""


def slows(course: Course) -> bool:
    """Whether the coda slows: not where the tempo is named."""
    return course.features is None or course.features.tempo is None


def bars_left(course: Course, frame: int, bar: int, tempo: float, metre: Metre) -> float:
    """How many bars fit before the held last one, from that of number ``bar`` on, which begins at
    a session ``frame`` in a ``metre``, at the tempo of now."""
    length = metre.slots / 4 * 60.0 / tempo * SAMPLE_RATE
    room = frames_of(course.total) - frame - CLOSE_SECONDS * SAMPLE_RATE
    if course.description is None or room <= 0.0:
        return room / length
    for number, slots in enumerate(_slots(course, bar, metre)):
        length = slots / 4 * 60.0 / tempo * SAMPLE_RATE
        if room < length:
            return number + room / length
        room -= length
    raise AssertionError("bars never end")


def coda_bars(course: Course, frame: int, bar: int, tempo: float, metre: Metre) -> int:
    """How many bars a coda from here has, as it slows, so that the last bar is held long
    enough."""
    best = 0
    slowing = SLOWING if slows(course) else 0
    slots = list(itertools.islice(_slots(course, bar, metre), CODA_MOST))
    for bars in range(1, CODA_MOST + 1):
        slowed = [max(SLOWEST, tempo - TEMPO_SLEW * k) for k in range(1, min(bars, slowing) + 1)]
        tempi = [tempo] * (bars - len(slowed)) + slowed
        seconds = sum(n / 4 * 60.0 / each for each, n in zip(tempi, slots, strict=False))
        if frame + (seconds + CLOSE_SECONDS) * SAMPLE_RATE <= frames_of(course.total):
            best = bars
    return best


def _slots(course: Course, bar: int, metre: Metre) -> Iterator[int]:
    """How many sixteenths each bar has from one on, as far as metres are named."""
    for number in itertools.count(bar):
        metre = course.metre_of(number) or metre
        yield metre.slots
