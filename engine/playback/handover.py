"""How a clip goes over from one composer's sound to another's: what is kept is what is heard.

A composer that fails leaves a clip unfinished of which some may have been heard. Another composes
the same clip, and from some frame on the clip is its: a crossfade of constant power from the last
that is there of the first sound, as long as a late clip's entry. Where nothing is left to fade (the
listener waits in silence) the second sound enters over that time by itself, as a late clip does.

Constant power is the joiner's law for two sounds that have nothing in common (``audio.crossfade``
with a correlation of 0): two composers share neither notes nor instruments, and the law has to be
known before all of the second sound is. Finished music at its level (docs/finishing.md) peaks some
7 dB under full scale, so a sum of two fits into 24 bits; one that did not would be clipped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.audio.align import MAX_LAG
from engine.audio.crossfade import crossfade, fade_gains
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of, quantise24
from engine.plan.clock import OVERLAP_SECONDS

HANDOVER_FADE = frames_of(3.0)
"""Long enough for a phrase that breaks off to recede, and the same as a late clip's entry."""
HEAD = frames_of(OVERLAP_SECONDS) + MAX_LAG
"""How much of a clip its join needs: with less it does not sound."""
LEAD = frames_of(1.0)
"""A hand-over begins this far past the write cursor while music is heard."""

SHORTEST = frames_of(0.25)
"""With less than this left of the first sound it is heard to its end, and the second enters."""
_UNLIKE = np.zeros(1)


class Handover(NamedTuple):
    """Session frames: the second sound enters at ``at``, the first has gone at ``until``. The same
    frame where the second follows silence; its entry then lasts ``HANDOVER_FADE``."""

    at: int
    until: int


def handover(reach: int, written: int, *, standing: bool, since: int, here: int) -> Handover | None:
    """Where the second sound, of which session frames ``since`` to ``here`` have just come, takes
    over from the first, which is here up to ``reach``; None as long as more has to come.

    The first is heard as far as it goes. ``written``: the write cursor; ``standing``: it stands
    there, because the first sound has been faded out and the listener waits.
    """
    soonest = written if standing else written + LEAD
    at = max(reach - HANDOVER_FADE, soonest, since)
    until = min(reach, at + HANDOVER_FADE)
    if until - at < SHORTEST:
        at = until = max(reach // BLOCK_FRAMES * BLOCK_FRAMES, since)
    return Handover(at, until) if here > at else None


class Outgoing:
    """The first sound from clip frame ``at`` on, (n, 2): what the second fades in over."""

    def __init__(self, at: int, sound: Frames) -> None:
        self._at = at
        self._sound = sound
        self._fade = len(sound) or HANDOVER_FADE

    def joined(self, offset: int, audio: Frames) -> Frames:
        """What is heard of the second sound's ``audio`` at clip frame ``offset`` (at least ``at``),
        with 24-bit values."""
        first = offset - self._at
        count = min(len(audio), self._fade - first)
        if count <= 0:
            return audio
        if len(self._sound):
            old = self._sound[first : first + count]
            mixed = crossfade(old, audio[:count], first, self._fade, _UNLIKE)
        else:
            gains = fade_gains(first, count, self._fade)[:, None]
            mixed = (audio[:count] * gains).astype(np.float32)
        return np.concatenate((quantise24(mixed), audio[count:]))


def faded_end(audio: Frames) -> Frames:
    """A block as it leaves when nothing follows it: faded away, with 24-bit values."""
    gains = fade_gains(0, len(audio), len(audio))[::-1]
    return quantise24((audio * gains[:, None]).astype(np.float32))
