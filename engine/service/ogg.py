"""The sound of a session as Ogg Vorbis, a tenth of the bytes: made when somebody asks for it, once
for all who do, from the FLAC file, also while that grows.

A FLAC file that grows is read with a beginning that says so much as is surely there.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import soundfile

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.places import open_file
from engine.service.flac import HEAD, with_length
from engine.service.sink import growing

HELD_BACK = 3 * 4096
"""Frames that the FLAC encoder may still have: less than so many of its blocks."""
STEP = 10 * SAMPLE_RATE
LOOK_SECONDS = 0.2
log = logging.getLogger(__name__)


class OggCopy:
    """``source``'s copy at ``target``, begun at once in a thread of its own.

    ``frames``: how many were given to the file so far; ``settled``: whether more will come.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        *,
        title: str,
        frames: Callable[[], int],
        settled: Callable[[], bool],
        ended: Callable[[], bool],
    ) -> None:
        self._source, self._target, self._title = source, target, title
        self._frames, self._settled, self._ended = frames, settled, ended
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ogg copy", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            about = {"title": self._title, "artist": "musmed", "comment": "music medicine"}
            with AudioWriter(self._target, **about) as writer:
                self._copy(writer)
        except _EndedError:
            pass
        except (MusmedError, OSError, soundfile.LibsndfileError) as error:
            log.warning("%s can't be copied: %s", self._source, error)
        finally:
            self.done.set()

    def _copy(self, writer: AudioWriter) -> None:
        pause = threading.Event()
        while True:
            settled = self._settled()
            if self._ended():  # asked last: a service that ends settles all that it has
                raise _EndedError
            there = whole_frames(self._source) if settled else self._frames() - HELD_BACK
            if there > writer.frames:
                count = min(STEP, there - writer.frames)
                writer.write(read_grown(self._source, writer.frames, count, there))
            elif settled:
                return
            else:
                pause.wait(LOOK_SECONDS)


class _EndedError(Exception):
    """The service ends."""


def whole_frames(path: Path) -> int:
    """How long a FLAC file is that does not grow; 0 where there is none."""
    try:
        with open_file(path) as file, soundfile.SoundFile(file) as sound:
            return int(sound.frames)
    except (OSError, soundfile.LibsndfileError):
        return 0


def read_grown(path: Path, start: int, count: int, there: int) -> Frames:
    """Frames ``start`` to ``start + count`` of the file that is or becomes ``path``, of which
    ``there`` can be read. Raises ``OSError`` and soundfile's error."""
    with _opened(path) as file, soundfile.SoundFile(_Said(file, there)) as sound:
        sound.seek(start)
        read: Frames = sound.read(count, dtype="float32", always_2d=True)
        return read


def _opened(path: Path) -> io.BufferedReader:
    try:
        return open_file(path)
    except FileNotFoundError:
        try:
            return open_file(growing(path))
        except FileNotFoundError:
            return open_file(path)  # it got its name between the two


class _Said(io.RawIOBase):
    """A FLAC file that says it has ``frames`` frames."""

    def __init__(self, file: io.BufferedReader, frames: int) -> None:
        self._descriptor = file.fileno()
        self._at = 0
        self._head = with_length(os.pread(self._descriptor, HEAD, 0), frames)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        if base is None:
            base = os.fstat(self._descriptor).st_size
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = os.pread(self._descriptor, len(buffer), self._at)
        known = self._head[self._at : self._at + len(data)]
        data = known + data[len(known) :]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
