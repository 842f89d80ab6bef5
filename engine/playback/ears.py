"""Ears for a session that plays elsewhere: what arrives over a line goes through a ring, a player
and a device of this machine.

One ``Ears`` outlives its lines. What is here when a line drops plays on, and over the next one the
session goes on from exactly there.
"""

from __future__ import annotations

import contextlib
import threading
from bisect import bisect_right
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, assert_never

import msgspec
import numpy as np

from engine.audio.crossfade import fade_gains
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.clip_record import LOSSLESS, Codec
from engine.link.codec import Decoder, decoder_of
from engine.link.ears import (
    MOST_LATENCY,
    REPORT_SECONDS,
    WINDOW_FRAMES,
    Ask,
    Beat,
    Bye,
    Heard,
    Last,
    Listen,
    Skip,
    Sound,
    Stand,
    Stop,
    ToEars,
    Welcome,
)
from engine.link.framing import FrameReader, FrameWriter, LinkError
from engine.playback.player import RETURN_FADE
from engine.playback.ring import Ring
from engine.playback.sinks.base import Sink
from engine.playback.speaker import DeviceSpeaker

BEGIN_SECONDS = 0.5
"""Sound wanted before any of it is heard, beyond what the device takes at once; also after a line
that was slower than the music."""
JOIN_SECONDS = 1.0
"""How long is waited for a report that the line does not take."""
LEAST_SECONDS = 0.02
"""Between two reports."""
SPARE_SECONDS = 3.0
"""Room in the ring beyond what was asked for: what was heard a moment ago, and half a second that
was under way."""


class Arrivals:
    """Sound on its way to the ring: collected until there is enough to begin, then passed on.

    ``begin``: frames wanted first. Where the ring ran dry it collects anew, and what follows is
    faded in over 3 s, as after a late clip, since nobody asked for the silence. ``fades``: the
    first sound, too.
    """

    def __init__(self, begin: int, *, fades: bool) -> None:
        self._begin = begin
        self._held: list[Frames] = []
        self._flows = False
        self._faded = 0 if fades else RETURN_FADE

    @property
    def held(self) -> int:
        """Frames that wait for more."""
        return sum(len(one) for one in self._held)

    def take(self, audio: Frames, *, dry: bool) -> list[Frames]:
        """What goes to the ring now that ``audio`` is here; ``dry``: the ring is empty."""
        if self._flows and dry:
            self._flows, self._faded = False, 0
        self._held.append(audio)
        return self.let_go() if self._flows or self.held >= self._begin else []

    def let_go(self) -> list[Frames]:
        """All that waits: nothing follows, or there is enough."""
        self._flows = True
        going, self._held = [self._fade(one) for one in self._held], []
        return going

    def forget(self) -> None:
        """What waits is not wanted any more; what follows was asked for, so it is not faded."""
        self._held.clear()
        self._flows, self._faded = False, RETURN_FADE

    def _fade(self, audio: Frames) -> Frames:
        if self._faded >= RETURN_FADE:
            return audio
        gains = fade_gains(self._faded, len(audio), RETURN_FADE)
        self._faded += len(audio)
        return (audio * gains[:, None]).astype(np.float32)


class _Mark(NamedTuple):
    """From ring cursor ``at`` on the ring holds the stream from frame ``stream`` on."""

    at: int
    stream: int


