"""A session with every kind of deed in it, killed at one of its writes: a program for the tests.

    killed_session.py FOLDER [NUMBER]

The library is FOLDER/library. The write NUMBER (from 0 on; without it none) is not made: the
process is gone by SIGKILL in its place. What is heard goes to FOLDER/heard.raw as it is heard
(float32, stereo), and standard output has a line for each deed once it is kept, and last how many
writes there were. Nothing late is heard: its card waits for the composer and for each deed.
"""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import soundfile
from support.card import Card
from support.waiting import session_end, wait_for_session

import engine.link.client
import engine.playback.clips
import engine.session.library.lock
from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.plan.request import Request
from engine.playback.sinks.base import Fill
from engine.session.library.database import Database
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

QUICK_ENGINE = Path(__file__).parent / "quick_engine.py"
REQUEST = Request(
    start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, temperature=0, seed=7
)
RATE = 32.0
LOOKS = ("SELECT", "PRAGMA")
PIECES = 4
"""Of a clip's sound every so many pieces are one write here: to be killed between two pieces of one
unfinished clip is the same at each."""


class Writes:
    """Counts what is written of a session and its library; the write ``last`` is not made."""

    def __init__(self, last: int | None) -> None:
        self.count = self._pieces = 0
        self._last = last
        self._lock = threading.Lock()
        for owner, names in (
            (soundfile.SoundFile, ("write", "close")),  # of clips: nothing else writes sound here
            (Database, ("write", "execute")),
            (pathlib.Path, ("mkdir", "rename", "replace", "unlink")),
            (shutil, ("rmtree",)),
            (os, ("pwrite",)),
            (engine.playback.clips, ("open_private",)),
            (engine.session.library.lock, ("open_private",)),
        ):
            for name in names:
                self._wrap(owner, name)

    def _wrap(self, owner: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(real)
        def write(*values: Any, **named: Any) -> Any:
            if self._counts(owner, name, values):
                self._one_more()
            return real(*values, **named)

        setattr(owner, name, write)

    def _counts(self, owner: object, name: str, values: tuple[Any, ...]) -> bool:
        if owner is soundfile.SoundFile:
            if "w" not in values[0].mode or not isinstance(values[0].name, str | Path):
                return False
            self._pieces += name == "write"
            return name == "close" or self._pieces % PIECES == 0
        return name != "execute" or not values[1].lstrip().upper().startswith(LOOKS)

    def _one_more(self) -> None:
        with self._lock:
            number, self.count = self.count, self.count + 1
            if number == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
                threading.Event().wait()


class Heard(Card):
    """A card that leaves what it is given in a file, whatever happens to its process. It never
    goes into a clip's overlap with the next one (7.5 s) before that is here: what is heard then is
    another, on a machine that composes too slowly."""

    enough = 12.0

    def __init__(self, path: Path) -> None:
        super().__init__(RATE)
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)

    def start(self, fill: Fill) -> None:
        def kept(out: Frames) -> int:
            mapped = fill(out)
            os.write(self._file, out.tobytes())
            return mapped

        super().start(kept)


def said(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def deeds(runner: SessionRunner, card: Card) -> None:
    """One after the other, each kept before the next and before a sample more is heard."""
    events = 0
    for second, name, deed in (
        (4.0, "steer", lambda: runner.steer(Affect(0.7, 0.4), "glad")),
        (9.0, "like", lambda: runner.like(True)),
        (12.0, "ease", runner.ease),
        (20.0, "more", lambda: runner.wish(True)),
        (28.0, "skip", runner.skip),
        (34.0, "dislike", lambda: runner.like(False)),
    ):
        wait_for_session(runner, functools.partial(_heard_past, runner, second))
        with card.standing():
            deed()
            if name.endswith("like"):
                wait_for_session(runner, lambda: told(runner, "Kept: "))
            else:
                events += 1
                wait_for_session(runner, functools.partial(_has_events, runner, events))
        said(name)


def _heard_past(runner: SessionRunner, second: float) -> bool:
    return runner.status().playback.heard > second


def _has_events(runner: SessionRunner, count: int) -> bool:
    return len(runner.status().events) == count


def told(runner: SessionRunner, word: str) -> bool:
    return any(notice.text.startswith(word) for notice in runner.take_notices())


def main() -> None:
    folder = Path(sys.argv[1])
    engine.link.client.default_argv = lambda: [sys.executable, "-P", str(QUICK_ENGINE)]
    writes = Writes(int(sys.argv[2]) if sys.argv[2:] else None)
    library = Library(folder / "library")
    card = Heard(folder / "heard.raw")
    runner = prepare(REQUEST, library=library, sink=card, log_file=folder / "log")
    card.waits_for = runner
    runner.start()
    deeds(runner, card)
    session_end(runner)
    runner.close()
    library.close()
    said(str(writes.count))


if __name__ == "__main__":
    main()
