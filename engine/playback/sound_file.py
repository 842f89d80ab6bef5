"""A sound file that is played: file -> ring -> player -> sink, with pause, volume and stop as a
session has them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from engine.audio.crossfade import fade_gains
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.errors import MusmedError
from engine.playback.feeder import NAP
from engine.playback.ring import Ring
from engine.playback.sinks.base import Sink
from engine.playback.speaker import DeviceSpeaker

AHEAD_SECONDS = 3.0
LEAD_SECONDS = 0.3
RETURN_SECONDS = 1.0
"""What goes on in its midst is faded in."""


class SoundFilePlayback:
    """Plays ``path`` (48 kHz, stereo) from ``start`` seconds on into ``sink``.

    ``say`` takes sentences about the device. Raises ``MusmedError`` for a file that can't be
    played.
    """

    def __init__(
        self,
        path: Path,
        sink: Sink,
        start: float = 0.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        try:
            self._file = soundfile.SoundFile(path)
            if (self._file.samplerate, self._file.channels) != (SAMPLE_RATE, CHANNELS):
                raise MusmedError(f"{path} is no stereo sound at {SAMPLE_RATE} Hz.")
            self._first: int = min(frames_of(start), self._file.frames)
            self._file.seek(self._first)
        except (soundfile.LibsndfileError, OSError) as error:
            raise MusmedError(f"{path} can't be played; copy it here anew.") from error
        self.seconds: float = self._file.frames / SAMPLE_RATE
        self._ring = Ring(frames_of(AHEAD_SECONDS))
        self.speaker = DeviceSpeaker(self._ring, sink, say, lead=frames_of(LEAD_SECONDS))
        self._failure: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sound file", daemon=True)

    @property
    def heard(self) -> float:
        """Seconds of the file that have reached the ear."""
        return min(self.seconds, (self._first + self.speaker.heard()) / SAMPLE_RATE)

    @property
    def over(self) -> bool:
        """The last of it was heard, or it was stopped."""
        return self.speaker.over

    @property
    def failure(self) -> Exception | None:
        """Why it does not go on."""
        return self._failure or self.speaker.failure

    def start(self) -> None:
        """Raises ``SinkUnavailableError``."""
        self._thread.start()
        self.speaker.start()

    def close(self) -> None:
        """Fade out what sounds, and let go of file and device."""
        self.speaker.stop()
        self.speaker.close()
        self._closing.set()
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        try:
            at = 0
            while not self._closing.is_set():
                if self._ring.free < BLOCK_FRAMES:
                    self._closing.wait(NAP)
                    continue
                audio = self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
                if not len(audio):
                    break
                self._ring.write(self._faded(audio, at))
                at += len(audio)
        except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
            self._failure = error
        self._ring.finished = True

    def _faded(self, audio: Frames, at: int) -> Frames:
        length = frames_of(RETURN_SECONDS) if self._first else 0
        if at >= length:
            return audio
        return (audio * fade_gains(at, len(audio), length)[:, None]).astype(np.float32)
