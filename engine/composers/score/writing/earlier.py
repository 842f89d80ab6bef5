"""States that another version of the composer left: what of them can still be read.

Nothing can go on from such a state, for its bars are made in another way. A score that begins where
it stood takes over its key, so that one can fade into the other.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.writing.state import STATE_VERSION

_PitchClass = Annotated[int, msgspec.Meta(ge=0, lt=12)]
_SECTION_BARS, _BEATS = 16, 4
"""Of a section and of a bar in the versions that are known here (2 and before)."""


class _Version(msgspec.Struct):
    version: int


class _Key(msgspec.Struct):
    """In which key version 2 stood, and which its next section has."""

    frame: Annotated[int, msgspec.Meta(ge=0, lt=2**40)]
    tempo: Annotated[float, msgspec.Meta(ge=30.0, le=240.0)]
    tonic: _PitchClass
    next_tonic: _PitchClass
    section_bar: Annotated[int, msgspec.Meta(ge=0, lt=_SECTION_BARS)]


class EarlierScore(msgspec.Struct, frozen=True):
    """A score of another version."""

    version: int
    key: _Key | None
    """None where it can't be read."""

    def tonic_at(self, frame: int) -> int | None:
        """The pitch class of its tonic at session ``frame``, as far as it was planned."""
        key = self.key
        if key is None:
            return None
        bars_left = _SECTION_BARS - key.section_bar
        section_ends = key.frame + bars_left * _BEATS * 60.0 / key.tempo * SAMPLE_RATE
        return key.tonic if frame < section_ends else key.next_tonic


def earlier_score(state: bytes) -> EarlierScore | None:
    """What can be read of a ``state`` of another version; None for one of this version, and for
    bytes that are none."""
    try:
        version = msgspec.msgpack.decode(state, type=_Version).version
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if version == STATE_VERSION:
        return None
    try:
        key = msgspec.msgpack.decode(state, type=_Key)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        key = None
    return EarlierScore(version, key)
