"""A recording set beside what should have been heard: where it stops, what of it is another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.audio.format import SAMPLE_RATE, Frames, frames_of

ANCHOR = frames_of(0.02)
"""So many frames that are the same, and sound, are the same place."""
LOOK = frames_of(60.0)
"""What was put between two frames, or is missing there, is at most so long."""
SKIPS = tuple(frames_of(seconds) for seconds in (0.0, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 50.0))
"""Where the next frame is not found again, one so much later is looked for."""


class Fault(NamedTuple):
    """``at``: seconds of the session; ``put_in``: frames that are not the session's and stand
    before the next one that is; ``different``: frames that sound otherwise in their place;
    ``missing``: frames that were not heard."""

    at: float
    put_in: int
    different: int
    missing: int


def faults(recording: Frames, expected: Frames) -> list[Fault]:
    """What is wrong with ``recording`` from its first sound on, in order; [] where all of
    ``expected`` is heard as it is, without a stop. What is recorded after its end does not
    count."""
    sounds = np.flatnonzero(recording.any(axis=1))
    first = int(np.flatnonzero(expected.any(axis=1))[0])
    if not len(sounds):
        return [Fault(0.0, 0, 0, len(expected))]
    heard, due, found = int(sounds[0]), first, []
    while due < len(expected):
        same = _same(recording[heard:], expected[due:])
        heard, due = heard + same, due + same
        if due == len(expected):
            break
        on, skipped = _found_again(recording[heard:], expected[due:])
        found.append(_fault(due, on, skipped))
        heard, due = heard + on, due + skipped
    return found


def _fault(due: int, on: int, skipped: int) -> Fault:
    in_place = min(on, skipped)
    return Fault(due / SAMPLE_RATE, on - in_place, in_place, skipped - in_place)


def _same(heard: Frames, due: Frames) -> int:
    """How many frames are the same from the first on."""
    count, at = min(len(heard), len(due)), 0
    while at < count:
        end = min(count, at + SAMPLE_RATE)
        other = np.flatnonzero((heard[at:end] != due[at:end]).any(axis=1))
        if len(other):
            return at + int(other[0])
        at = end
    return count


def _found_again(heard: Frames, due: Frames) -> tuple[int, int]:
    """How many frames of both lie before the next place that they share; all, where there is
    none."""
    for skip in SKIPS:
        anchor = due[skip : skip + ANCHOR]
        if len(anchor) < ANCHOR or not anchor[0].any():
            continue
        near = heard[: LOOK + skip]
        for at in np.flatnonzero((near == anchor[0]).all(axis=1)):
            if np.array_equal(near[at : at + ANCHOR], anchor):
                return int(at), skip
    return len(heard) if len(heard) < len(due) else len(due), len(due)
