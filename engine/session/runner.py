"""A session as it runs: the conductor's commands carried out on engine, playback and library.

One thread owns the session; everyone else talks to it through its inbox and reads the frozen
``RunnerStatus``. Sound does not pass through this thread: the feeder and the device's callback
keep playing whatever happens here.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.affect.circumplex import Affect
from engine.audio.format import frames_of
from engine.composers.base import has_model
from engine.composers.choice import check_composer, choose_composer, measured_as
from engine.composers.speeds import Speeds
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.link.deliveries import ChunkArrived, ComposerLoading, ComposerOpened, Delivery
from engine.link.warm import WarmEngine
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.clips import DamagedClipError
from engine.playback.placement import JoinRecord
from engine.playback.playback import PlaybackState
from engine.playback.sinks.base import Sink
from engine.session.clip_state import ClipState
from engine.session.commands import (
    Action,
    Command,
    EaseNow,
    FinishClip,
    GiveUp,
    KeepEvent,
    OpenComposer,
    Progress,
    Say,
    SendCancel,
    SendCompose,
    SkipNow,
    StartEngine,
    SteerTo,
)
from engine.session.conductor import Conductor
from engine.session.engine_line import EngineLine
from engine.session.library import Library
from engine.session.stage import Stage
from engine.session.status import Notice, Phase, RunnerStatus, sentence_of, status_of
from engine.session.stored import State, StoredSession

TICK_SECONDS = 0.1
POSITION_EVERY_SECONDS = 1.0
MEASURED_FRAMES = frames_of(10.0)
"""A clip shorter than this says little of a composer's speed."""
PLAYED_OUT_SECONDS = 2.0
"""Once nothing more is composed, the session is over when playback has stood still this long."""

_BUILTIN = Synthesis()

log = logging.getLogger(__name__)


