"""A session of the service whose turn it is: prepared as for a listener, and played into its
file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.audio.format import frames_of
from engine.composers.options import ComposerOptions
from engine.composers.speeds import Speeds
from engine.private import make_private_folder
from engine.service.job import Job
from engine.service.sink import GrowingSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner
from engine.sidecar import write_report

LOOK_SECONDS = 0.1
SOUND, SIDECAR = "sound.flac", "sound.json"
TITLE = "musmed session"


class Making(NamedTuple):
    """What the sessions of a service are made with."""

    library: Library
    log_file: Path
    options: ComposerOptions
    engine_argv: Sequence[str] | None
    speeds: Speeds | None


class Run:
    """The session of ``job``, while it runs. ``play`` has a thread of its own; any other may set
    ``cancelled`` and ``ends``."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.runner: SessionRunner | None = None
        self.sink: GrowingSink | None = None
        self.cancelled = False
        self.ends = threading.Event()
        self.thread: threading.Thread | None = None

    @property
    def frames(self) -> int:
        """Of its sound so far."""
        return 0 if self.sink is None else self.sink.frames

    def end(self, *, cancelled: bool) -> None:
        """``play`` comes back soon."""
        self.cancelled = self.cancelled or cancelled
        self.ends.set()
        self.hold(False)

    def hold(self, held: bool) -> None:
        """Hold a live session, or let it go on."""
        if self.sink is not None:
            self.sink.hold(held)

    def play(self, making: Making) -> str:
        """To its end, or until it is to end; why it failed, or ''."""
        if self.ends.is_set():
            return ""
        stored = making.library.load(self.job.id)
        folder = making.library.clip_folder(self.job.id)
        make_private_folder(folder)
        sink = GrowingSink(
            folder / SOUND,
            title=TITLE,
            live=self.job.pace == "live",
            since=frames_of(stored.position),
        )
        runner = prepare(
            stored.request,
            library=making.library,
            sink=sink,
            log_file=making.log_file,
            options=making.options,
            resume=msgspec.structs.replace(stored, position=0.0, state="interrupted"),
            engine_argv=making.engine_argv,
            speeds=making.speeds,
        )
        try:
            runner.start()
            self.runner, self.sink = runner, sink
            while not runner.wait(0.0) and not self.ends.wait(LOOK_SECONDS):
                pass
            if self.cancelled:
                runner.stop()
        finally:
            runner.close()
        return "" if self.ends.is_set() else _reported(runner, sink, folder)


def _reported(runner: SessionRunner, sink: GrowingSink, folder: Path) -> str:
    """Write the sidecar of what has ended by itself; why it failed, or ''. Raises
    ``MusmedError``."""
    status = runner.status()
    if status.failure is None:
        sink.check()
        write_report(
            folder / SIDECAR,
            request=status.request,
            plan=status.plan,
            events=status.events,
            clips=runner.finished_clips(),
            joins=runner.joins(),
        )
    return status.failure or ""
