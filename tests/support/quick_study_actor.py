"""An actor of a study that makes up what it makes, in pieces that are small."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
from support.studies import made_up

from engine.study import actor
from engine.study.crossing import Made, Refused
from engine.study.jobs import Job

SOUND = b"some sound" * 1000


class Actor(actor.Actor):
    """``STUDY_FAILS``: jobs of that seed fail; ``STUDY_MARKS``: a folder where each job leaves a
    mark as it begins, and takes a while then."""

    def make(self, data: bytes) -> bytes:
        self.forget()
        job = msgspec.msgpack.decode(data, type=Job)
        if str(job.request.seed) == os.environ.get("STUDY_FAILS"):
            return msgspec.msgpack.encode(Refused(reason="It is not to be made."))
        if marks := os.environ.get("STUDY_MARKS"):
            (Path(marks) / f"{job.digest}-{os.getpid()}").touch()
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
