"""The hall: every session that the service was asked for, so many of them at once.

A session that waits is one of the library that nobody plays; when its turn comes a thread prepares
it, as for a listener, and its sound goes into a file in the session's folder. Any thread may ask.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.audio.format import seconds_of
from engine.composers.options import USUAL, ComposerOptions
from engine.composers.speeds import Speeds
from engine.errors import MusmedError
from engine.service.asked import SessionAsked
from engine.service.job import MAX_SAID, Job, JobFiles, JobState
from engine.service.limits import Limits
from engine.service.lock import taken_alone
from engine.service.ogg import OggCopy
from engine.service.playing import SOUND, TITLE, Making, Run
from engine.service.refusals import BusyError, FullError, NotPlayingError, UnknownSessionError
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.library.room import tidy
from engine.session.preparation import enrol
from engine.session.runner import SessionRunner
from engine.session.status import RunnerStatus, sentence_of

log = logging.getLogger(__name__)


class Hall:
    """The sessions of a service, kept in ``folder``, until ``close``.

    Raises ``MusmedError`` where another service has the folder, or it can't be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits,
        options: ComposerOptions = USUAL,
        speeds: Speeds | None = None,
        engine_argv: Sequence[str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.limits = limits
        self._speeds, self._now = speeds, now
        self._lock = threading.RLock()
        self._runs: dict[str, Run] = {}
        self._copies: dict[str, OggCopy] = {}
        self._closing = False
        self._alone = taken_alone(folder)
        self.library = Library(folder / "library")
        self._making = Making(self.library, folder / "engine.log", options, engine_argv, speeds)
        tidy(self.library)
        for left in (folder / "library" / "sessions").glob("*/.sound.*"):
            left.unlink(missing_ok=True)
        self._files = JobFiles(folder / "jobs")
        self._jobs = {job.id: job for job in self._files.read()}
        self._waiting: dict[str, Job] = {}
        """Those that are queued: few of many thousands, and looked at often."""
        self._next = max((job.number for job in self._jobs.values()), default=0) + 1

    # for clients

    def start(self) -> None:
        """Begin what waits, and what was running when the last service ended."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.over:
                    self._stands(msgspec.structs.replace(job, state="queued"))
                    for left in self.sound(job.id).parent.glob("sound.*"):  # not the whole of it
                        left.unlink(missing_ok=True)
            self._begin_more()

    def submit(self, asked: SessionAsked) -> Job:
        """A session more. Raises ``BusyError``, ``FullError``, and ``MusmedError`` for what is
        wrong in it."""
        request = asked.request()
        if request.minutes > self.limits.minutes:
            raise MusmedError(
                f"This service composes at most {self.limits.minutes:g} minutes, not "
                f"{request.minutes:g}; ask for fewer."
            )
        with self._lock:
            self._check_room()
            session, composer = enrol(
                request, library=self.library, faders=asked.faders, speeds=self._speeds
            )
            job = Job(
                id=session,
                composer=composer,
                seed=request.seed,
                number=self._next,
                created=self._now().isoformat(timespec="seconds"),
                pace=asked.pace,
                seconds=request.seconds,
            )
            try:
                self._keep(job)
            except MusmedError:
                self.library.delete(session)
                raise
            self._next += 1
            self._begin_more()
            return self._jobs[session]

    def jobs(self) -> tuple[Job, ...]:
        """All of them, the newest first."""
        with self._lock:
            return tuple(sorted(self._jobs.values(), key=lambda job: -job.number))

    def job(self, session: str) -> Job:
        """Raises ``UnknownSessionError``."""
        with self._lock:
            try:
                return self._jobs[session]
            except KeyError:
                raise UnknownSessionError from None

    def stored(self, session: str) -> StoredSession:
        """What the library keeps of it. Raises ``UnknownSessionError``."""
        return self.library.load(self.job(session).id)

    def status(self, session: str) -> RunnerStatus | None:
        """How it stands, while it runs. Raises ``UnknownSessionError``."""
        self.job(session)
        with self._lock:
            run = self._runs.get(session)
        return None if run is None or run.runner is None else run.runner.status()

    def playing(self, session: str) -> SessionRunner:
        """To be steered. Raises ``NotPlayingError`` and ``UnknownSessionError``."""
        job = self.job(session)
        with self._lock:
            run = self._runs.get(session)
            if run is None or run.runner is None or run.ends.is_set():
                when = "is over" if job.over else "has not begun yet"
                raise NotPlayingError(f"This session {when}, so it can't be changed.")
            return run.runner

    def ogg(self, session: str) -> tuple[Path, Callable[[], bool]]:
        """Where its sound as Ogg Vorbis is or will be, made now if it never was, and whether
        nothing more comes of it. Raises ``UnknownSessionError``."""
        source = self.sound(session)
        target = source.with_suffix(".ogg")
        with self._lock:
            copy = self._copies.get(session)
            if (copy is None or copy.done.is_set()) and not target.is_file():
                copy = OggCopy(
                    source,
                    target,
                    title=TITLE,
                    frames=lambda: self.taken(session),
                    settled=lambda: self.settled(session),
                    ended=lambda: self._closing or session not in self._jobs,
                )
                self._copies[session] = copy
                self._copies = {one: it for one, it in self._copies.items() if not it.done.is_set()}
        return target, (lambda: True) if copy is None else copy.done.is_set

    def hold(self, session: str, held: bool) -> None:
        """Hold a live session that runs, or let it go on."""
        with self._lock:
            run = self._runs.get(session)
            if run is not None:
                run.hold(held)

    def taken(self, session: str) -> int:
        """Frames of its sound so far."""
        with self._lock:
            run = self._runs.get(session)
            return 0 if run is None else run.frames

    def settled(self, session: str) -> bool:
        """Nothing more comes of it, or of this service."""
        with self._lock:
            job = self._jobs.get(session)
            return self._closing or job is None or (job.over and session not in self._runs)

    def cut(self, session: str) -> bool:
        """The service ends before the session does."""
        with self._lock:
            job = self._jobs.get(session)
            return self._closing and job is not None and not job.over

    def waiting_before(self, session: str) -> int:
        """How many sessions begin before this one does."""
        with self._lock:
            number = self.job(session).number
            return sum(job.number < number for job in self._waiting.values())

    def sound(self, session: str) -> Path:
        """Where its sound is once it is whole. Raises ``UnknownSessionError``."""
        return self.library.clip_folder(self.job(session).id) / SOUND

    def end(self, session: str) -> None:
        """Cancel one that waits or runs; remove one that is over, with all that is kept of it.
        Raises ``UnknownSessionError``."""
        with self._lock:
            job = self.job(session)
            if job.over and session not in self._runs:
                with contextlib.suppress(FileNotFoundError):
                    self.library.delete(session)
                self._files.remove(session)
                del self._jobs[session]
                return
            self._turn(msgspec.structs.replace(job, state="cancelled"))
            run = self._runs.get(session)
            if run is not None:
                run.end(cancelled=True)

    def take_no_more(self) -> None:
        """What streams ends, and nothing new begins: ``close`` comes next."""
        with self._lock:
            self._closing = True

    def close(self) -> None:
        """End what runs; it goes on at the next start."""
        self.take_no_more()
        with self._lock:
            runs = list(self._runs.values())
            for run in runs:
                run.end(cancelled=False)
            copies = list(self._copies.values())
        for run in runs:
            if run.thread is not None:
                run.thread.join()
        for copy in copies:
            copy.wait()
        self.library.close()
        self._alone.close()

    # within

    def _check_room(self) -> None:
        if self._closing:
            raise BusyError("The service is ending; ask again when it is back.", 10)
        if shutil.disk_usage(self.library.folder).free < self.limits.room:
            raise FullError("The disk is nearly full; delete sessions, or free some space.")
        waiting = len(self._waiting)
        if waiting >= self.limits.queue:
            raise BusyError(
                f"{waiting} sessions are waiting already; ask again later.", self._soon()
            )
        if len(self._jobs) >= self.limits.kept:
            raise BusyError(
                f"The service keeps {len(self._jobs)} sessions, which is all it may; delete some.",
                60,
            )

    def _soon(self) -> int:
        """Seconds after which one of those that wait has probably begun."""
        left = [
            max(0.0, status.plan.total - status.playback.heard) / (status.speed or 10.0)
            for run in self._runs.values()
            if run.runner is not None and (status := run.runner.status())
        ]
        return max(1, min(600, round(min(left, default=5.0))))

    def _begin_more(self) -> None:
        """With the lock held."""
        if self._closing:
            return
        for job in sorted(self._waiting.values(), key=lambda job: job.number):
            pace = [self._jobs[one].pace for one in self._runs]
            room = self.limits.jobs if job.pace == "fast" else self.limits.live
            if pace.count(job.pace) < room:
                self._begin(job)

    def _begin(self, job: Job) -> None:
        run = Run(job)
        self._runs[job.id] = run
        self._stands(msgspec.structs.replace(job, state="running"))
        run.thread = threading.Thread(
            target=self._play, args=(job, run), name=f"session {job.id}", daemon=True
        )
        run.thread.start()

    def _keep(self, job: Job) -> None:
        """With the lock held. Raises ``MusmedError``."""
        self._files.write(job)
        self._stands(job)

    def _stands(self, job: Job) -> None:
        """With the lock held."""
        self._jobs[job.id] = job
        if job.state == "queued":
            self._waiting[job.id] = job
        else:
            self._waiting.pop(job.id, None)

    def _turn(self, job: Job) -> None:
        """With the lock held: ``job`` stands so, even where the disk is too full to say it; then
        the next start takes it up again."""
        self._stands(job)
        try:
            self._files.write(job)
        except MusmedError as error:
            log.warning("session %s is %s, but: %s", job.id, job.state, error)

    def _play(self, job: Job, run: Run) -> None:
        """In a thread of its own."""
        state: JobState = "failed"
        said = ""
        try:
            said = run.play(self._making)
            state = "cancelled" if run.cancelled else "failed" if said else "finished"
        except Exception as error:
            said = sentence_of(error)
        ready = seconds_of(run.frames) if self.sound(job.id).is_file() else 0.0
        with self._lock:
            run.runner = None
            del self._runs[job.id]
            if self._closing and not run.cancelled and run.ends.is_set():
                return
            ended = msgspec.structs.replace(self._jobs[job.id], state=state, ready=ready)
            self._turn(msgspec.structs.replace(ended, said=said[:MAX_SAID]))
            self._begin_more()
