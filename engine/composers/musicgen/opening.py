"""The end of a listener's sound file, for a session to begin with. numpy and soundfile only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.reading.sounds import SoundReader, mixed
from engine.audio.trim import SILENCE
from engine.errors import MusmedError
from engine.places import place_of
from engine.plan.clock import OVERLAP_SECONDS

SHORTEST_SECONDS = 1.0
SEARCHED_SECONDS = 60.0
"""Silence after the music is passed over this far."""
_OVERSHOOT = 2.0
"""Peaks up to this are those of lossy coding and are clipped; louder sound is at another scale, and
is turned down whole."""

Audio = NDArray[np.float32]


class Opening(NamedTuple):
    """``audio`` (frames, channels) within [-1, 1] at ``rate`` Hz; in sentences what was odd about
    its file."""

    audio: Audio
    rate: int
    remarks: tuple[str, ...]


def check_opening(name: str) -> tuple[str, ...]:
    """What is odd about the file, in sentences. Raises ``MusmedError`` for one that no session can
    begin with."""
    return read_opening(name).remarks


def read_opening(name: str) -> Opening:
    """The last ``OVERLAP_SECONDS`` of the music in the file ``name``; less where the music is
    shorter.

    Raises ``MusmedError`` for what ``SoundReader`` refuses, and for what is too short or silent.
    """
    path = place_of(name, "opening")
    with SoundReader(path, "opening") as reader:
        rate, audio = reader.tail(SEARCHED_SECONDS)
        remarks = list(reader.remarks)
    loud = np.flatnonzero(np.abs(audio).max(axis=1, initial=0.0) > SILENCE)
    end = int(loud[-1]) + 1 if len(loud) else 0
    audio = audio[max(0, end - round(OVERLAP_SECONDS * rate)) : end]
    if len(audio) < SHORTEST_SECONDS * rate:
        raise MusmedError(
            f"The last minute of {path} holds less than {SHORTEST_SECONDS:g} s of music; choose "
            "another opening."
        )
    one, cancelled = mixed(audio)
    if cancelled:
        audio = one[:, None]
        remarks.append(f"The channels of {path} cancel each other; the loudest one is taken.")
    peak = float(np.abs(audio).max())
    if peak > _OVERSHOOT:
        audio = audio / np.float32(peak)
        remarks.append(f"{path} goes to {peak:.3g} times full scale; it is turned down to that.")
    return Opening(np.clip(audio, -1.0, 1.0), rate, tuple(remarks))
