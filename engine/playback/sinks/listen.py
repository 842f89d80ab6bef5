"""Ears elsewhere as a place for sound: ``musmed listen`` on another machine, met at a socket here.

The session stands until somebody listens, and whenever nobody does any more; it goes on by itself.
Who comes last listens: after a line has dropped, its old end may seem alive here for minutes.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable

import msgspec

from engine.errors import MusmedError
from engine.link.ears import (
    QUIET_SECONDS,
    Ask,
    Beat,
    Bye,
    FromEars,
    Heard,
    Last,
    Listen,
    Skip,
    Sound,
    Stand,
    Stop,
    Welcome,
)
from engine.link.framing import FrameReader, FrameWriter, LinkError
from engine.link.meeting import Door
from engine.playback.ring import Ring
from engine.playback.sending import Sending
from engine.playback.sinks.base import SinkUnavailableError
from engine.printable import one_line

NAP = 0.02
BEAT_SECONDS, BEAT_PATIENCE = 1.0, 4.0
"""A beat goes out a second after the last one, if that was answered; else after the patience."""
MOST_WAITING = 4
"""Who may be at the door without having said a word."""
CLOSE_SECONDS = 1.0
STOP_SECONDS = 1.5
"""How long a stop waits for the fade at the ears, beyond their latency and the line's."""
MOST_FAR_SECONDS = 5.0
"""No more of those is waited for: it is the ears that say them."""
BYE_SECONDS = 0.2
"""How long ears may take for what is just being sent to them, and for the last word."""

log = logging.getLogger(__name__)


class ListenSink:
    """A door for ears elsewhere; ``speaker`` is what plays through it."""

    name = "listen"
    realtime = True

    latency = 0.0
    """Of a device that is not known yet."""

    def __init__(self, called: str = "") -> None:
        """``called``: the door's name."""
        self._called = called

    def describe(self) -> str:
        return "ears elsewhere (musmed listen)"

    def speaker(self, ring: Ring, say: Callable[[str], None]) -> EarsSpeaker:
        return EarsSpeaker(ring, say, called=self._called)