class SessionRunner:
    """Runs one session: ``start``, then act and watch, then ``close``.

    ``resume``: go on with a kept session (its own request counts); a finished one stays finished
    unless it is changed. ``script``: events with
    their times, to make a session again; the sink must then not be ``realtime``. ``log_file``
    takes what the engine process prints. ``synthesis``: how notes are sounded; a kept session goes
    on with the one it began with. ``warm``: an engine that is already up, used first. ``speeds``:
    where measured speeds are looked up and kept; without it 'auto' is the embedded composer.
    """

    def __init__(
        self,
        request: Request,
        *,
        library: Library,
        sink: Sink,
        log_file: Path,
        denoise: bool | None = None,
        synthesis: Synthesis = _BUILTIN,
        resume: StoredSession | None = None,
        script: Sequence[Event] = (),
        settings: Mapping[str, str] | None = None,
        volume: float = 1.0,
        engine_argv: Sequence[str] | None = None,
        warm: WarmEngine | None = None,
        speeds: Speeds | None = None,
    ) -> None:
        if script and sink.realtime:
            raise ValueError("a scripted session needs a sink that waits")
        self._library = library
        self._log_file = log_file
        self._inbox: queue.SimpleQueue[tuple[int, Delivery] | Action] = queue.SimpleQueue()
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._over = threading.Event()
        self._quit = threading.Event()
        self._failure: str | None = None
        self._stopped = False
        self._finished = False
        self._realtime = sink.realtime
        self._stored_position = -1.0
        self._stood = (-1, -1.0, 0.0)
        self._chunk: ChunkArrived | None = None
        self._told: set[str] = set()
        self.request = resume.request if resume else request
        generation = self.request.generation
        composer = (
            resume.composer if resume else choose_composer(request.composer, generation, speeds)
        )
        check_composer(composer, generation)
        self._speeds = speeds
        self._measured_as = measured_as(composer, generation)
        self._loading: float | None = None
        self._silent_since: float | None = None
        self.session = (
            resume.id
            if resume
            else library.create(request, composer, 0, dict(settings or {}), datetime.now(UTC))
        )
        self._engine = EngineLine(
            lambda number, told: self._inbox.put((number, told)),
            argv=engine_argv,
            denoise=denoise,
            synthesis=_synthesis_of(resume, synthesis),
            generation=generation,
            warm=warm,
        )
        self._stage = Stage(library, self.session)
        self._kept = self._stage.take_up(resume) if resume else None
        self._replay = resume is not None and resume.state == "finished"
        self._conductor = Conductor(
            self.request,
            composer,
            script=script,
            kept=self._kept,
            speed=speeds.of(self._measured_as) if speeds and has_model(composer) else None,
            stand_in=sink.realtime,
        )
        self._stage.open(self._conductor.plan.total, sink, self._kept)
        self.playback = self._stage.playback
        if volume != 1.0:
            self.playback.set_volume(volume)
        self._status = self._look()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    # for everyone

    def start(self) -> None:
        """Begin: the engine process, the sound, the session's thread. Raises ``MusmedError``
        when one of them can't be had; of a new session nothing is kept then."""
        if self._replay:
            self._library.hold(self.session)
        else:
            self._library.set_state(self.session, "running")
        try:
            if self._kept is not None:
                self._stage.store_kept(self._kept)
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            self._engine.log = self._log_file.open("ab")
            self._carry_out(self._conductor.start())
            self.playback.start()
        except BaseException:
            self._shut()
            self._forget_unheard()
            raise
        self._thread.start()

    def _forget_unheard(self) -> None:
        with contextlib.suppress(MusmedError):
            if self._kept is not None:
                self._library.set_state(self.session, "finished" if self._replay else "interrupted")
            else:
                self._library.delete(self.session)

    def steer(self, target: Affect, word: str | None = None) -> None:
        """Move the target; heard within 3 s."""
        self._inbox.put(SteerTo(target, word))

    def ease(self) -> None:
        """Lower arousal from now on."""
        self._inbox.put(EaseNow())

    def skip(self) -> None:
        """Compose this stretch anew with another seed."""
        self._inbox.put(SkipNow())

    def pause_or_resume(self) -> None:
        if self.playback.state().paused:
            self.playback.resume()
        else:
            self.playback.pause()

    def set_volume(self, volume: float) -> None:
        """``volume`` in [0, 1], linear gain."""
        self.playback.set_volume(min(1.0, max(0.0, volume)))

    def seek(self, seconds: float) -> float:
        """Go to ``seconds`` within what is composed; returns where it really went."""
        return self.playback.seek(seconds)

    def stop(self) -> None:
        """Fade out and end; the session is kept and can be resumed."""
        self._stopped = True
        self.playback.stop()
        self._quit.set()

    def status(self) -> RunnerStatus:
        return self._status

    def take_notices(self) -> list[Notice]:
        """The sentences said since the last call."""
        taken: list[Notice] = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._notices.get_nowait())
        return taken

    def joins(self) -> tuple[JoinRecord, ...]:
        return tuple(self.playback.joins())

    def finished_clips(self) -> tuple[ClipState, ...]:
        """The clips that were composed and not thrown away, older revisions included."""
        return tuple(s for s in list(self._conductor.clips.values()) if s.continuation)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the session's end, at most ``timeout`` seconds; True when it is over."""
        return self._over.wait(timeout)

    def close(self) -> None:
        """End everything this session started. May be called twice."""
        self._quit.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=10.0)
        self._shut()

    # the session's thread

    def _run(self) -> None:
        try:
            while not self._quit.is_set():
                try:
                    self._take_messages()
                    self._tick()
                except Exception as error:
                    self._give_up(sentence_of(error))
                    if isinstance(error, DamagedClipError):
                        self._forget_damaged(error.key)
                if self._nothing_left():
                    break
        finally:
            self._finish()

    def _forget_damaged(self, key: ClipKey) -> None:
        """So that it is composed again when the session goes on."""
        with contextlib.suppress(MusmedError):
            self._library.remove_clip(self.session, key)

    def _take_messages(self) -> None:
        """Handle what has come, waiting at most a tick for the first message."""
        timeout: float | None = TICK_SECONDS
        with contextlib.suppress(queue.Empty):
            while True:
                message = self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait()
                timeout = None
                if self._failure is not None:
                    self._decline(message)
                elif isinstance(message, tuple):
                    number, delivery = message
                    if number == self._engine.current:
                        self._take_delivery(delivery)
                else:
                    self._progress()
                    self._carry_out(self._conductor.handle(message))

    def _take_delivery(self, delivery: Delivery) -> None:
        self._chunk = delivery if isinstance(delivery, ChunkArrived) else None
        if isinstance(delivery, ComposerLoading):
            self._loading = delivery.share
        elif not isinstance(delivery, ChunkArrived):
            self._loading = None
        if isinstance(delivery, ComposerOpened):
            self._library.set_composer_version(self.session, delivery.version)
            if delivery.notice and delivery.notice not in self._told:
                self._told.add(delivery.notice)
                self._say(delivery.notice)
        self._carry_out(self._conductor.handle(delivery))

    def _progress(self) -> None:
        state = self.playback.state()
        waiting = state.waiting and state.heard > 0  # before the first sound nothing is late
        missed = self.playback.missed_splice()
        silence = self._silence(waiting=waiting and not state.paused)
        self._carry_out(self._conductor.handle(Progress(state.written, waiting, missed, silence)))

    def _silence(self, *, waiting: bool) -> float:
        """For how many seconds the listener has waited for a clip."""
        now = time.monotonic()
        if not waiting:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        return 0.0 if self._silent_since is None else now - self._silent_since

    def _tick(self) -> None:
        if self.playback.failure is not None:
            raise self.playback.failure
        if self._failure is None:
            self._engine.start_when_due()
            self._progress()
        self._status = self._look()
        heard = self._status.playback.heard
        if abs(heard - self._stored_position) >= POSITION_EVERY_SECONDS:
            self._stored_position = heard
            self._store_position(heard)

    def _store_position(self, heard: float) -> None:
        """A position that can't be stored ends nothing: a clip that can't be will say so."""
        try:
            self._library.set_position(self.session, heard)
        except MusmedError as error:
            log.warning("the position was not stored: %s", error)

    def _nothing_left(self) -> bool:
        """Whether the session is over: heard to its end, or as far as it could be composed."""
        state = self.playback.state()
        if self.playback.failure is not None:
            return self._failure is not None  # else the next tick says so first
        if state.ended:
            return True
        if self._failure is None or state.paused or (self._realtime and not state.waiting):
            return False
        now = time.monotonic()
        written, heard, since = self._stood
        if (written, heard) != (state.written, state.heard):
            self._stood = (state.written, state.heard, now)
            return False
        return now - since >= PLAYED_OUT_SECONDS

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self._do(command)

    def _do(self, command: Command) -> None:
        match command:
            case Say():
                self._say(command.text)
            case GiveUp():
                self._give_up(
                    f"The composer can't go on ({command.reason.rstrip('.')}); the log says more."
                )
            case StartEngine() | OpenComposer() | SendCompose() | SendCancel():
                self._engine.carry_out(command)
            case _:
                answer = self._stage.carry_out(command, self._chunk)
                if isinstance(command, FinishClip):
                    self._keep_speed(command)
                if isinstance(command, KeepEvent):
                    self._changed()
                if answer is not None:
                    self._carry_out(self._conductor.handle(answer))

    def _keep_speed(self, command: FinishClip) -> None:
        record = command.record
        measured = not command.cut and command.frames >= MEASURED_FRAMES
        if self._speeds is not None and measured and has_model(record.composer):
            self._speeds.keep(self._measured_as, record.speed)

    def _changed(self) -> None:
        """A finished session that is changed in its replay has not been heard to its end."""
        if self._replay:
            self._replay = False
            self._library.set_state(self.session, "running")

    def _say(self, text: str) -> None:
        heard = self.playback.state().heard
        self._notices.put(Notice(heard, text))
        self._library.add_note(self.session, heard, text)

    def _give_up(self, reason: str) -> None:
        """Nothing more is composed or stored; what is composed is still played."""
        if self._failure is not None:
            return
        self._failure = reason
        heard = self.playback.state().heard
        goes_on = self.playback.failure is None and self._status.ahead > 0
        rest = " What is composed is still played." if goes_on else ""
        self._notices.put(Notice(heard, reason + rest))
        self.playback.disarm()
        self._engine.close()

    def _decline(self, message: tuple[int, Delivery] | Action) -> None:
        """After a failure: the engine's last words are nothing, a listener gets an answer."""
        if not isinstance(message, tuple):
            text = "Nothing more can be composed, so the session can't be changed."
            self._notices.put(Notice(self.playback.state().heard, text))

    def _finish(self) -> None:
        """The end, whichever it was: stored first, then told."""
        self._finished = True
        try:
            state = self.playback.state()
            self._store_position(state.heard)
            with contextlib.suppress(MusmedError):
                self._library.set_state(self.session, self._last_state(state))
            self._engine.close()
            self._status = self._look()
        finally:
            self._over.set()

    def _last_state(self, state: PlaybackState) -> State:
        if self._replay:
            return "finished"
        if self._stopped:
            return "stopped"
        return "finished" if state.ended and self._failure is None else "interrupted"

    def _shut(self) -> None:
        self._stage.close()
        self._engine.close()
        if self._engine.log is not None:
            self._engine.log.close()
        self._over.set()

    # looking

    def _look(self) -> RunnerStatus:
        state = self.playback.state()
        return status_of(
            self.session,
            self._conductor,
            state,
            horizon=self.playback.horizon(),
            phase=self._phase(state),
            failure=self._failure,
            loading=self._loading,
        )

    def _phase(self, state: PlaybackState) -> Phase:
        checks: tuple[tuple[bool, Phase], ...] = (
            (self._failure is not None and self._finished, "failed"),
            (self._stopped, "stopped"),
            (state.ended, "ended"),
            (state.paused, "paused"),
            (state.heard == 0, "starting"),
            (state.waiting, "composing"),
        )
        return next((phase for true, phase in checks if true), "playing")


def _synthesis_of(resume: StoredSession | None, wish: Synthesis) -> Synthesis:
    """A kept session's own synthesis, wherever its soundfont may now lie; else the one wished."""
    kept = resume.synthesis if resume else None
    return wish if kept is None else Synthesis(kept, wish.soundfont)