class Hearing:
    """One session, as far as it is heard here, from stream frame ``first`` on. Opens the device at
    once. Raises ``SinkUnavailableError``."""

    def __init__(
        self, token: str, first: int, sink: Sink, say: Callable[[str], None], ahead: float
    ) -> None:
        self.token = token
        self.sink = sink
        self._ring = Ring(frames_of(ahead + sink.latency + SPARE_SECONDS) + WINDOW_FRAMES)
        self.speaker = DeviceSpeaker(self._ring, sink, say)
        begin = sink.latency + min(BEGIN_SECONDS, ahead)
        self._arrivals = Arrivals(frames_of(begin), fades=first > 0)
        self._marks = [_Mark(0, first)]
        self._decoder: tuple[Codec, Decoder] | None = None
        self.speaker.start()

    @property
    def have(self) -> int:
        """Stream frame up to which the sound is here."""
        mark = self._marks[-1]
        return mark.stream + self._ring.written - mark.at + self._arrivals.held

    @property
    def waits(self) -> bool:
        """Nothing is there to be heard."""
        return self._ring.filled == 0

    @property
    def ahead(self) -> float:
        """Seconds of sound that wait here."""
        return (self._ring.filled + self._arrivals.held) / SAMPLE_RATE

    def goes_on_at(self, first: int) -> None:
        """What follows begins at stream frame ``first``, though other sound may be here."""
        if first != self.have:  # there was a seek while the line was away
            self.skip(first)

    def sound(self, told: Sound, data: bytes) -> None:
        """Raises ``MusmedError`` for sound that does not follow, is damaged, or more than was asked
        for."""
        if told.first != self.have:
            raise LinkError(f"Sound came for frame {told.first} where {self.have} was to come.")
        if self._decoder is None or told.codec != self._decoder[0]:
            self._decoder = told.codec, decoder_of(told.codec)
        audio = self._decoder[1].decode(data, told.frames)
        if len(audio) != told.frames:
            raise LinkError("Sound came that is shorter than was announced.")
        # a file waits for what is late
        going = self._arrivals.take(audio, dry=self.sink.realtime and self.waits)
        self._write(going)

    def skip(self, first: int) -> None:
        """What waits is not wanted any more; what follows begins at stream frame ``first``."""
        self._arrivals.forget()
        self._ring.skip_to = self._ring.written
        self._ring.finished = False
        self.speaker.skip()
        self._mark(first)

    def last(self, end: int) -> None:
        """Nothing follows stream frame ``end``."""
        if self.have >= end:
            self._write(self._arrivals.let_go())
            self._ring.finished = True

    def report(self, beat: int) -> Heard:
        speaker = self.speaker
        return Heard(
            got=self.have,
            played=min(self.have, self._stream_at(speaker.heard())),
            gaps=speaker.gaps,
            latency=speaker.latency,
            away=bool(speaker.lacking),
            ended=speaker.over,
            beat=beat,
        )

    def _write(self, going: list[Frames]) -> None:
        for one in going:
            if len(one) > self._ring.free:
                raise LinkError("More sound came than was asked for.")
            self._ring.write(one)

    def _mark(self, stream: int) -> None:
        self._decoder = None  # what is decoded next does not follow
        self._marks = [*self._marks[-64:], _Mark(self._ring.written, stream)]

    def _stream_at(self, cursor: int) -> int:
        marks = self._marks
        mark = marks[max(0, bisect_right(marks, cursor, key=lambda one: one.at) - 1)]
        return max(0, mark.stream + cursor - mark.at)