class _Line:
    """One pair of ears, from the socket on."""

    def __init__(self, one: socket.socket, now: float) -> None:
        self.socket = one
        self.reader: FrameReader[FromEars] = FrameReader(one.makefile("rb"), FromEars)
        self.writer = FrameWriter(one.makefile("wb"))
        self.device = ""
        self.seconds_there_and_back: float | None = None
        self.seen = now
        """When the last word came."""
        self.beat, self.beat_at = 0, -BEAT_PATIENCE
        self.beats = False
        """A beat is out."""
        self.stand: Stand | None = None
        self.stop_said = self.last_said = False
        self.leaves = False
        """Nothing but a last word is sent to them."""

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class EarsSpeaker:
    """Plays ``ring`` to whoever comes in at a door of this machine (a ``Speaker``). ``say``: takes
    sentences for the listener. ``clock``: seconds, monotonic."""

    def __init__(
        self,
        ring: Ring,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        called: str = "",
    ) -> None:
        self._called = called
        self.paused = False
        self.volume = 1.0
        self._ring = ring
        self._say = say
        self._clock = clock
        self._token = secrets.token_hex(16)
        self._sending = Sending(ring)
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._waiting: list[_Line] = []
        self._came = False
        self._stopping = False
        self._skip_asked = threading.Event()
        self._closing = threading.Event()
        self._ended = False
        self._report: Heard | None = None
        """The newest, of these ears or the last that were here."""
        self._gaps = 0
        """Of other ears before them."""
        self._writing: _Line | None = None
        self._door: Door | None = None
        self._receiver = threading.Thread(target=self._receive, name="ears door", daemon=True)
        self._sender = threading.Thread(target=self._send, name="ears sender", daemon=True)

    # how it stands

    @property
    def gaps(self) -> int:
        report = self._report
        return self._gaps + (report.gaps if report is not None else 0)

    @property
    def over(self) -> bool:
        return self._ended or (self._stopping and self._line is None)

    @property
    def lacking(self) -> str:
        line = self._line
        if line is None:
            return "the ears are gone" if self._came else "nobody listens yet"
        report = self._report
        return "no sound device at the ears" if report is not None and report.away else ""

    @property
    def silent(self) -> bool:
        return self.paused or self._stopping or bool(self.lacking)

    @property
    def failure(self) -> Exception | None:
        return None

    def describe(self) -> str:
        line = self._line
        if line is None:
            return f"listen: {self.lacking}"
        away = line.seconds_there_and_back
        far = "" if away is None else f"; an answer takes {away * 1000:.0f} ms"
        report = self._report
        late = "" if report is None else f"; its latency {report.latency:.2f} s"
        return f"listen: {line.device}{late}{far}"

    def heard(self) -> int:
        return self._sending.played

    # what the session wants

    def start(self) -> None:
        try:
            self._door = Door(called=self._called)
        except MusmedError as error:
            raise SinkUnavailableError(str(error)) from error
        self._say(
            f"Nobody listens yet; 'musmed listen {_here()}' on the machine with the ears plays "
            "this session, which begins by itself then."
        )
        self._receiver.start()
        self._sender.start()

    def skip(self) -> None:
        self._ended = False
        self._skip_asked.set()

    def stop(self) -> None:
        self._stopping = True

    def close(self) -> None:
        line, report = self._line, self._report
        if self._stopping and line is not None:
            answer = line.seconds_there_and_back or 0.0
            far = answer + (report.latency if report else 0.0)
            deadline = self._clock() + STOP_SECONDS + min(MOST_FAR_SECONDS, far)
            while not self.over and self._clock() < deadline:
                time.sleep(0.01)
        with self._lock:
            self._closing.set()  # who comes in from now on is not let in
        if self._door is None:
            return
        self._sender.join(CLOSE_SECONDS)
        for one in (*self._waiting, *([] if self._line is None else [self._line])):
            one.end()
        for thread in (self._sender, self._receiver):
            thread.join(CLOSE_SECONDS)
        self._door.close()

    # who comes in

    def _receive(self) -> None:
        """Let ears in, and end those that say nothing."""
        assert self._door is not None
        while not self._closing.is_set():
            try:
                one = self._door.wait()
            except OSError:
                log.exception("no ears can come in any more")
                return
            now = self._clock()
            with self._lock:
                full = self._closing.is_set() or len(self._waiting) >= MOST_WAITING
                if one is not None and full:
                    one.close()
                    one = None
                line = None if one is None else _Line(one, now)
                self._waiting += [] if line is None else [line]
                known = [*self._waiting, *([] if self._line is None else [self._line])]
            for other in known:
                if now - other.seen > QUIET_SECONDS:
                    other.end()
            if line is not None:
                threading.Thread(
                    target=self._attend, args=(line,), name="ears", daemon=True
                ).start()

    def _attend(self, line: _Line) -> None:
        """Hear what a pair of ears says, until it is gone."""
        try:
            line.writer.send_preamble()
            if line.reader.skip_to_preamble(lambda _: None):
                while (frame := line.reader.read()) is not None:
                    self._take(line, frame.message)
                    line.seen = self._clock()
        except (OSError, ValueError) as error:
            log.info("the line to the ears: %s", error)
        except MusmedError as error:
            log.warning("the ears are sent away: %s", error)
            self._dismiss(line, Bye(one_line(str(error), 200)))
        finally:
            self._lose(line)

    def _take(self, line: _Line, message: FromEars) -> None:
        """Raises ``LinkError`` for what does not follow."""
        if isinstance(message, Listen):
            self._let_in(line, message)
            return
        with self._lock:
            if line is not self._line:
                if line in self._waiting:
                    raise LinkError("Ears first say that they listen.")
                return  # others listen in their place by now
            if isinstance(message, Ask):
                self.paused = self.paused if message.paused is None else message.paused
                self.volume = self.volume if message.volume is None else message.volume
                return
            self._sending.heard(message)
            self._report = message
            self._ended = self._ended or self._has_ended(line, message)
            if line.beats and message.beat == line.beat:
                line.seconds_there_and_back = self._clock() - line.beat_at
                line.beats = False

    def _has_ended(self, line: _Line, report: Heard) -> bool:
        done = line.stop_said or (line.last_said and report.played >= self._ring.written)
        return report.ended and done

    def _let_in(self, line: _Line, told: Listen) -> None:
        with self._lock:
            if line not in self._waiting:
                raise LinkError("The ears say twice that they listen.")
            before, again = self._line, self._came
            known = told.token == self._token
            first = self._sending.greet(told.ahead, told.have if known else None, told.codec)
            line.device = one_line(told.device, 60)
            line.writer.send(Welcome(self._token, first))
            self._waiting.remove(line)
            if not known and self._report is not None:  # others, who begin to count at 0
                self._gaps, self._report = self._gaps + self._report.gaps, None
            self._line, self._came = line, True
        if before is not None:
            self._dismiss(before, Bye("Others listen now.", stay_away=True))
        who = "The ears are back" if known else "Other ears are here" if again else "Ears are here"
        self._say(f"{who}: {line.device}.")

    def _dismiss(self, line: _Line, bye: Bye) -> None:
        """The last word to ears, if they take it at once."""
        with self._lock:
            line.leaves = True
        until = self._clock() + BYE_SECONDS
        while self._writing is line and self._clock() < until:
            time.sleep(NAP)
        if self._writing is not line:
            with contextlib.suppress(OSError, ValueError):
                line.socket.settimeout(BYE_SECONDS)
                line.writer.send(bye)
        line.end()

    def _lose(self, line: _Line) -> None:
        with self._lock:
            if line in self._waiting:
                self._waiting.remove(line)
            lost = line is self._line
            if lost:
                self._line = None
        line.socket.close()
        if lost and not self._closing.is_set() and not self.over:
            self._say(
                "The ears are gone; the session stands still and goes on by itself when they are "
                "back."
            )

    # what they are sent

    def _send(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                line = self._line
                words = self._due(line)
                self._writing = line if words else None
            if line is None or not words:
                time.sleep(NAP)
                continue
            try:
                for message, payload in words:
                    line.writer.send(message, payload)
            except (OSError, ValueError):
                line.end()
                time.sleep(NAP)
            finally:
                self._writing = None
        line = self._line
        if line is not None:
            self._dismiss(line, Bye())

    def _due(self, line: _Line | None) -> list[tuple[msgspec.Struct, bytes]]:
        words: list[tuple[msgspec.Struct, bytes]] = []
        if self._skip_asked.is_set():
            self._skip_asked.clear()
            words.append((Skip(self._sending.skip()), b""))
            if line is not None:
                line.last_said = False
        if line is None or line.leaves:
            return []
        now, stand = self._clock(), Stand(self.paused, self.volume)
        if stand != line.stand:
            line.stand = stand
            words.append((stand, b""))
        if self._stopping and not line.stop_said:
            line.stop_said = True
            words.append((Stop(), b""))
        if now - line.beat_at >= (BEAT_PATIENCE if line.beats else BEAT_SECONDS):
            line.beat, line.beat_at, line.beats = line.beat + 1, now, True
            words.append((Beat(line.beat), b""))
        block = None if self._stopping else self._sending.take()
        if block is not None:
            words.append((Sound(block.first, block.frames, block.codec), block.data))
        elif self._sending.all_sent and not line.last_said:
            line.last_said = True
            words.append((Last(self._ring.written), b""))
        return words


def _here() -> str:
    """What ssh would call this machine, as far as that can be known here."""
    with contextlib.suppress(OSError, KeyError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return socket.gethostname()
