"""How a clip is laid against what sounds before it: where it enters, under which law.

Usually the two overlap by 7.5 s, and the new one fades in over all of that while the old one fades
out (``lay``). A splice takes over within 30 ms, or 2 s where it begins another piece
(``splice_in``). Either way the join is a function
of the two sounds alone (docs/playback.md): nothing here knows of time that passes or of what has
been read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.audio.align import MAX_LAG, align, correlation, correlation_course
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.playback.placement import Placement, mix

SPLICE_FADE = frames_of(0.03)
RENEWAL_FADE = frames_of(2.0)
"""Of a splice that begins another piece: long enough for what it takes over from to recede."""
SEEK_FADE = frames_of(0.05)
SHORTEST_JOIN = frames_of(0.25)


def head_is_here(place: Placement, tail: Placement) -> bool:
    """Whether all of ``place`` that overlaps ``tail`` is here, even if the largest lag moves it: a
    join is measured over the whole overlap."""
    return place.has(tail.end + MAX_LAG)


def lay(place: Placement, tail: Placement, enter: int) -> None:
    """Join ``place`` to the tail: a crossfade from session frame ``enter`` to the end of the
    overlap.

    ``enter`` is usually where ``place`` begins, later for a clip that is late. ``place`` is first
    moved by the lag that puts it in step with the tail, if there is one. Where the two hardly
    overlap, each fades by itself.
    """
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
    if (place.enter, place.fade, place.lag) != (start, length, 0):
        old, new = tail.read(place.enter, place.fade), place.read(place.enter, place.fade)
    _set_law(place, old, new)


def splice_in(place: Placement, before: Sequence[Placement]) -> bool:
    """Let the splice ``place`` take over from what sounds at its first frame, in a crossfade of
    ``place.over`` frames. False as long as something of that is not here, of either sound."""
    start, end = place.clip.start, place.clip.start + place.over
    if not place.has(end + 2 * BLOCK_FRAMES) or not all(p.has(end) for p in before):
        return False
    old, new = mix(before, start, place.over), place.read(start, place.over)
    place.fade = place.over
    _set_law(place, old, new)
    return True


def _lay_apart(place: Placement, tail: Placement) -> None:
    """The tail ends before the next clip begins, or hardly after: it fades out, then the clip fades
    in, with silence in between if there is time for it."""
    tail.fade_out = tail.fade_out or (tail.end - SEEK_FADE, tail.end)
    place.law, place.fade, place.resolved = "fade in", SEEK_FADE, True
    place.enter = max(place.clip.start, tail.end)


def _set_law(place: Placement, old: Frames, new: Frames) -> None:
    """The law of the crossfade from ``old`` to ``new``: none is needed where they are equal, as
    they are whenever the next clip repeats what the one before ended with."""
    place.resolved = True
    if np.array_equal(old, new):
        place.law, place.correlation = "passthrough", 1.0
        return
    place.law, place.correlation = "adaptive", correlation(old, new)
    place.course = correlation_course(old, new)
