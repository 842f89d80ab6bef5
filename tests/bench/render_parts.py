"""Where the CPU of a rendering goes: its two processes, each with its parts.

    python tests/bench/render_parts.py FOLDER render ...

runs ``musmed render ...`` with both processes' parts timed, and leaves a file in FOLDER for each
process: CPU seconds by part, each without the parts that it calls. A part is a function or method
that is wrapped; time is the CPU time of the thread that runs it, so that waiting costs nothing.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

ENGINE = {
    "composing": (
        "engine.composers.score.composer:EmbeddedComposer.compose",
        "engine.composers.score.composer:_Feed.until",
    ),
    "sounding": ("engine.composers.score.composer:ScoreComposition.chunks",),
    "finishing": ("engine.finishing:ClipFinisher.chunks",),
    "its limiter and true peak": (
        "engine.audio.limiter:TruePeakLimiter.push",
        "engine.audio.limiter:TruePeakLimiter.flush",
    ),
    "its loudness as heard": (
        "engine.finishing:ClipFinisher._note_energy",
        "engine.finishing:ClipFinisher._heard",
    ),
    "affect meter": ("engine.meter.meter:Meter.push", "engine.meter.meter:Meter.finish"),
    "coding for the link": ("engine.link.codec:encoder_of",),
    "the link": (
        "engine.link.framing:FrameReader.read",
        "engine.link.framing:FrameWriter.send",
        "engine.link.outbox:Outbox.chunk",
        "engine.link.outbox:Outbox.take",
    ),
}
FRONT = {
    "decoding from the link": ("engine.link.inbox:_decoded",),
    "the link": (
        "engine.link.framing:FrameReader.read",
        "engine.link.framing:FrameWriter.send",
        "engine.link.inbox:Inbox.take",
        "queue:Queue.get",
    ),
    "keeping clips": (
        "engine.playback.clips:ClipStore.begin",
        "engine.playback.clips:ClipStore.append",
        "engine.playback.clips:ClipStore.finish",
    ),
    "reading kept clips": ("engine.playback.clips:ClipStore.read",),
    "library": (
        "engine.session.library.library:Library.save_clip",
        "engine.session.library.library:Library.set_position",
        "engine.session.library.library:Library.leave",
    ),
    "joining": ("engine.playback.joiner:Joiner.read",),
    "rise guard": ("engine.audio.rise:RiseGuard.push",),
    "laying joins": ("engine.playback.joiner:lay",),
    "safety limiter": ("engine.audio.limiter:TruePeakLimiter.push",),
    "feeding": ("engine.playback.feeder:Feeder._run",),
    "writing the file": (
        "engine.audio.files:AudioWriter.write",
        "engine.audio.files:AudioWriter.close",
    ),
    "file's thread": ("engine.playback.sinks.file:FileSink._run",),
    "session's thread": ("engine.session.runner:SessionRunner._run",),
    "sound's thread": ("engine.playback.outlet:Outlet._watch",),
    "link's threads": (
        "engine.link.client:EngineClient._read",
        "engine.link.client:EngineClient._write",
        "engine.link.client:EngineClient._watch",
    ),
    "waiting for the end": ("engine.render:render_session",),
    "sidecar": ("engine.render:write_report",),
}


class Clock:
    """CPU seconds by part, of all threads; a part that calls another does not pay for it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()
        self._of_thread = threading.local()

    def enter(self, part: str) -> None:
        now, stack = time.thread_time(), self._stack()
        if stack:
            self._add(stack[-1], now)
        stack.append([part, now])

    def leave(self) -> None:
        now, stack = time.thread_time(), self._stack()
        self._add(stack.pop(), now)
        if stack:
            stack[-1][1] = now

    def _stack(self) -> list[list[Any]]:
        if not hasattr(self._of_thread, "stack"):
            self._of_thread.stack = []
        stack: list[list[Any]] = self._of_thread.stack
        return stack

    def _add(self, entry: list[Any], now: float) -> None:
        with self._lock:
            self.seconds[entry[0]] = self.seconds.get(entry[0], 0.0) + now - entry[1]


def wrapped(clock: Clock, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """``call`` with its time kept; where it gives an iterator, that one's, too."""

    @functools.wraps(call)
    def timed(*args: Any, **kwargs: Any) -> Any:
        clock.enter(part)
        try:
            given = call(*args, **kwargs)
        finally:
            clock.leave()
        if hasattr(given, "push") and hasattr(given, "finish"):  # an encoder
            given.push = wrapped(clock, part, given.push)
            given.finish = wrapped(clock, part, given.finish)
        return _stepped(clock, part, given) if hasattr(given, "__next__") else given

    return timed


def _stepped(clock: Clock, part: str, steps: Iterator[Any]) -> Iterator[Any]:
    while True:
        clock.enter(part)
        try:
            step = next(steps)
        except StopIteration:
            return
        finally:
            clock.leave()
        yield step


def found(place: str) -> tuple[Any, str]:
    """Whose attribute ``place`` is ('module:Class.method'), and its name there."""
    module, path = place.split(":")
    owner = importlib.import_module(module)
    *outer, last = path.split(".")
    for attribute in outer:
        owner = getattr(owner, attribute)
    return owner, last


def watch(parts: dict[str, tuple[str, ...]], name: str, folder: str) -> Callable[[], None]:
    """Wrap all ``parts``. Returns what writes the figures, to be called at the process' end."""
    clock = Clock()
    for part, places in parts.items():
        for place in places:
            owner, name_there = found(place)
            setattr(owner, name_there, wrapped(clock, part, getattr(owner, name_there)))
    clock.seconds["start and imports"] = time.process_time()

    def write() -> None:
        told = {"whole": time.process_time(), "parts": clock.seconds}
        target = Path(folder) / f"{name}.json"
        target.with_suffix(".part").write_text(json.dumps(told), encoding="utf-8")
        target.with_suffix(".part").replace(target)

    return write


def engine(folder: str) -> None:
    """The engine's process. Its end is ``os._exit``."""
    from engine import __main__ as process
    from engine.finishing import warm_up

    warm_up()
    write = watch(ENGINE, "engine", folder)
    ends = os._exit

    def ending(status: int) -> None:
        write()
        ends(status)

    os._exit = ending  # type: ignore[assignment]
    process.main()


def front(folder: str, words: list[str]) -> None:
    """``musmed`` with the arguments ``words``, its engine timed like itself."""
    from engine.link import client
    from musmed_tui import cli

    write = watch(FRONT, "front", folder)
    atexit.register(write)
    client.default_argv = lambda: [sys.executable, __file__, folder, "engine"]
    sys.argv = ["musmed", *words]
    cli.main()


if __name__ == "__main__":
    if sys.argv[2:3] == ["engine"]:
        folder, sys.argv = sys.argv[1], sys.argv[2:]
        engine(folder)
    else:
        front(sys.argv[1], sys.argv[2:])
