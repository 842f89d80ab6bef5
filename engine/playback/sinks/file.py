"""A sink that writes the session to an audio file, as fast as it is composed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.audio.files import AudioWriter, check_target
from engine.audio.format import CHANNELS, SAMPLE_RATE
from engine.errors import MusmedError
from engine.playback.sinks.base import Fill, SinkUnavailableError


class FileSink:
    """Writes exactly the session's frames to ``path`` (FLAC, WAV or OGG by its suffix).

    As fast as the session is composed; who paces it overrides ``before`` and ``after``. The file
    appears under its name when the session ends or the sink is closed. Should writing fail,
    ``active`` turns False and ``start`` raises what was wrong. The constructor raises
    ``MusmedError`` for a path that can't become an audio file.
    """

    name = "file"
    realtime = False
    own_clock = False
    at_once = SAMPLE_RATE
    """Frames asked for at a time."""

    def __init__(
        self, path: Path, *, title: str = "musmed session", comment: str = "music medicine"
    ) -> None:
        check_target(path)
        self._path = path
        self._title = title
        self._comment = comment
        self.stopping = threading.Event()
        """Set by ``close``: who waits comes back."""
        self._thread: threading.Thread | None = None
        self._failure: MusmedError | None = None
        self._until: int | None = None
        self._at_until: Callable[[], None] = lambda: None
        self.done = threading.Event()
        """The file is whole, or can't be written."""

    def stop_at(self, frames: int, stop: Callable[[], None]) -> None:
        """Before ``start``: call ``stop`` when exactly so many frames were taken. What is given
        after that, the fade of a stop, is written too."""
        self._until, self._at_until = frames, stop

    def check(self) -> None:
        """Raise what was wrong, if the file could not be written."""
        if self._failure is not None:
            raise self._failure

    @property
    def latency(self) -> float:
        return 0.0

    @property
    def active(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def describe(self) -> str:
        return f"file {self._path}"

    def start(self, fill: Fill) -> None:
        if self._failure is not None:
            raise SinkUnavailableError(str(self._failure)) from self._failure
        writer = AudioWriter(self._path, title=self._title, artist="musmed", comment=self._comment)
        self.stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(fill, writer), name="file sink", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self.stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def before(self) -> None:
        """Called before more is asked for, in the sink's thread: it may wait."""

    def after(self, frames: int) -> None:
        """The same, when ``frames`` more were written."""

    def _run(self, fill: Fill, writer: AudioWriter) -> None:
        block = np.zeros((self.at_once, CHANNELS), np.float32)
        left = self._until
        try:
            going = True
            while going and not self.stopping.is_set():
                if left == 0:
                    left = None
                    self._at_until()
                out = block if left is None else block[:left]
                self.before()
                valid = fill(out)
                writer.write(out[:valid])
                self.after(valid)
                going = valid == len(out)
                left = None if left is None else left - valid
            writer.close()
        except MusmedError as error:
            self._failure = error
        finally:
            self.done.set()
