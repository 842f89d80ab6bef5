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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.affect.circumplex import Affect
from engine.composers.choice import choose_composer
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
    Say,
    SendCancel,
    SendCompose,
    SkipNow,
    StartEngine,
    SteerTo,
)
from engine.session.composers import Composers
from engine.session.conductor import Conductor
from engine.session.ending import Ending
from engine.session.engine_line import EngineLine
from engine.session.library import Library
from engine.session.lineup import Lineup
from engine.session.materials import materials_of
from engine.session.measured import Measured
from engine.session.notices import Notices
from engine.session.progress import Watch
from engine.session.stage import Stage
from engine.session.status import Notice, RunnerStatus, sentence_of, status_of
from engine.session.stored import State, StoredSession

TICK_SECONDS = 0.1
POSITION_EVERY_SECONDS = 1.0

_BUILTIN = Synthesis()

log = logging.getLogger(__name__)


class SessionRunner:
    """Runs one session: ``start``, then act and watch, then ``close``.

    ``resume``: go on with a kept session (its own request counts); a finished one stays finished
    unless it is changed. ``script``: events with their times, and ``lineup``, the composers of its
    clips, to make a session again; the sink must then not be ``realtime``. ``log_file`` takes what
    the engine process prints. ``synthesis``: how notes are sounded; a kept session goes
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
        lineup: Lineup | None = None,
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
        self._over = threading.Event()
        self._quit = threading.Event()
        replay = resume is not None and resume.state == "finished"
        self._ending = Ending(realtime=sink.realtime, replay=replay)
        self._stored_position = -1.0
        self._chunk: ChunkArrived | None = None
        self.request = resume.request if resume else request
        generation = self.request.generation
        self._composers = composers = Composers(
            resume.composer if resume else choose_composer(request.composer, generation, speeds),
            resume=resume,
            lineup=lineup,
        )
        composers.check(generation)
        self._measured = Measured(speeds, generation)
        self._loading: float | None = None
        self.session = resume.id if resume else self._created(dict(settings or {}))
        self._engine = EngineLine(
            lambda number, told: self._inbox.put((number, told)),
            argv=engine_argv,
            denoise=denoise,
            synthesis=resume.sounded(synthesis) if resume else synthesis,
            generation=generation,
            warm=warm,
        )
        self._stage = Stage(library, self.session)
        self._kept = self._stage.take_up(resume) if resume else None
        self._conductor = Conductor(
            self.request,
            composers.now,
            script=script,
            kept=self._kept,
            speed=self._measured.speed_of(composers.now),
            stand_in=sink.realtime,
            lineup=composers.lineup,
        )
        self._stage.open(self._conductor.plan.total, sink, self._kept)
        self.playback = self._stage.playback
        self._watch = Watch(self.playback)
        self._notices = Notices(library, self.session, lambda: self.playback.state().heard)
        if volume != 1.0:
            self.playback.set_volume(volume)
        self._status = self._look()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def _created(self, settings: dict[str, str]) -> str:
        chosen = self._composers.chosen
        materials = materials_of(self.request, chosen)
        now = datetime.now(UTC)
        return self._library.create(self.request, chosen, 0, settings, now, materials=materials)

    # for everyone

    def start(self) -> None:
        """Begin: the engine process, the sound, the session's thread. Raises ``MusmedError``
        when one of them can't be had; of a new session nothing is kept then."""
        if self._ending.replay:
            self._library.hold(self.session)
        else:
            self._library.set_state(self.session, "running")
        try:
            if self._kept is not None:
                self._stage.store_kept(self._kept)
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            self._engine.log = self._log_file.open("ab")
            self._composers.tell(self._notices)
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
                before: State = "finished" if self._ending.replay else "interrupted"
                self._library.set_state(self.session, before)
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
        self._ending.stopped = True
        self.playback.stop()
        self._quit.set()

    def status(self) -> RunnerStatus:
        return self._status

    def take_notices(self) -> list[Notice]:
        """The sentences said since the last call."""
        return self._notices.take()

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
                if self._ending.failure is not None:
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
            if delivery.composer == self._composers.chosen:
                self._library.set_composer_version(self.session, delivery.version)
            self._notices.say_once(delivery.notice)
        self._carry_out(self._conductor.handle(delivery))

    def _progress(self) -> None:
        self._carry_out(self._conductor.handle(self._watch.look()))

    def _tick(self) -> None:
        if self.playback.failure is not None:
            raise self.playback.failure
        if self._ending.failure is None:
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
        if self.playback.failure is not None:
            return self._ending.failure is not None  # else the next tick says so first
        if not self._ending.reached(self.playback.state()):
            return False
        return self._ending.failure is not None or not self._conductor.awaits_an_end

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self._do(command)

    def _do(self, command: Command) -> None:
        match command:
            case Say():
                self._notices.say(command.text)
            case GiveUp():
                self._give_up(
                    f"The composer can't go on ({command.reason.rstrip('.')}); the log says more."
                )
            case StartEngine() | OpenComposer() | SendCompose() | SendCancel():
                self._engine.carry_out(command)
            case _:
                answer = self._stage.carry_out(command, self._chunk)
                if isinstance(command, FinishClip):
                    self._measured.keep(command)
                if isinstance(command, KeepEvent):
                    self._changed()
                if answer is not None:
                    self._carry_out(self._conductor.handle(answer))

    def _changed(self) -> None:
        """A finished session that is changed in its replay has not been heard to its end."""
        if self._ending.replay:
            self._ending.replay = False
            self._library.set_state(self.session, "running")

    def _give_up(self, reason: str) -> None:
        """Nothing more is composed or stored; what is composed is still played."""
        if self._ending.failure is not None:
            return
        self._ending.failure = reason
        goes_on = self.playback.failure is None and self._status.ahead > 0
        rest = " What is composed is still played." if goes_on else ""
        self._notices.tell(reason + rest)
        self.playback.disarm()
        self._engine.close()

    def _decline(self, message: tuple[int, Delivery] | Action) -> None:
        """After a failure: the engine's last words are nothing, a listener gets an answer."""
        if not isinstance(message, tuple):
            text = "Nothing more can be composed, so the session can't be changed."
            self._notices.tell(text)

    def _finish(self) -> None:
        """The end, whichever it was: stored first, then told."""
        self._ending.finished = True
        try:
            state = self.playback.state()
            self._store_position(state.heard)
            with contextlib.suppress(MusmedError):
                self._library.set_state(self.session, self._ending.state(state))
            self._engine.close()
            self._status = self._look()
        finally:
            self._over.set()

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
            phase=self._ending.phase(state),
            failure=self._ending.failure,
            loading=self._loading,
        )
