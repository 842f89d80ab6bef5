"""A job made: a session rendered as ``musmed render`` does it, measured, and its result."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.evaluation.judges.base import Judge
from engine.evaluation.judges.registry import open_judge
from engine.link.lasting import LastingEngine
from engine.printable import one_line
from engine.render import CancelledError, render_session
from engine.sidecar import read_report, report_path
from engine.study.folder import Result, Spent
from engine.study.jobs import Job
from engine.study.measuring import digest_of, measure

NAME = "session"
"""Of the sound's file, without its suffix."""


class Maker:
    """Makes one job after another, with one engine and one set of judges: as long as jobs have one
    composer, nothing is loaded twice. ``device``: what it runs on, in words. Close it."""

    def __init__(self, log_file: Path, host: str, device: str) -> None:
        self._log_file = log_file
        self._host, self._device = host, device
        self._engine = LastingEngine(log_file)
        self._judges: dict[str, Judge] = {}

    def make(
        self,
        job: Job,
        folder: Path,
        *,
        progress: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Result, Spent]:
        """The job's sound and sidecar into ``folder``, which is there; its result is for the caller
        to keep. ``progress``: told seconds of music. Raises ``CancelledError``, and ``MusmedError``
        for what can't be made; then nothing of it is left."""
        begun = time.perf_counter()
        suffix = "flac" if job.sound == "none" else job.sound
        sound = folder / f"{NAME}.{suffix}"

        def look() -> None:
            if cancelled():
                raise CancelledError("The study was stopped.")

        try:
            made = render_session(
                job.request,
                sound,
                options=ComposerOptions(generation=job.request.generation),
                progress=lambda done, _total: progress(done),
                log_file=self._log_file,
                cancelled=cancelled,
                warm=self._engine,
            )
            composed = time.perf_counter()
            for word in job.evaluate.judges:
                if word not in self._judges:
                    self._judges[word] = open_judge(word)
            report = read_report(made.sidecar)
            found = measure(sound, report, job.evaluate, self._judges, look)
            digest = digest_of(sound)
        except OSError as error:
            _away(sound)
            raise MusmedError(f"The sound can't be read again ({error.strerror}).") from error
        except BaseException:
            _away(sound)
            raise
        if job.sound == "none":
            sound.unlink(missing_ok=True)
        result = Result(
            job=job.digest,
            sound="" if job.sound == "none" else sound.name,
            sound_digest=digest,
            seconds=made.seconds,
            figures=found.figures,
            courses=found.courses,
            notices=tuple(one_line(notice.text) for notice in made.notices),
            remarks=found.remarks,
        )
        spent = Spent(
            host=self._host,
            device=self._device,
            composing=composed - begun,
            measuring=time.perf_counter() - composed,
        )
        return result, spent

    def close(self) -> None:
        self._engine.close()


def _away(sound: Path) -> None:
    for path in (sound, report_path(sound)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
