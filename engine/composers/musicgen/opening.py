"""The end of a listener's sound file, for a session to begin with. numpy and soundfile only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.trim import SILENCE
from engine.errors import MusmedError
from engine.places import look_at, place_of
from engine.plan.clock import OVERLAP_SECONDS

SHORTEST_SECONDS = 1.0
SEARCHED_SECONDS = 60.0
"""Silence after the music is passed over this far."""
LARGEST_BYTES = 4 * 1024**3
LONGEST_SECONDS = 24 * 3600
MOST_CHANNELS = 16
RATES = (4_000, 384_000)

Audio = NDArray[np.float32]


def check_opening(name: str) -> None:
    """Raise ``MusmedError`` for a file that no session can begin with."""
    read_opening(name)


def read_opening(name: str) -> tuple[Audio, int]:
    """The last ``OVERLAP_SECONDS`` of the music in the file ``name``: (frames, channels), float32,
    and their rate in Hz. Whatever libsndfile reads; less where the music is shorter.

    Raises ``MusmedError`` for what is missing, unreadable, too large, too short or silent.
    """
    path = place_of(name, "opening")
    audio, rate = _tail(path)
    if not np.isfinite(audio).all():
        raise MusmedError(f"{path} holds values that are no sound; choose another opening.")
    loud = np.flatnonzero(np.abs(audio).max(axis=1, initial=0.0) > SILENCE)
    end = int(loud[-1]) + 1 if len(loud) else 0
    audio = audio[max(0, end - round(OVERLAP_SECONDS * rate)) : end]
    if len(audio) < SHORTEST_SECONDS * rate:
        raise MusmedError(
            f"The last minute of {path} holds less than {SHORTEST_SECONDS:g} s of music; choose "
            "another opening."
        )
    return np.clip(audio, -1.0, 1.0), rate


def _tail(path: Path) -> tuple[Audio, int]:
    try:
        if look_at(path, "opening") != "file":
            raise MusmedError(f"There is no file {path}; name the sound file to begin with.")
        if path.stat().st_size > LARGEST_BYTES:
            raise MusmedError(f"{path} is over 4 GiB; cut the opening out of it first.")
        with soundfile.SoundFile(path) as file:
            rate, frames = file.samplerate, file.frames
            _check_form(path, rate, file.channels, frames)
            file.seek(max(0, frames - round(SEARCHED_SECONDS * rate)))
            return file.read(round(SEARCHED_SECONDS * rate), dtype="float32", always_2d=True), rate
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError) as error:
        raise MusmedError(
            f"{path} can't be read as sound; choose a file of another kind, such as FLAC, MP3, "
            "OGG or WAV."
        ) from error


def _check_form(path: Path, rate: int, channels: int, frames: int) -> None:
    if not RATES[0] <= rate <= RATES[1] or not 1 <= channels <= MOST_CHANNELS:
        raise MusmedError(
            f"{path} has {channels} channels at {rate} Hz; convert it to stereo at 48000 Hz first."
        )
    if not 0 <= frames <= LONGEST_SECONDS * rate:
        raise MusmedError(f"{path} does not say how long it is; convert it to FLAC first.")
