"""Notes sounded in a process of their own, while the engine finishes what has come of them.

    python -m engine.composers.score.apart

is that process: it composes the clip that is asked for from the same state and gives its blocks, as
far ahead of the engine as they come. Composing is a small part of sounding, and a clip is the same
whoever composes it: so the two processes share nothing but what was asked. It ends when its stdin
does, so never outlives its engine. What it prints goes where the engine's stderr goes.
"""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, cast

import msgspec
import numpy as np

from engine.audio.format import CHANNELS, GRID_FRAMES, Frames
from engine.composers.score.parts.touch import Note
from engine.composers.score.sound.reverb import REACH
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.plan.gentle import Gentle
from engine.plan.spec import ClipSpec

BLOCK, END, ERROR = range(3)
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<III")
"""Of what comes back: the number of what was asked, what it is, and how many bytes follow."""


class Asked(msgspec.Struct, frozen=True):
    """A clip to be sounded: what ``Composer.compose`` is given, and what sounds its notes."""

    number: int
    spec: ClipSpec
    state: bytes | None
    wish: Synthesis


class _Came(NamedTuple):
    kind: int
    data: bytes


class Apart:
    """The engine's side: starts the process, again where it has died, and takes what it gives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._blocks: queue.Queue[_Came] = queue.Queue()
        """Of what was asked last."""

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def asked(self, spec: ClipSpec, state: bytes | None, wish: Synthesis) -> ApartRenderer:
        """Have a clip sounded; of one that was asked for before nothing more comes. Raises
        ``MusmedError`` where the process can't be started."""
        with self._lock:
            self._number += 1
            blocks: queue.Queue[_Came] = queue.Queue()
            self._blocks = blocks
            number = self._number
        data = msgspec.msgpack.encode(Asked(number, spec, state, wish))
        try:
            self._send(data)
        except OSError:  # it has died since the clip before
            self.close()
            self._send(data)
        return ApartRenderer(blocks.get)

    def _send(self, data: bytes) -> None:
        with self._lock:
            process = self._process = self._process or self._started()
        stream = cast("BinaryIO", process.stdin)
        stream.write(_LENGTH.pack(len(data)) + data)
        stream.flush()

    def _started(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-P", "-m", "engine.composers.score.apart"]
        try:
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise MusmedError(
                f"The process that sounds the notes can't be started ({error.strerror}); "
                "render with --jobs 1."
            ) from error
        threading.Thread(target=self._read, args=(process,), name="apart", daemon=True).start()
        return process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        stream = cast("BinaryIO", process.stdout)
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            number, kind, length = _HEAD.unpack(head)
            data = stream.read(length)
            if len(data) < length:
                break
            with self._lock:
                if number == self._number:
                    self._blocks.put(_Came(kind, data))
        with self._lock:  # who asks from here on has another
            if process is self._process:
                self._process = None
                self._blocks.put(_Came(ERROR, b"The process that sounds the notes has ended."))
        process.kill()
        process.wait()

    def close(self) -> None:
        """End the process. May be called twice."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


class ApartRenderer:
    """Gives the blocks of one clip, in the place of a ``Renderer``."""

    def __init__(self, take: Callable[[], _Came]) -> None:
        self._take = take

    def blocks(
        self,
        notes: Callable[[int], list[Note]],
        first: int,
        last: int,
        gentle: Gentle | None = None,
    ) -> Iterator[Frames]:
        """As ``Renderer.blocks``; ``notes`` are asked for in the same steps, so that as much of the
        score was arranged when a clip is cut."""
        for block in range(first - REACH, last):
            notes((block + 1) * GRID_FRAMES)
            if block >= first:
                yield self._block()

    def _block(self) -> Frames:
        came = self._take()
        if came.kind != BLOCK:
            raise MusmedError(came.data.decode(errors="replace") or "The clip's sound ended early.")
        return np.frombuffer(came.data, np.float32).reshape(-1, CHANNELS)


# the process


def main() -> None:
    """Sound what is asked for on stdin until it ends."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print is no block
    wanted: queue.Queue[Asked] = queue.Queue()
    threading.Thread(target=_listen, args=(incoming, wanted), name="read", daemon=True).start()
    _Sounding(wanted, outgoing).run()


def _listen(incoming: BinaryIO, wanted: queue.Queue[Asked]) -> None:
    decoder = msgspec.msgpack.Decoder(Asked)
    while len(head := incoming.read(_LENGTH.size)) == _LENGTH.size:
        wanted.put(decoder.decode(incoming.read(*_LENGTH.unpack(head))))
    os._exit(0)  # the engine has gone; whatever is being computed is of no use


class _Sounding:
    def __init__(self, wanted: queue.Queue[Asked], outgoing: BinaryIO) -> None:
        from engine.composers.score.composer import EmbeddedComposer

        self._wanted, self._outgoing = wanted, outgoing
        self._composer, self._wish = EmbeddedComposer(), Synthesis()

    def run(self) -> None:
        while True:
            asked = self._wanted.get()
            try:
                self._sound(asked)
                said = _Came(END, b"")
            except MusmedError as error:
                said = _Came(ERROR, str(error).encode())
            except BrokenPipeError:
                return
            except Exception as error:
                traceback.print_exc()
                said = _Came(ERROR, f"The notes can't be sounded ({error}).".encode())
            self._give(asked.number, said)

    def _sound(self, asked: Asked) -> None:
        if asked.wish != self._wish:
            self._composer.sound_with(asked.wish)
            self._wish = asked.wish
        composition = self._composer.compose(
            asked.spec, asked.state, lambda: not self._wanted.empty()
        )
        for audio in composition.chunks():
            self._give(asked.number, _Came(BLOCK, audio.tobytes()))

    def _give(self, number: int, came: _Came) -> None:
        self._outgoing.write(_HEAD.pack(number, came.kind, len(came.data)) + came.data)
        self._outgoing.flush()


if __name__ == "__main__":
    main()
