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
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from engine.affect.circumplex import Affect
from engine.composers.speeds import SessionSpeeds
from engine.errors import MusmedError
from engine.link.deliveries import Banner, Delivery
from engine.link.protocol import Loading, Opened, Pong
from engine.listener.likings import Liking, Reaction
from engine.plan.events import Ease, Event, Shape, Skip, Steer
from engine.plan.spec import ClipKey
from engine.plan.wanted import Faders
from engine.playback.clips import DamagedClipError
from engine.playback.placement import JoinRecord
from engine.playback.sound_columns import SoundColumn
from engine.printable import one_line
from engine.session.bedtime import Bedtime
from engine.session.body_watch import BodyWatch
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.messages import (
    BEGINS_AFRESH,
    Command,
    FinishClip,
    GiveUp,
    GoBack,
    KeepEvent,
    Message,
    OpenComposer,
    Say,
    SendCancel,
    SendCompose,
    SplicePlaced,
    StartEngine,
    WatchFar,
)
from engine.session.conductor.resumption import Resumption
from engine.session.engine_supervisor import NOBODY, EngineSupervisor
from engine.session.executor import Executor
from engine.session.first_composer import FirstComposer
from engine.session.heard_notes import HeardScore
from engine.session.kept_clips import FinishedClip
from engine.session.library.library import Library
from engine.session.library.records import State
from engine.session.lifecycle import Lifecycle
from engine.session.liking import Wish, keep_reaction, wished_for, with_liking
from engine.session.near_score import NearScore
from engine.session.notices import Notice, Notices
from engine.session.pace import Pace
from engine.session.status import RunnerStatus, sentence_of, status_of
from engine.session.watch import Watch

POSITION_EVERY_SECONDS = 1.0
AT_ONCE = 64
"""Messages between two looks at how playback stands."""
BANNERS = 5
"""Lines of a login that are shown; the log has all."""

log = logging.getLogger(__name__)

Inbox = queue.Queue[tuple[int, Delivery] | Event | Reaction | Wish | GoBack]
"""An engine's words with the engine's number, and what the listener does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session is made of, each whole (``preparation.prepare`` makes them)."""

    session: str
    library: Library
    inbox: Inbox
    conductor: Conductor
    engine: EngineSupervisor
    executor: Executor
    kept: Resumption | None
    """Of a session that goes on."""
    composer: FirstComposer
    speeds: SessionSpeeds
    notices: Notices
    lifecycle: Lifecycle
    body: BodyWatch | None = None
    """Where the listener wears something that tells of theirs."""


