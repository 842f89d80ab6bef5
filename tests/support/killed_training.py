"""Trainings killed at one of their events and resumed: a program for the tests.

    killed_training.py BASE FOLDER EVENT...

For each EVENT (a number from 0 on) a process of its own trains in FOLDER/EVENT and is gone by
SIGKILL in the place of that event: an update, or something written that is renamed; another one
resumes and trains to the end. FOLDER/unbroken is trained without. Standard output has how many
events there are.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import peft  # noqa: F401 - here, or every process of those below would import it anew
import torch
import transformers.models.musicgen.modeling_musicgen  # noqa: F401
from support.tiny_trainings import train_tiny

from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.errors import MusmedError
from engine.training.updates import Updater


class Events:
    """Counts; the event ``last`` does not happen."""

    def __init__(self, last: int | None) -> None:
        self.count = 0
        self._last = last

    def before(self, what: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1
            return what(*given, **named)

        return counted


def train(base: Checkpoint, folder: Path, last: int | None, *, resume: bool) -> int:
    events = Events(last)
    Path.replace = events.before(Path.replace)  # type: ignore[method-assign]
    Path.rename = events.before(Path.rename)  # type: ignore[method-assign]
    Updater.update = events.before(Updater.update)  # type: ignore[method-assign]
    try:
        train_tiny(base, folder, resume=resume)
    except MusmedError:
        if not resume:
            raise
        train_tiny(base, folder)  # it was killed before there was anything to resume
    return events.count


def in_a_process(base: Checkpoint, folder: Path, last: int | None, *, resume: bool) -> None:
    process = os.fork()
    if process == 0:
        train(base, folder, last, resume=resume)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if killed != (last is not None) or (not killed and os.waitstatus_to_exitcode(status)):
        raise SystemExit(f"{folder}: {status}")


def main(base: Checkpoint, folder: Path, numbers: list[int]) -> None:
    torch.set_num_threads(1)
    for number in numbers:
        in_a_process(base, folder / str(number), number, resume=False)
        in_a_process(base, folder / str(number), None, resume=True)
    print(train(base, folder / "unbroken", None, resume=False))


if __name__ == "__main__":
    main(find(sys.argv[1]), Path(sys.argv[2]), [int(number) for number in sys.argv[3:]])
