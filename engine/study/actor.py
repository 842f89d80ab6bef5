"""What makes jobs on a node of a Ray cluster (``engine.study.cluster``): one on each core or GPU.

What crosses is bytes (``engine.study.crossing``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from engine import __version__
from engine.errors import MusmedError
from engine.printable import one_line
from engine.study.claims import this_process
from engine.study.crew import ONE_THREAD, sweep, temporary_folder
from engine.study.crossing import PIECE_BYTES, Greeting, Made, Refused
from engine.study.jobs import Job


class Actor:
    """Lives in a process of Ray's."""

    def __init__(self) -> None:
        os.environ.update(ONE_THREAD)
        sweep()
        self._me = this_process()
        self._folder = temporary_folder()
        tempfile.tempdir = str(self._folder)
        self._job: Path | None = None
        from engine.study.making import Maker

        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        device = f"GPU {gpu}" if gpu else "CPU"
        self._maker = Maker(self._folder / "engine.log", self._me.host, device)

    def greet(self) -> bytes:
        """A ``Greeting``."""
        greeting = Greeting(version=__version__, host=self._me.host, folder=str(self._folder))
        return msgspec.msgpack.encode(greeting)

    def make(self, data: bytes) -> bytes:
        """A ``Job``'s answer: ``Made`` or ``Refused``."""
        self.forget()
        job = msgspec.msgpack.decode(data, type=Job)
        folder = self._folder / job.digest
        answer: Made | Refused
        try:
            folder.mkdir()
            self._job = folder
            result, spent = self._maker.make(
                job, folder, progress=lambda _seconds: None, cancelled=lambda: False
            )
            files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
            answer = Made(result=result, spent=spent, files=files)
        except MusmedError as error:
            answer = Refused(reason=one_line(str(error)))
        except Exception as error:
            said = one_line(str(error)) or type(error).__name__
            answer = Refused(reason=f"It could not be made on {self._me.host}: {said}.")
        return msgspec.msgpack.encode(answer)

    def piece(self, name: str, offset: int) -> bytes:
        """At most ``PIECE_BYTES`` of a file of the last job, from ``offset`` on."""
        assert self._job is not None
        with (self._job / Path(name).name).open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)

    def end(self) -> bytes:
        """Nothing more is asked of it: let go of everything."""
        self._maker.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return b""

    def forget(self) -> None:
        """Let go of the files of the last job."""
        if self._job is not None:
            shutil.rmtree(self._job, ignore_errors=True)
            self._job = None
