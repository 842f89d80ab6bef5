"""How a clip is laid against what sounds before it: where it enters, under which law.

A join is a function of the two sounds alone (docs/playback.md). Nothing here knows of time that
passes or of what has been read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.audio.align import MAX_LAG, align, correlation, correlation_course
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.playback.placement import Placement, mix

SPLICE_FADE = frames_of(0.03)
SEEK_FADE = frames_of(0.05)
SHORTEST_JOIN = frames_of(0.25)


def head_is_here(place: Placement, tail: Placement) -> bool:
    """Whether all of ``place`` that overlaps ``tail`` is here, moved by any lag."""
    return place.has(tail.end + MAX_LAG)


def lay(place: Placement, tail: Placement, enter: int) -> None:
    """Lay ``place`` against the tail from session frame ``enter`` on."""
    start = max(place.clip.start, tail.solid)
    length = min(tail.end, place.end) - start
    if length < SPLICE_FADE:
        _lay_apart(place, tail)
        return
    old, new = tail.read(start, length), place.read(start, length)
    found = align(old, new)
    place.lag = found.lag
    place.origin = place.clip.start + found.lag
    place.enter = max(enter, place.origin)
    place.fade = min(tail.end, place.end) - place.enter
    old, new = tail.read(place.enter, place.fade), place.read(place.enter, place.fade)
    _set_law(place, old, new)


def splice_in(place: Placement, before: Sequence[Placement]) -> bool:
    """Let the splice ``place`` take over from what sounds at its first frame; False as long as
    something of the fade is not here."""
    start, end = place.clip.start, place.clip.start + SPLICE_FADE
    if not place.has(end + 2 * BLOCK_FRAMES) or not all(p.has(end) for p in before):
        return False
    old, new = mix(before, start, SPLICE_FADE), place.read(start, SPLICE_FADE)
    place.fade = SPLICE_FADE
    _set_law(place, old, new)
    return True


def _lay_apart(place: Placement, tail: Placement) -> None:
    """The tail ends before the next clip begins: both fade, with silence in between."""
    tail.fade_out = tail.fade_out or (tail.end - SEEK_FADE, tail.end)
    place.law, place.fade, place.resolved = "fade in", SEEK_FADE, True
    place.enter = max(place.clip.start, tail.end)


def _set_law(place: Placement, old: Frames, new: Frames) -> None:
    place.correlation = correlation(old, new)
    place.course = correlation_course(old, new)
    equal = np.array_equal(old, new)
    place.law = "passthrough" if equal else "adaptive"
    place.resolved = True
