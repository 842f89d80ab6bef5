"""The body's signal, from a socket, a pipe, a file that grows, or standard input, in a thread.

musmed connects and reads; it listens on nothing and writes nothing. What comes is read with limits
(``engine.listener.signal_lines``), no sample is kept, and nothing of it is ever said or logged.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.errors import MusmedError
from engine.listener.signal_lines import Lines, Sample, parse
from engine.places import look_at

REST_SECONDS = 0.05
"""From one look to the next: however fast lines come, they are looked at so often."""
READ_BYTES = 1 << 18
"""At a look."""
CONNECT_SECONDS = 2.0
"""A socket that does not answer for so long does not."""
AGAIN_SECONDS = 5.0
"""A socket that was closed is connected to again so often."""
HELD = 1_000
"""Samples that wait to be taken, the newest."""
UNREADABLE = 3
"""Lines that can't be read are spoken of from the third on: the first one may have been joined in
its midst."""

TOO_FAST = "The signal has more lines than are needed; only some of them are read."
LEFT_OUT = "Lines of the signal that can't be read, or believed, are left out."
OVER = "The signal is over; nothing more is done by it."


class Door(Protocol):
    """Where bytes come from."""

    ends: bool
    """Once it has no more it never will."""

    def read(self) -> bytes | None:
        """What is here, without waiting; None where the sender has gone. Raises ``OSError``."""
        ...

    def close(self) -> None: ...


class SignalReader:
    """Reads from ``door`` from now on, until ``close``. ``take`` and ``take_said`` are for one
    other thread. ``clock``: seconds that do not go back."""

    def __init__(self, door: Door, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._door = door
        self._clock = clock
        self._lines = Lines()
        self._unreadable = 0
        self._samples: deque[tuple[float, Sample]] = deque(maxlen=HELD)
        self._said: deque[str] = deque()
        self._told: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signal", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Seconds of the clock by which samples are said to have come."""
        return self._clock()

    def take(self) -> list[tuple[float, Sample]]:
        """What has come since the last call, and when."""
        return [self._samples.popleft() for _ in range(len(self._samples))]

    def take_said(self) -> list[str]:
        """Sentences for the listener since the last call; each is said once."""
        return [self._said.popleft() for _ in range(len(self._said))]

    def close(self) -> None:
        """Read no more. May be called twice."""
        self._closed.set()
        self._thread.join(timeout=2 * CONNECT_SECONDS)

    def _run(self) -> None:
        try:
            while not self._closed.wait(REST_SECONDS):
                try:
                    data = self._door.read()
                except OSError:
                    data = None
                if data is not None:
                    self._hear(data)
                    continue
                self._lines.begin_anew()
                if self._door.ends:
                    self._say(OVER)
                    return
        finally:
            with contextlib.suppress(OSError):
                self._door.close()

    def _hear(self, data: bytes) -> None:
        now = self._clock()
        for line in self._lines.feed(data, now):
            sample = parse(line)
            if sample is None:
                self._unreadable += 1
            else:
                self._samples.append((now, sample))
        if self._lines.dropped:
            self._say(TOO_FAST)
        if self._unreadable >= UNREADABLE:
            self._say(LEFT_OUT)

    def _say(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._said.append(text)


def open_signal(place: Path) -> SignalReader:
    """Connect to what lies at ``place``: a Unix stream socket, a pipe, or a file, of which what is
    added from now on is read. Raises ``MusmedError``."""
    found = look_at(place, "signal")
    if found == "nothing":
        raise MusmedError(f"There is no signal at {place}; begin what writes it first.")
    try:
        mode = place.stat().st_mode
        if stat.S_ISSOCK(mode):
            return SignalReader(_Socket(place))
        if stat.S_ISFIFO(mode) or stat.S_ISREG(mode):
            return SignalReader(_opened(place))
    except OSError as error:
        raise MusmedError(
            f"The signal at {place} can't be read ({error.strerror or error}); is it being written?"
        ) from error
    raise MusmedError(f"{place} is no socket, pipe or file, so no signal can be read from it.")


def standard_input() -> SignalReader:
    """What is written to this process."""
    return SignalReader(_Pipe(0, ends=True))


def _opened(place: Path) -> Door:
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return _Growing(descriptor)
    if stat.S_ISFIFO(mode):
        return _Pipe(descriptor, ends=False)
    os.close(descriptor)
    raise OSError("it is no pipe and no file any more")


class _Pipe:
    """A pipe with a name, which one may write to after another, or one without (``ends``)."""

    def __init__(self, descriptor: int, *, ends: bool) -> None:
        self.ends = ends
        self._descriptor = descriptor
        self._ready = select.poll()
        self._ready.register(descriptor, select.POLLIN)

    def read(self) -> bytes | None:
        if not self._ready.poll(0):
            return b""
        return os.read(self._descriptor, READ_BYTES) or None

    def close(self) -> None:
        if not self.ends:  # standard input is not this door's
            os.close(self._descriptor)


class _Growing:
    """A file, from where it ends now; from its beginning, once it has become shorter."""

    ends = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = os.fstat(descriptor).st_size

    def read(self) -> bytes | None:
        if os.fstat(self._descriptor).st_size < self._at:
            self._at = 0
            return None
        data = os.pread(self._descriptor, READ_BYTES, self._at)
        self._at += len(data)
        return data

    def close(self) -> None:
        os.close(self._descriptor)


class _Socket:
    """A Unix stream socket that another program listens on, connected to again if it is closed."""

    ends = False

    def __init__(self, place: Path) -> None:
        self._place = place
        self._socket: socket.socket | None = _connected(place)
        self._tried = time.monotonic()

    def read(self) -> bytes | None:
        if self._socket is None:
            if time.monotonic() - self._tried < AGAIN_SECONDS:
                return b""
            self._tried = time.monotonic()
            self._socket = _connected(self._place)
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.close()
            return None
        return data

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected(place: Path) -> socket.socket:
    """Raises ``OSError``."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(CONNECT_SECONDS)
        made.connect(str(place))
        made.setblocking(False)  # reading waits for nothing, however long the sender says nothing
    except BaseException:
        made.close()
        raise
    return made
