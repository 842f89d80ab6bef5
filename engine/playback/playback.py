"""Playback of one session: joiner, safety limiter, ring and speaker, behind one door."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator

import msgspec
import numpy as np

from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, frames_of, seconds_of
from engine.audio.units import SILENCE_DB
from engine.playback.feeder import Feeder
from engine.playback.joiner import Joiner
from engine.playback.ring import Ring
from engine.playback.sinks.base import Sink
from engine.playback.sinks.listen import ListenSink
from engine.playback.sound_columns import SoundColumn
from engine.playback.speaker import DeviceSpeaker, Speaker

PAST = 2.0
"""Seconds of played audio the ring still holds, for the level meter behind the latency."""
LEAD = 0.25
"""Of what is written ahead, so much is there before the first of it is heard."""


class PlaybackState(msgspec.Struct, frozen=True, kw_only=True):
    """Where playback is."""

    heard: float
    """Session seconds at the ear (latency subtracted)."""
    written: int
    """Session frame of the write cursor: what lies before it can't be changed any more."""
    paused: bool
    ended: bool
    """The session has been heard to its end, or was stopped and is silent."""
    waiting: bool
    """The session's clock stands because a clip is late."""
    gaps: int
    """How often the sink found nothing in mid-music."""
    volume: float
    """In [0, 1]."""
    peak: tuple[float, float]
    """dBFS of the last 0.1 s, left and right, -120 when silent, or nobody listens in real time."""
    sink: str
    lacking: str = ""
    """What the session stands for until it is there ('no sound device'); '' while it is heard."""

    @property
    def away(self) -> bool:
        """Nobody takes the sound."""
        return bool(self.lacking)


class Playback:
    """``joiner`` belongs to the playback from here on. ``ahead``: seconds written ahead of what
    the sink has asked for, at most.

    Made paused at the joiner's start; ``start`` opens the sink. Methods may be called from any
    thread but the sink's.
    """

    def __init__(self, joiner: Joiner, sink: Sink | ListenSink, *, ahead: float = 1.5) -> None:
        self._joiner = joiner
        self._ring = Ring(frames_of(ahead + PAST) + 4 * BLOCK_FRAMES)
        self._feeder = Feeder(joiner, self._ring, ahead=frames_of(ahead), realtime=sink.realtime)
        self._said: queue.Queue[str] = queue.Queue()
        self._speaker: Speaker
        if isinstance(sink, ListenSink):
            self._speaker = sink.speaker(self._ring, self._said.put)
        else:
            lead = frames_of(LEAD * ahead)
            self._speaker = DeviceSpeaker(self._ring, sink, self._said.put, lead=lead)
        self._closed = False

    # transport

    def start(self) -> None:
        """Open the sink and play. Raises ``SinkUnavailableError``."""
        self._speaker.start()
        self._feeder.start()

    def pause(self) -> None:
        self._speaker.paused = True

    def resume(self) -> None:
        self._speaker.paused = False

    def set_volume(self, volume: float) -> None:
        """``volume`` in [0, 1]; 1 leaves every sample as it is."""
        self._speaker.volume = min(1.0, max(0.0, volume))

    @property
    def volume(self) -> float:
        """In [0, 1]."""
        return self._speaker.volume

    def seek(self, seconds: float) -> float:
        """Go to session ``seconds``, within what is there. Returns where it really went."""
        with self._feeder.lock:
            found = self._feeder.seek(frames_of(seconds))
            self._speaker.skip()
        self._feeder.wake()
        return seconds_of(found)

    def stop(self) -> None:
        """Fade to silence over 0.4 s, for good."""
        self._speaker.stop()

    def close(self) -> None:
        """End playback and let go of the sink. After ``stop`` the fade is heard first."""
        if self._closed:
            return
        self._closed = True
        self._speaker.close()
        self._feeder.close()

    @contextlib.contextmanager
    def joiner(self) -> Iterator[Joiner]:
        """The joiner, for another thread than the feeder's: nothing is read of any clip meanwhile,
        while what is written ahead plays on. What is changed in one breath takes effect at once."""
        with self._feeder.lock:
            yield self._joiner
        self._feeder.wake()

    def wake(self) -> None:
        """Something of a clip has come: look at once."""
        self._feeder.wake()

    def horizon(self) -> int:
        """Session frame up to which audio is there without a gap."""
        with self._feeder.lock:
            return self._joiner.horizon()

    def delivered(self) -> int:
        """Session frame up to which the sink can take audio now, but for the few milliseconds that
        the limiter holds back before the session's end. ``state().written`` may be half a second
        further: that much is being read, and can't be changed any more, but is on its way."""
        with self._feeder.lock:
            held_back = self._joiner.ended and not self._ring.finished
            return self._joiner.position - held_back

    # where it is

    @property
    def failure(self) -> Exception | None:
        """What ended playback before its time: ``MusmedError`` for a clip that can't be read or
        a file that can't be written."""
        return self._feeder.failure or self._speaker.failure

    def take_said(self) -> list[str]:
        """The sentences about the sound device since the last call, for the listener."""
        taken: list[str] = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._said.get_nowait())
        return taken

    def sound(self) -> tuple[SoundColumn, ...]:
        """What was played about now, seen, and what is written ahead; in real time only."""
        return self._feeder.sound.columns

    def state(self) -> PlaybackState:
        speaker = self._speaker
        stream = speaker.heard()
        session, waiting = self._feeder.session_at(stream)
        return PlaybackState(
            heard=min(session, self._joiner.total) / SAMPLE_RATE,
            written=self._joiner.position,
            paused=speaker.paused,
            ended=speaker.over,
            waiting=waiting,
            gaps=speaker.gaps,
            volume=speaker.volume,
            peak=self._peak(stream),
            sink=speaker.describe(),
            lacking=speaker.lacking,
        )

    def _peak(self, stream: int) -> tuple[float, float]:
        if not self._feeder.realtime or self._speaker.silent:
            return SILENCE_DB, SILENCE_DB
        audio = self._ring.past(stream, BLOCK_FRAMES)
        if not len(audio):
            return SILENCE_DB, SILENCE_DB
        channels = np.ascontiguousarray(audio.T)
        peaks = np.abs(channels).max(axis=1) * self._speaker.volume
        levels = 20.0 * np.log10(np.maximum(peaks, 10.0 ** (SILENCE_DB / 20.0)))
        return float(levels[0]), float(levels[1])
