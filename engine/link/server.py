"""The engine's side of the link: three threads around one outbox.

The *reader* takes messages and never waits for anything but the next one, the *worker*
composes, the *sender* is the only one that writes. So a ping is answered at once while a clip
is being composed, and the engine notices a closed stdin whatever else it is doing; the main thread
ends it for a front that is silent for long (``front_watch``).
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, assert_never

from engine import __version__
from engine.clip_record import PLAIN, Coding
from engine.composers.base import Composer, composer_names, open_composer
from engine.link.framing import Frame, FrameReader, FrameWriter, LinkError
from engine.link.front_watch import LOOK_SECONDS, FrontWatch
from engine.link.outbox import Outbox
from engine.link.protocol import (
    PART_BYTES,
    PLAIN_PART_BYTES,
    PROTOCOL_VERSION,
    WHOLE_PART_BYTES,
    Cancel,
    Compose,
    Failure,
    Hello,
    Open,
    Ping,
    Pong,
    Pull,
    Quit,
    ToEngine,
    sentence,
)
from engine.link.spec_check import checked
from engine.link.versions import WHOLE_MINOR
from engine.link.worker import ComposeWorker, Job
from engine.plan.spec import ClipKey

LAST_WORDS_SECONDS = 1.0
"""How long the engine waits at its end for the front to take the reason for it."""


def serve(
    stdin: BinaryIO, stdout: BinaryIO, load: Callable[[str], Composer] = open_composer
) -> int:
    """Answer the front until stdin closes, ``Quit`` comes or a stream breaks.

    Returns the exit status: 0, or 2 when the front sent something malformed (it is told in a
    ``Failure``). ``stdin`` and ``stdout`` are binary and blocking; ``load`` makes a composer by
    name. The worker may still be inside a composer's call when this returns.
    """
    return _Server(stdin, stdout, load).run()


class _Server:
    def __init__(self, stdin: BinaryIO, stdout: BinaryIO, load: Callable[[str], Composer]) -> None:
        self._reader: FrameReader[ToEngine] = FrameReader(stdin, ToEngine)
        self._writer = FrameWriter(stdout)
        self._outbox = Outbox()
        self._worker = ComposeWorker(self._outbox, load)
        self._ended = threading.Event()
        self._messages = 0
        """Whole ones that have come."""
        self._status = 0

    def run(self) -> int:
        sender = threading.Thread(target=self._send, name="send", daemon=True)
        sender.start()
        self._outbox.answer(_hello())
        self._worker.start()
        threading.Thread(target=self._read, name="read", daemon=True).start()
        self._wait()
        self._worker.close()
        self._outbox.close()
        sender.join(LAST_WORDS_SECONDS)
        return self._status

    def _wait(self) -> None:
        """Until the engine is to end, or its front is silent for too long."""
        watch = FrontWatch(time.monotonic())
        while not self._ended.wait(LOOK_SECONDS):
            if reason := watch.look(time.monotonic(), self._messages):
                self._refuse(reason)
                return

    def _refuse(self, reason: str) -> None:
        """Say why the engine ends, if the front takes it."""
        self._status = 2
        print(f"musmed engine: {reason}", file=sys.stderr)
        with contextlib.suppress(LinkError):  # it does not listen either
            self._outbox.answer(Failure(sentence(reason)))

    def _send(self) -> None:
        try:
            self._writer.send_preamble()
            while (outgoing := self._outbox.take()) is not None:
                self._writer.send(*outgoing)
        except LinkError as error:
            print(f"musmed engine: {error}", file=sys.stderr)
            self._status = 1
        except (OSError, ValueError):
            pass  # the front is gone
        finally:
            self._ended.set()

    def _read(self) -> None:
        try:
            if not self._reader.skip_to_preamble(lambda _: None):
                return
            self._writer.minor = self._reader.version.minor
            while (frame := self._reader.read()) is not None:
                self._messages += 1
                if not self._handle(frame):
                    return
        except LinkError as error:
            self._refuse(str(error))
        except (OSError, ValueError):
            pass  # the front is gone
        finally:
            self._ended.set()

    def _handle(self, frame: Frame[ToEngine]) -> bool:
        """False when the engine is to end."""
        message = frame.message
        match message:
            case Ping(number):
                self._outbox.answer(Pong(number))
            case Pull(parts):
                self._outbox.grant(parts)
            case Open():
                self._worker.add(message)
            case Compose(spec, codec, described):
                part = _part_bytes(codec, self._reader.version.minor)
                self._worker.add(Job(checked(spec, described), frame.payload, codec, part))
            case Cancel(index, revision, keep_until):
                self._worker.cancel(ClipKey(index, revision), keep_until)
            case Quit():
                return False
            case _:
                assert_never(message)
        return True


def _part_bytes(codec: Coding, minor: int) -> int:
    """How much of a clip's sound is one part for a front of ``minor``."""
    if codec != PLAIN:
        return PART_BYTES
    return PLAIN_PART_BYTES if minor < WHOLE_MINOR else WHOLE_PART_BYTES


def _hello() -> Hello:
    return Hello(
        protocol=PROTOCOL_VERSION,
        engine=__version__,
        python=platform.python_version(),
        pid=os.getpid(),
        composers=composer_names(),
    )