class Ears:
    """``open_sink`` gives the device, for each session anew; ``say`` takes sentences about it;
    ``ahead``: seconds of sound that wait here; ``codec``: how they come."""

    def __init__(
        self,
        open_sink: Callable[[], Sink],
        say: Callable[[str], None],
        *,
        ahead: float,
        codec: Codec = LOSSLESS,
    ) -> None:
        self._codec = codec
        self._open_sink = open_sink
        self._say = say
        self._ahead = ahead
        self._lock = threading.Lock()
        self._beat = 0
        self._news = threading.Event()
        """Sound has come: it is reported at once, since no more may be under way than a window. Or
        something is asked."""
        self._asked: Ask | None = None
        self._welcomed = False
        """This line's session has said who it is: before that, what is here may be another's."""
        self.hearing: Hearing | None = None

    def hear(self, inward: BinaryIO, outward: BinaryIO, show: Callable[[str], None]) -> Bye | None:
        """Hear what comes over one line until it ends; ``show`` takes the lines that were printed
        before. Gives the session's last word, None for a line that dropped without one. Raises
        ``LinkError`` for a line that carries something else, ``SinkUnavailableError``."""
        reader: FrameReader[ToEars] = FrameReader(inward, ToEars)
        writer = FrameWriter(outward)
        over = threading.Event()
        self._news.clear()
        self._welcomed, self._asked = False, None
        reporter = threading.Thread(
            target=self._report, args=(writer, over), name="ears report", daemon=True
        )
        try:
            writer.send_preamble()
            if not reader.skip_to_preamble(show):
                return None
            writer.send(self._greeting())
            reporter.start()
            while (frame := reader.read()) is not None:
                if isinstance(frame.message, Bye):
                    return frame.message
                self._take(frame.message, frame.payload)
        except (OSError, ValueError):
            pass  # the line is gone
        finally:
            self._welcomed = False
            over.set()
            self._news.set()
            if reporter.ident is not None:
                reporter.join(JOIN_SECONDS)
        return None

    @property
    def met(self) -> bool:
        """A session is at the other end."""
        return self._welcomed

    def ask(self, *, paused: bool | None = None, volume: float | None = None) -> None:
        """Ask the session to pause or go on, or for a volume in [0, 1]. Done here at once; the line
        is not waited for."""
        hearing = self.hearing
        if hearing is not None:
            if paused is not None:
                hearing.speaker.paused = paused
            if volume is not None:
                hearing.speaker.volume = volume
        with self._lock:
            before = self._asked or Ask()
            self._asked = Ask(
                before.paused if paused is None else paused,
                before.volume if volume is None else volume,
            )
        self._news.set()

    def close(self) -> None:
        """Let go of the device."""
        if self.hearing is not None:
            self.hearing.speaker.close()
            self.hearing = None

    def _greeting(self) -> Listen:
        hearing = self.hearing
        sink = self._open_sink() if hearing is None else hearing.sink
        ahead = self._ahead + min(MOST_LATENCY, sink.latency)
        told = Listen(sink.describe()[:200], ahead, codec=self._codec)
        if hearing is None:
            return told
        return msgspec.structs.replace(told, token=hearing.token, have=hearing.have)

    def _take(self, message: ToEars, payload: bytes) -> None:
        if isinstance(message, Welcome):
            self._welcome(message)
            return
        with self._lock:
            hearing = self.hearing
            if hearing is None:
                raise LinkError("Sound came before a welcome.")
            match message:
                case Sound():
                    hearing.sound(message, payload)
                    self._news.set()
                case Stand():
                    hearing.speaker.paused = message.paused
                    hearing.speaker.volume = message.volume
                case Skip():
                    hearing.skip(message.first)
                case Last():
                    hearing.last(message.end)
                case Stop():
                    hearing.speaker.stop()
                case Beat():
                    self._beat = message.number
                case Bye():
                    pass
                case _:
                    assert_never(message)

    def _welcome(self, told: Welcome) -> None:
        with self._lock:
            hearing = self.hearing
            self._welcomed = True
            if hearing is not None and hearing.token == told.token:
                hearing.goes_on_at(told.first)
                self._say("The line is back, and the session goes on.")
                return
            self.close()
            self.hearing = Hearing(
                told.token, told.first, self._open_sink(), self._say, self._ahead
            )

    def _report(self, writer: FrameWriter, over: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError):
            while not over.wait(LEAST_SECONDS):
                self._news.wait(REPORT_SECONDS)
                self._news.clear()
                for word in self._due():
                    writer.send(word)

    def _due(self) -> list[msgspec.Struct]:
        """What is to be said to the session now."""
        with self._lock:
            hearing = self.hearing
            if hearing is None or not self._welcomed:
                return []
            asked, self._asked = self._asked, None
            return [*([] if asked is None else [asked]), hearing.report(self._beat)]