class SessionRunner:
    """Runs one session that was made ready by ``preparation.prepare``: ``start``, then act and
    watch, then ``close``."""

    def __init__(self, parts: Parts) -> None:
        self.session = parts.session
        self.request = parts.conductor.request
        self.playback = parts.executor.playback
        self._library = parts.library
        self._inbox = parts.inbox
        self._conductor = parts.conductor
        self._engine = parts.engine
        self._executor = parts.executor
        self._kept = parts.kept
        self._composer = parts.composer
        self._speeds = parts.speeds
        self._notices = parts.notices
        self._lifecycle = parts.lifecycle
        self._body = parts.body
        self._watch = Watch(self.playback, begins=self._lifecycle.begins)
        self._bedtime = Bedtime(self.playback, self._notices, self.stop)
        self._pace = Pace()
        self._over = threading.Event()
        self._quit = threading.Event()
        self._loading: float | None = None
        self._banners = 0
        self._stored_position = -1.0
        self._kept_clips = parts.executor.kept_clips
        self._score = NearScore(self._kept_clips)
        self._likings: tuple[Liking, ...] = ()
        if self._kept is not None:
            self._likings = self._library.listener.likings([self.session])[self.session]
        self._status = self._look()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    # for everyone

    def start(self) -> None:
        """Begin: the engine process, the sound, the session's thread. Raises ``MusmedError``
        when one of them can't be had; of a new session nothing is kept then."""
        if self._lifecycle.replay:
            self._library.hold(self.session)
        else:
            self._library.set_state(self.session, "running")
        try:
            if self._kept is not None:
                self._executor.store_kept(self._kept)
            self._composer.tell(self._notices)
            self._carry_out_all(self._conductor.start())
            self.playback.start()
        except BaseException:
            self._shut()
            self._forget_unheard()
            raise
        self._thread.start()

    def _forget_unheard(self) -> None:
        if self._kept is not None:
            before: State = "finished" if self._lifecycle.replay else "interrupted"
            self._library.leave(self.session, before, self._kept.position)
            return
        try:
            self._library.delete(self.session)
        except MusmedError as error:
            log.warning("a session that did not begin is left in the library: %s", error)
            self._library.leave(self.session, "interrupted", 0.0)

    def steer(self, target: Affect, word: str | None = None) -> None:
        """Move the target; heard within 3 s."""
        self._bedtime.awake()
        self._inbox.put(Steer(self._now(), target, word))

    def ease(self) -> None:
        """Lower arousal from now on."""
        self._bedtime.awake()
        self._inbox.put(Ease(self._now()))

    def skip(self) -> None:
        """Compose this stretch anew with another seed."""
        self._bedtime.awake()
        self._inbox.put(Skip(self._now()))

    def shape(self, faders: Faders) -> None:
        """Let the faders stand so, all of them; how they stand is the status's ``plan.faders``. Of
        several moved in haste the newest counts."""
        self._bedtime.awake()
        self._inbox.put(Shape(self._now(), faders))

    def like(self, liked: bool) -> None:
        """Keep that what sounds now is liked, or is not. Nothing of the session changes."""
        self._bedtime.awake()
        self._inbox.put(Reaction(self._now(), liked))

    def wish(self, more: bool) -> None:
        """More of what sounds now, or less: who plays stays for a while, or others take over."""
        self._bedtime.awake()
        self._inbox.put(Wish(self._now(), more))

    def go_back(self) -> None:
        """Let the other machine compose again, from which this one has taken over."""
        self._bedtime.awake()
        self._inbox.put(GoBack())

    def _now(self) -> float:
        """Session seconds at which the listener acts; the conductor aims from there."""
        return self.playback.state().heard

    def pause(self, wanted: bool) -> None:
        """Pause or go on, whichever is ``wanted``; what does so already stays as it is."""
        self._bedtime.awake()
        if wanted:
            self.playback.pause()
        else:
            self.playback.resume()

    def pause_or_resume(self) -> None:
        self.pause(not self.playback.state().paused)

    @property
    def volume(self) -> float:
        """As the listener has it, in [0, 1], linear gain."""
        return self._bedtime.volume

    def set_volume(self, volume: float) -> None:
        """``volume`` in [0, 1], linear gain."""
        self._bedtime.set_volume(volume)

    def set_sleep(self, minutes: float | None) -> None:
        """Fade slowly and stop in ``minutes``; None: don't."""
        self._bedtime.set(minutes)

    def step_sleep(self) -> None:
        """The sleep timer's next choice; behind the last one it is off."""
        self._bedtime.step()

    def seek(self, seconds: float) -> float:
        """Go to ``seconds`` within what is composed; returns where it really went."""
        self._bedtime.awake()
        return self.playback.seek(seconds)

    def stop(self) -> None:
        """Fade out and end; the session is kept and can be resumed."""
        self._lifecycle.stopped = True
        self.playback.stop()
        self._quit.set()

    def status(self) -> RunnerStatus:
        return self._status

    def take_notices(self) -> list[Notice]:
        """The sentences said since the last call."""
        return self._notices.take()

    def joins(self) -> tuple[JoinRecord, ...]:
        with self.playback.joiner() as joiner:
            return tuple(joiner.joins)

    @property
    def replay(self) -> bool:
        """A session that was heard to its end before is heard again."""
        return self._lifecycle.replay

    def finished_clips(self) -> tuple[FinishedClip, ...]:
        """The clips that were composed and not thrown away, older revisions included, all that was
        measured of them read from the library."""
        return tuple(
            FinishedClip(s.spec, s.start, s.frames, self._kept_clips.record(s.spec.key))
            for s in list(self._conductor.clips.values())
            if s.over
        )

    def score(self) -> HeardScore:
        """The notes that are heard about now, a minute and a half on both sides, as far as they are
        composed; the same object while that is the same. From one thread at a time."""
        return self._score.at(self._status.playback.heard, list(self._conductor.clips.values()))

    def sound(self) -> tuple[SoundColumn, ...]:
        """What is heard about now, to be seen. May be called from any thread."""
        return self.playback.sound()

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
                    if not self._pace.is_due():
                        continue
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
        """Handle what has come, waiting for the first message until a look is due. Not more than
        ``AT_ONCE``, so that an engine that never stops talking does not stop the session."""
        timeout = self._pace.left()
        with contextlib.suppress(queue.Empty):
            for _ in range(AT_ONCE):
                message, timeout = self._inbox.get(timeout=timeout), 0.0
                if not isinstance(message, tuple):
                    self._pace.hurry()
                if isinstance(message, Wish):
                    message = wished_for(self._look(), message)
                if isinstance(message, Reaction):
                    self._react(message)
                elif self._lifecycle.failure is not None:
                    self._decline(message)
                elif isinstance(message, tuple):
                    number, delivery = message
                    if number in {self._engine.current, NOBODY}:
                        self._pace.came(delivery)
                        self._take_delivery(delivery)
                else:
                    self._progress()
                    self._tell(message)

    def _react(self, reaction: Reaction) -> None:
        liking = keep_reaction(self._library, self._notices, self._look(), reaction)
        if liking is not None:
            self._likings = with_liking(self._likings, liking)

    def _take_delivery(self, delivery: Delivery) -> None:
        match delivery:
            case Loading():
                self._loading = delivery.share
            case Pong():
                pass
            case Banner():
                self._greeted_by(delivery.text)
            case _:
                self._loading = None
                if isinstance(delivery, Opened):
                    self._opened(delivery)
                self._tell(delivery)

    def _greeted_by(self, line: str) -> None:
        """What another machine says when it is logged in to is shown, each line once."""
        log.info("the engine says: %s", line)
        if self._conductor.far and self._banners < BANNERS:
            self._banners += 1
            self._notices.say_once(f"{self._conductor.far} says: {one_line(line)}")

    def _opened(self, told: Opened) -> None:
        if told.composer == self._composer.chosen:
            self._store_version(told.version)
        self._notices.say_once(told.notice)
        self._notices.say_once(self._engine.said_of_codec)

    def _store_version(self, version: int) -> None:
        """As with a position: what can't be stored of it ends nothing."""
        try:
            self._library.set_composer_version(self.session, version)
        except MusmedError as error:
            log.warning("the composer's version was not stored: %s", error)

    def _progress(self) -> None:
        self._tell(self._watch.look())

    def _tell(self, told: Message) -> None:
        """Tell the conductor, and carry out what it asks for."""
        self._carry_out_all(self._conductor.handle(told))

    def _tick(self) -> None:
        self._say_of_sound()
        if self.playback.failure is not None:
            raise self.playback.failure
        if self._lifecycle.failure is None:
            self._engine.start_when_due()
            self._progress()
        for remark in self._library.take_remarks():
            self._notices.tell(remark)
        self._bedtime.look()
        self._status = self._look()
        if self._body is not None and self._lifecycle.failure is None:
            follows = self._body.look(self._status)
            if follows is not None:
                self._tell(follows)
        heard = self._status.playback.heard
        if abs(heard - self._stored_position) >= POSITION_EVERY_SECONDS:
            self._stored_position = heard
            self._store_position(heard)

    def _say_of_sound(self) -> None:
        """What there is to say of the sound device."""
        for text in self.playback.take_said():
            self._notices.say(text)

    def _store_position(self, heard: float) -> None:
        """A position that can't be stored ends nothing: a clip that can't be will say so."""
        try:
            self._library.set_position(self.session, heard)
        except MusmedError as error:
            log.warning("the position was not stored: %s", error)

    def _nothing_left(self) -> bool:
        if self.playback.failure is not None:
            return self._lifecycle.failure is not None  # else the next tick says so first
        state = self.playback.state()
        return self._lifecycle.reached(state, last_has_ended=self._conductor.last_has_ended)

    def _carry_out_all(self, commands: Sequence[Command]) -> None:
        """Carry out ``commands`` in order. What is answered meanwhile is told to the conductor when
        the last of them is done, and its commands are carried out in turn."""
        answers: deque[SplicePlaced] = deque()
        try:
            while True:
                for command in commands:
                    answer = self._carry_out(command)
                    if answer is not None:
                        answers.append(answer)
                if not answers:
                    return
                commands = self._conductor.handle(answers.popleft())
        except BaseException:
            self._keep_heard(answers)
            raise

    def _keep_heard(self, answers: deque[SplicePlaced]) -> None:
        """Something could not be stored, and nothing more will be composed: the events whose
        splices the joiner has taken meanwhile are heard all the same, and are kept if they can
        be."""
        with contextlib.suppress(MusmedError):
            while answers:
                for command in self._conductor.handle(answers.popleft()):
                    if isinstance(command, KeepEvent):
                        self._carry_out(command)

    def _carry_out(self, command: Command) -> SplicePlaced | None:
        match command:
            case Say():
                self._notices.say(command.text, answer=command.answer)
            case GiveUp():
                self._give_up(
                    f"The composer can't go on ({command.reason.rstrip('.')}); the log says more."
                )
            case StartEngine() | WatchFar() | OpenComposer() | SendCancel():
                self._engine.carry_out(command)
            case SendCompose():
                self._compose(command)
            case FinishClip():
                self._executor.carry_out(command)
                self._speeds.keep(command.record, command.frames, cut=command.cut)
            case KeepEvent():
                self._executor.carry_out(command)
                self._changed()
            case _:
                return self._executor.carry_out(command)
        return None

    def _compose(self, command: SendCompose) -> None:
        continuation = None
        if command.source is not None:
            continuation = self._kept_clips.continuation(command.source)
            if continuation is None:
                self._notices.say(BEGINS_AFRESH)
        self._engine.compose(command.spec, continuation or b"")

    def _changed(self) -> None:
        """A finished session that is changed in its replay has not been heard to its end."""
        if self._lifecycle.replay:
            self._lifecycle.replay = False
            self._library.set_state(self.session, "running")

    def _give_up(self, reason: str) -> None:
        """Nothing more is composed or stored; what is composed is still played."""
        if self._lifecycle.failure is not None:
            return
        self._lifecycle.failure = reason
        goes_on = self.playback.failure is None and self._status.ahead > 0
        rest = " What is composed is still played." if goes_on else ""
        self._notices.tell(reason + rest)
        with self.playback.joiner() as joiner:  # which reads nothing of the clips meanwhile
            joiner.disarm()
            self._executor.store.keep_no_more()
        self._engine.close()

    def _decline(self, message: tuple[int, Delivery] | Event | GoBack) -> None:
        """After a failure: the engine's last words are nothing, a listener gets an answer."""
        if not isinstance(message, tuple):
            text = "Nothing more can be composed, so the session can't be changed."
            self._notices.tell(text)

    def _finish(self) -> None:
        """The end, whichever it was: stored first, then told."""
        self._lifecycle.finished = True
        try:
            state = self.playback.state()
            self._library.leave(self.session, self._lifecycle.state(state), state.heard)
            self._engine.close()
            self._status = self._look()
        finally:
            self._over.set()

    def _shut(self) -> None:
        self._executor.close()
        self._engine.close()
        if self._body is not None:
            self._body.close()
        self._over.set()

    # looking

    def _look(self) -> RunnerStatus:
        state = structs.replace(self.playback.state(), volume=self._bedtime.volume)
        return status_of(
            self.session,
            self._conductor,
            state,
            horizon=self.playback.horizon(),
            phase=self._lifecycle.phase(state),
            failure=self._lifecycle.failure,
            loading=self._loading,
            likings=self._likings,
            sleep_minutes=self._bedtime.minutes,
        )
