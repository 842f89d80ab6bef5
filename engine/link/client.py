"""The front's side of the link: the engine process and what it delivers."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, BinaryIO, cast

import msgspec

from engine.clip_record import LOSSLESS, PLAIN, Coding
from engine.composers.options import USUAL, ComposerOptions
from engine.errors import MusmedError
from engine.link.deliveries import Banner, Delivery, EngineLost, LineFault
from engine.link.framing import Frame, FrameReader, FrameWriter, LinkError
from engine.link.inbox import Inbox
from engine.link.overheard import Overheard
from engine.link.owed import Owed
from engine.link.process import Activity, end, kill, spawn, why
from engine.link.protocol import (
    OPUS_WINDOW_PARTS,
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
    ToEngine,
    ToFront,
)
from engine.link.ssh import FarEngine, fault_of
from engine.link.versions import OPUS_MINOR, PLAIN_MINOR, WANTED_MINOR, Version
from engine.link.watchdog import LOOK_SECONDS, Hung, Watchdog
from engine.plan.packed import packed
from engine.plan.spec import ClipKey, ClipSpec

OUTGOING = 256
"""Messages that may wait for a line that takes nothing before it counts as lost."""
GONE_SECONDS = 2.0
"""How long the stream of an engine that was killed may stay open: somebody else may hold it."""

APART = ("--apart",)
"""Has the engine leave half of its work to a process of its own."""
LAST_WORDS_SECONDS = 1.0
"""How long what ssh printed is waited for when it has ended."""


class EngineClient:
    """An engine process and the threads that talk with it.

    No method waits for the engine (``close`` aside). Whatever it says is given to ``deliver``
    from the reader thread, in order; ``EngineLost`` is the last delivery and comes exactly once,
    unless ``close`` ended the engine. One that hangs (``watchdog``) is killed, and lost likewise.

    ``argv``: the command to run, this interpreter's engine by default, two processes of it where it
    can work ``apart``. ``far``: one on another
    machine in its place; whether its process runs can't be seen here, and a dead line is ssh's to
    notice. ``log``: a file (or its descriptor) for the engine's stderr, of one on another machine
    for the beginning of it (``overheard``); None for none. Raises ``MusmedError`` when the
    command can't be started.
    """

    def __init__(
        self,
        deliver: Callable[[Delivery], None],
        *,
        argv: Sequence[str] | None = None,
        far: FarEngine | None = None,
        apart: bool = False,
        log: IO[bytes] | IO[str] | int | None = None,
    ) -> None:
        self._deliver = deliver
        self._far = far
        self._inbox = Inbox()
        self._owed = Owed()
        self._closing = threading.Event()
        self._over = threading.Event()
        self._hung = ""
        """Why the engine was ended, by the watchdog."""
        self._lost = False
        self._losing = threading.Lock()
        self._outgoing: queue.Queue[tuple[ToEngine, bytes] | None] = queue.Queue(OUTGOING)
        command = far.argv if far is not None else argv
        self._process = spawn(
            [*default_argv(), *APART[:apart]] if command is None else command,
            log if far is None else subprocess.PIPE,
        )
        self._errors: Overheard | None = None
        if far is not None:
            self._errors = Overheard(cast("IO[bytes]", self._process.stderr), log)
        self._reader: FrameReader[ToFront] = FrameReader(
            cast("BinaryIO", self._process.stdout), ToFront
        )
        self._writer = FrameWriter(cast("BinaryIO", self._process.stdin))
        self._threads = (
            threading.Thread(target=self._read, name="link-read", daemon=True),
            threading.Thread(target=self._write, name="link-write", daemon=True),
            threading.Thread(target=self._watch, name="link-watch", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id of the command (of ssh, for a remote engine)."""
        return self._process.pid

    @property
    def version(self) -> Version:
        """The engine's of the link, once it has greeted."""
        return self._reader.version

    @property
    def codec(self) -> Coding:
        """How clips cross that are asked for now: as ``far`` has it, plain from an engine of this
        machine, if the engine knows that."""
        minor = self._reader.version.minor
        if self._far is None:
            return PLAIN if minor >= PLAIN_MINOR else LOSSLESS
        return self._far.host.codec if minor >= OPUS_MINOR else LOSSLESS

    @property
    def idle(self) -> bool:
        """Whether it lives and owes no answer."""
        return not self._over.is_set() and not self._owed.seen(busy=None).owes

    def open(self, composer: str, options: ComposerOptions = USUAL) -> None:
        """Load a composer: ``Loading`` may come, ``Opened`` or ``Failure`` will."""
        self._send(Open(composer, options))

    def compose(self, spec: ClipSpec, continuation: bytes) -> None:
        """Ask for a clip: ``ClipStarted``, ``ChunkArrived`` ..., ``ClipEnded`` will come, or
        ``ClipFailed``. ``continuation``: packed, of the clip to go on from; empty at the
        session's start. An engine that is too old to hold what is asked of the music is ended, with
        a sentence."""
        if self._reader.version.minor < WANTED_MINOR and spec.asks:
            self._lose(self._said_of_older())
            kill(self._process)
            return
        codec = self.codec
        self._inbox.expect(spec, self._owed.composer, self._owed.version, codec)
        described = b"" if spec.description is None else packed(spec.description)
        asked = msgspec.structs.replace(spec, description=None)
        self._send(Compose(asked, codec, described), continuation)

    def cancel(self, key: ClipKey, keep_until: int) -> None:
        """Stop composing a clip once it reaches session frame ``keep_until``: ``ClipEnded``
        with ``cut`` will come if it was under way or the next in turn, nothing if it was queued
        behind another."""
        self._inbox.cancelled(key, keep_until)
        self._send(Cancel(key.index, key.revision, keep_until))

    def ping(self, number: int) -> None:
        """``Pong`` will come."""
        self._send(Ping(number))

    def close(self, timeout: float = 2.0) -> None:
        """End the engine: ask, wait ``timeout`` seconds, terminate, then kill. May be called
        twice and from ``deliver``."""
        self._closing.set()
        self._over.set()
        self._send(Quit())
        self._stop_writing()
        end(self._process, timeout)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _send(self, message: ToEngine, payload: bytes = b"") -> None:
        self._owed.asked(message)
        try:
            self._outgoing.put_nowait((message, payload))
        except queue.Full:
            kill(self._process)  # the reader sees the end of the stream and says so

    def _stop_writing(self) -> None:
        try:
            self._outgoing.put_nowait(None)
        except queue.Full:
            kill(self._process)

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

    def _watch(self) -> None:
        watchdog, activity = Watchdog(time.monotonic()), Activity(self.pid)
        while not self._over.wait(LOOK_SECONDS):
            busy = activity.busy() if self._far is None else None
            asked = watchdog.look(time.monotonic(), self._owed.seen(busy=busy))
            if isinstance(asked, Hung):
                self._end_hung(asked.reason)
                return
            if asked is not None:
                self._send(asked)

    def _said_of_older(self) -> str:
        where = "The engine" if self._far is None else f"musmed on {self._far.called}"
        return (
            f"{where} is older and can't hold features, a description or faders; install this "
            "version there, or leave them out."
        )

    def _end_hung(self, reason: str) -> None:
        self._hung = reason
        kill(self._process)
        if not self._over.wait(GONE_SECONDS):
            self._lose(reason)  # the reader waits for whoever else holds the engine's stream

    def _read(self) -> None:
        reason = ""
        try:
            self._listen()
        except MusmedError as error:
            reason = str(error)
            kill(self._process)
        except (OSError, ValueError):
            pass
        finally:
            self._over.set()
            explain = why if self._far is None else self._far.why
            status = end(self._process, 1.0)
            lost = reason or explain(status)
            end(self._process, 0.0)
            cast("BinaryIO", self._process.stdout).close()
            self._stop_writing()
            fault = "" if reason or self._hung else self._fault(status)
            self._lose(self._hung or lost, fault)

    def _fault(self, status: int | None) -> LineFault:
        if self._errors is None:
            return ""
        return fault_of(status, self._errors.last(LAST_WORDS_SECONDS))

    def _lose(self, reason: str, line: LineFault = "") -> None:
        """Say that the engine is gone, once."""
        with self._losing:
            said, self._lost = self._lost or self._closing.is_set(), True
        if not said:
            self._deliver(EngineLost(reason, line))

    def _listen(self) -> None:
        if not self._reader.skip_to_preamble(self._banner):
            return
        self._writer.minor = self._reader.version.minor
        while (frame := self._reader.read()) is not None:
            self._handle(frame)

    def _banner(self, line: str) -> None:
        self._owed.heard()
        self._deliver(Banner(line))

    def _handle(self, frame: Frame[ToFront]) -> None:
        message = frame.message
        wanted = self._owed.answered(message)
        match message:
            case Hello():
                if message.protocol != PROTOCOL_VERSION:
                    raise LinkError(
                        f"The engine speaks version {message.protocol} of the link protocol, not "
                        f"{PROTOCOL_VERSION}; install the same version of musmed on both sides."
                    )
                opus = self.codec == "opus"
                self._send(Pull(OPUS_WINDOW_PARTS if opus else WINDOW_PARTS))
                self._deliver(message)
            case Loading() | Opened() | Pong() | Failure():
                if wanted:
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
