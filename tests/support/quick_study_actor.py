"""An actor of a study that makes up what it makes, in pieces that are small."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
from support.studies import made_up
from support.waiting import wait_for

from engine.study import actor
from engine.study.crossing import Made, Refused
from engine.study.jobs import Job

SOUND = b"some sound" * 1000


class Actor(actor.Actor):
    """``STUDY_FAILS``: jobs of that seed fail; ``STUDY_MARKS``: a folder where each job leaves a
    mark as it begins, and takes a while then; ``STUDY_TOGETHER``: until so many actors have begun
    something."""

    def make(self, data: bytes) -> bytes:
        self.forget()
        job = msgspec.msgpack.decode(data, type=Job)
        if str(job.request.seed) == os.environ.get("STUDY_FAILS"):
            return msgspec.msgpack.encode(Refused(reason="It is not to be made."))
        if marks := os.environ.get("STUDY_MARKS"):
            (Path(marks) / f"{job.digest}-{os.getpid()}").touch()
            together = int(os.environ.get("STUDY_TOGETHER", "0"))
            wait_for(lambda: len(_processes(Path(marks))) >= together)
            time.sleep(0.5)
        self._job = self._folder / job.digest
        self._job.mkdir()
        (self._job / "session.flac").write_bytes(SOUND)
        (self._job / "session.json").write_bytes(b"{}")
        result, spent = made_up(job)
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        spent = msgspec.structs.replace(spent, device=f"GPU {gpu}" if gpu else "CPU")
        files = {path.name: path.stat().st_size for path in self._job.iterdir()}
        return msgspec.msgpack.encode(Made(result=result, spent=spent, files=files))


def _processes(marks: Path) -> set[str]:
    return {path.name.partition("-")[2] for path in marks.iterdir()}
