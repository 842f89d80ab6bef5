"""The front's side of the link: the engine process and what it delivers."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec

from engine.composers.options import USUAL, ComposerOptions
from engine.errors import MusmedError
from engine.link.deliveries import Banner, Delivery, EngineLost
from engine.link.framing import Frame, FrameReader, FrameWriter, LinkError
from engine.link.inbox import Inbox
from engine.link.protocol import (
    PROTOCOL_VERSION,
    WINDOW_PARTS,
    Cancel,
    Compose,
    Failure,
    Hello,
    Loading,
    Open,
    Opened,
    Part,
    Ping,
    Pong,
    Pull,
    Quit,
    ToFront,
)
from engine.plan.spec import ClipKey, ClipSpec

OUTGOING = 256
"""Messages that may wait for a line that takes nothing before it counts as lost."""


class EngineClient:
    """An engine process and the threads that talk with it.

    No method waits for the engine (``close`` aside). Whatever it says is given to ``deliver``
    from the reader thread, in order; ``EngineLost`` is the last delivery and comes exactly once,
    unless ``close`` ended the engine.

    ``argv``: the command to run, this interpreter's engine by default. ``log``: a file (or its
    descriptor) for the engine's stderr; None for none. Raises ``MusmedError`` when the command
    can't be started.
    """

    def __init__(
        self,
        deliver: Callable[[Delivery], None],
        *,
        argv: Sequence[str] | None = None,
        log: IO[bytes] | IO[str] | int | None = None,
    ) -> None:
        self._deliver = deliver
        self._inbox = Inbox()
        self._closing = threading.Event()
        self._outgoing: queue.Queue[tuple[msgspec.Struct, bytes] | None] = queue.Queue(OUTGOING)
        self._process = _spawn(argv, log)
        self._reader: FrameReader[ToFront] = FrameReader(
            cast("BinaryIO", self._process.stdout), ToFront
        )
        self._writer = FrameWriter(cast("BinaryIO", self._process.stdin))
        self._threads = (
            threading.Thread(target=self._read, name="link-read", daemon=True),
            threading.Thread(target=self._write, name="link-write", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id of the command (of ssh, for a remote engine)."""
        return self._process.pid

    def open(self, composer: str, options: ComposerOptions = USUAL) -> None:
        """Load a composer: ``Loading`` may come, ``Opened`` or ``Failure`` will."""
        self._send(Open(composer, options))

    def compose(self, spec: ClipSpec, continuation: bytes) -> None:
        """Ask for a clip: ``ClipStarted``, ``ChunkArrived`` ..., ``ClipEnded`` will come, or
        ``ClipFailed``. ``continuation``: packed, of the clip to go on from; empty at the
        session's start."""
        self._inbox.expect(spec.key)
        self._send(Compose(spec), continuation)

    def cancel(self, key: ClipKey, keep_until: int) -> None:
        """Stop composing a clip once it reaches session frame ``keep_until``: ``ClipEnded``
        with ``cut`` will come if it was under way or the next in turn, nothing if it was queued
        behind another."""
        self._send(Cancel(key.index, key.revision, keep_until))

    def ping(self, number: int) -> None:
        """``Pong`` will come."""
        self._send(Ping(number))

    def close(self, timeout: float = 2.0) -> None:
        """End the engine: ask, wait ``timeout`` seconds, terminate, then kill. May be called
        twice and from ``deliver``."""
        self._closing.set()
        self._send(Quit())
        self._stop_writing()
        _end(self._process, timeout)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _send(self, message: msgspec.Struct, payload: bytes = b"") -> None:
        try:
            self._outgoing.put_nowait((message, payload))
        except queue.Full:
            self._process.kill()  # the reader sees the end of the stream and says so

    def _stop_writing(self) -> None:
        try:
            self._outgoing.put_nowait(None)
        except queue.Full:
            self._process.kill()

    def _write(self) -> None:
        stream = cast("BinaryIO", self._process.stdin)
        try:
            self._writer.send_preamble()
            while (outgoing := self._outgoing.get()) is not None:
                self._writer.send(*outgoing)
        except (OSError, ValueError):
            pass  # the engine is gone; the reader says so
        finally:
            with contextlib.suppress(OSError):
                stream.close()

    def _read(self) -> None:
        reason = ""
        try:
            self._listen()
        except MusmedError as error:
            reason = str(error)
            self._process.kill()
        except (OSError, ValueError):
            pass
        finally:
            lost = reason or _why(_end(self._process, 1.0))
            _end(self._process, 0.0)
            cast("BinaryIO", self._process.stdout).close()
            self._stop_writing()
            if not self._closing.is_set():
                self._deliver(EngineLost(lost))

    def _listen(self) -> None:
        if not self._reader.skip_to_preamble(lambda line: self._deliver(Banner(line))):
            return
        while (frame := self._reader.read()) is not None:
            self._handle(frame)

    def _handle(self, frame: Frame[ToFront]) -> None:
        message = frame.message
        match message:
            case Hello():
                if message.protocol != PROTOCOL_VERSION:
                    raise LinkError(
                        f"The engine speaks version {message.protocol} of the link protocol, not "
                        f"{PROTOCOL_VERSION}; install the same version of musmed on both sides."
                    )
                self._send(Pull(WINDOW_PARTS))
                self._deliver(message)
            case Loading() | Opened() | Pong() | Failure():
                self._deliver(message)
            case _:
                delivery = self._inbox.take(message, frame.payload)
                if delivery is not None:
                    self._deliver(delivery)
                if isinstance(message, Part):
                    self._send(Pull(1))


def default_argv() -> list[str]:
    """This interpreter's engine, wherever the working directory is: ``-P`` keeps a folder that
    happens to hold something called ``engine`` from being run instead."""
    return [sys.executable, "-P", "-m", "engine"]


def _spawn(
    argv: Sequence[str] | None, log: IO[bytes] | IO[str] | int | None
) -> subprocess.Popen[bytes]:
    command = list(argv) if argv is not None else default_argv()
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if log is None else log,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C at the terminal is the front's
        )
    except OSError as error:
        raise MusmedError(
            f"The engine can't be started ({command[0]}: {error.strerror}); "
            "check that musmed is installed there."
        ) from error


def _end(process: subprocess.Popen[bytes], timeout: float) -> int:
    """Wait, terminate, kill; the exit status."""
    for seconds, stop in ((timeout, process.terminate), (0.5, process.kill)):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            stop()
    return process.wait()


def _why(status: int) -> str:
    if status < 0:
        return f"The engine was ended by {_signal_name(-status)}."
    if status:
        return f"The engine ended with status {status}; its log says why."
    return "The engine ended."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
