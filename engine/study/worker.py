"""A process that makes jobs: ``python -m engine.study.worker``, started by ``engine.study.crew``.

The first line of its standard input is a ``Task``; when that input ends, so does the process,
within a second or so, and what it was making is begun anew later. It says what it does on standard
output, a ``Word`` a line.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.study.claims import Claims, this_process
from engine.study.folder import Result, Spent, StudyFolder
from engine.study.jobs import Job
from engine.study.working import Composed, Full, Task, Word, shard, work


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the command's to answer
    task = msgspec.json.decode(_first_line(), type=Task)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    words = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print of a library is no word of ours
    threading.Thread(target=_until_end, args=(stop,), name="end", daemon=True).start()

    def say(word: Word) -> None:
        try:
            words.write(msgspec.json.encode(word) + b"\n")
            words.flush()
        except OSError:
            stop.set()  # nobody listens any more

    tempfile.tempdir = task.temporary
    try:
        _work(task, stop, say)
    except MusmedError as error:
        say(Full(str(error)))
    return 0


def _first_line() -> bytes:
    """Of standard input, past Python's own reader: a thread waits in that at the end."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(0, 65536)):
        line += piece
    return line


def _until_end(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


def _work(task: Task, stop: threading.Event, say: Callable[[Word], None]) -> None:
    from engine.study.making import Maker

    folder = StudyFolder(Path(task.folder))
    me = this_process()
    maker = Maker(folder.log / f"{task.name}.log", me.host, task.device)

    def make(job: Job, place: Path) -> tuple[Result, Spent]:
        return maker.make(
            job,
            place,
            progress=lambda seconds: say(Composed(job.digest, seconds)),
            cancelled=stop.is_set,
        )

    try:
        work(
            shard(folder.design().jobs, task.part, task.parts),
            folder,
            Claims(me),
            make,
            host=me.host,
            say=say,
            wait=stop.wait,
        )
    finally:
        maker.close()


if __name__ == "__main__":
    sys.exit(main())
