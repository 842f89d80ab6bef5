"""``musmed play`` and ``musmed resume``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.listener.ratings import Rating
from engine.plan.feature_words import asked_of_music
from engine.plan.request import Request
from engine.plan.story import story
from musmed_tui.asked import Asked
from musmed_tui.commands.learned import kept_leaning
from musmed_tui.commands.screen import (
    falling_asleep,
    has_screen,
    kept_session,
    new_session,
    run_app,
)
from musmed_tui.commands.sessions import opened
from musmed_tui.exits import exit_code
from musmed_tui.felt import before_of, completed
from musmed_tui.following import Next, asked_for, keep_step, next_of
from musmed_tui.hosts import far_if_any, sounded_there
from musmed_tui.logs import stderr_to
from musmed_tui.options import build_request, drawn_seed, help_for, number, sleep_in
from musmed_tui.paths import Folders, folders
from musmed_tui.plain.events import EventPlayer, place, say_event
from musmed_tui.plain.keys import Keyboard
from musmed_tui.plain.output import Output
from musmed_tui.plain.player import PlainPlayer
from musmed_tui.session_control import Begun, Options, SessionControl
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.streams import remark, tell
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.wording import clock, length
from musmed_tui.worn import Worn

if TYPE_CHECKING:
    from engine.link.ssh import FarEngine
    from engine.session.library.library import Library
    from engine.session.library.records import StoredSession
    from engine.session.signal_reader import SignalReader

NOTHING = Worn()


def play_session(
    asked: Asked,
    sink: str | None,
    volume: str | None,
    *,
    sleep: str | None = None,
    denoise: bool | None,
    synthesis: str | None,
    plain: bool,
    slow_link: bool,
    stage: bool = False,
    as_json: bool = False,
    course: str | None = None,
    host: str | None = None,
    codec: str | None = None,
    worn: Worn = NOTHING,
) -> int:
    """Play a new session, or the next of the ``course`` in a file, for who has ``worn`` something
    that tells of their body, composed on another ``host`` if one is named; gives the exit code.
    Raises ``MusmedError``."""
    where = folders()
    loaded = load_settings(where.settings)
    loudness, minutes = number("volume", volume, loaded.settings.volume), sleep_in(sleep)
    asked, step = completed(asked), None if course is None else _next(course, where)
    if step is not None:
        asked = asked_for(asked, step)
        remark(step.in_words)
    if help_here := help_for(asked):
        remark(help_here)
    request, before = build_request(asked, loaded), before_of(asked)
    learns = not asked.no_preferences
    wish = loaded.settings.sounded(synthesis)
    far = far_if_any(where, host, codec)
    options = _options(loaded, sink, loudness, wish, denoise=denoise, far=far)
    with worn.reading(plain=plain, as_json=as_json) as signal:
        if not as_json and has_screen(plain=plain):
            code = run_app(
                where,
                loaded,
                options,
                falling_asleep(
                    new_session(request, before, learns=learns, step=step, signal=signal), minutes
                ),
                slow_link=slow_link,
                staged=stage,
                said=help_here or (None if step is None else step.in_words),
            )
            if asked.seed is None:
                now = kept_leaning(request, where.library) if learns else request
                tell(drawn_seed(now))
            return code
        kind = _EventSession if as_json else _PlainSession
        with kind(where, loaded, options, plain=plain, keys=not worn.no_keys) as plain_session:
            if learns:
                request = plain_session.control.leaning(request)
            told = Told(before, signal, minutes)
            return plain_session.perform(
                request, None, told=told, seed_drawn=asked.seed is None, step=step
            )


def _next(course: str, where: Folders) -> Next:
    """Without a library nothing was heard yet, and none is made for asking."""
    if not where.library.is_dir():
        return next_of(course, None)
    with opened(where.library) as library:
        return next_of(course, library)


def resume_session(
    session: str | None,
    sink: str | None,
    volume: str | None,
    *,
    sleep: str | None = None,
    denoise: bool | None,
    plain: bool,
    slow_link: bool,
    as_json: bool = False,
    host: str | None = None,
    codec: str | None = None,
) -> int:
    """Go on with a stored session, composed on another ``host`` if one is named; gives the exit
    code. Raises ``MusmedError``."""
    where = folders()
    loaded = load_settings(where.settings)
    loudness, minutes = number("volume", volume, loaded.settings.volume), sleep_in(sleep)
    far = far_if_any(where, host, codec)
    wish = loaded.settings.sounded()
    options = _options(loaded, sink, loudness, wish, denoise=denoise, far=far)
    if not as_json and has_screen(plain=plain):
        kept = falling_asleep(kept_session(lambda library: _stored(library, session)), minutes)
        return run_app(where, loaded, options, kept, slow_link=slow_link)
    kind = _EventSession if as_json else _PlainSession
    with kind(where, loaded, options, plain=plain) as plain_session:
        stored = _stored(plain_session.control.library, session)
        return plain_session.perform(stored.request, stored, told=Told(sleep=minutes))


def _options(
    loaded: Loaded,
    sink: str | None,
    volume: float,
    synthesis: Synthesis,
    *,
    denoise: bool | None,
    far: FarEngine | None,
) -> Options:
    word = sink if sink is not None else loaded.settings.sink
    if far is not None:
        synthesis = sounded_there(synthesis)
    return Options(
        sink=word,
        volume=volume,
        composer=ComposerOptions(denoise=denoise, synthesis=synthesis),
        far=far,
    )


def _stored(library: Library, session: str | None) -> StoredSession:
    if session is not None:
        stored = library.load(session)
        if stored.state == "finished":
            raise MusmedError(
                f"Session {session} was played to its end, so there is nothing left to resume; "
                "start a new one with 'musmed play'."
            )
        return stored
    latest = library.latest_unfinished()
    if latest is None:
        raise MusmedError(
            "There is no unfinished session to resume; start one with 'musmed play', "
            "or name one of 'musmed sessions'."
        )
    return library.load(latest)


class Told(NamedTuple):
    """How the listener feels, what tells of their body, and in how many minutes they want to
    sleep, as far as each is told."""

    before: Rating | None = None
    signal: SignalReader | None = None
    sleep: float | None = None


NOBODY = Told()


class _PlainSession:
    """A session on a plain terminal: lines and keys, and ``SessionControl`` behind them. Closed
    whatever happens."""

    def __init__(
        self, where: Folders, loaded: Loaded, options: Options, *, plain: bool, keys: bool = True
    ) -> None:
        self._where = where
        terminal = look_at_terminal(plain=plain)
        self._terminal = msgspec.structs.replace(terminal, keys=terminal.keys and keys)
        shelf = ThemeShelf.of(where, sixteen=terminal.colour == "standard")
        accent = shelf.find(shelf.first(loaded)).colours.now
        self.output = Output(sys.stdout, self._terminal, accent)
        self.control = SessionControl(where, loaded, options)

    def __enter__(self) -> _PlainSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.control.close()

    def perform(
        self,
        request: Request,
        resume: StoredSession | None,
        *,
        told: Told = NOBODY,
        seed_drawn: bool = False,
        step: Next | None = None,
    ) -> int:
        """Play to the end or to a stop; gives the exit code. ``told``: by the listener; ``step``:
        of a course, for which it is begun."""
        with Signals() as signals, stderr_to(self._where.engine_log):
            begun = self.control.begin(request, resume, before=told.before, signal=told.signal)
            begun = keep_step(self.control, begun, step)
            if told.sleep is not None:
                begun.runner.set_sleep(told.sleep)
            try:
                self._announce(begun, request, resume)
                if seed_drawn:
                    self._tell_seed(request)
                player = self._follow(begun, signals)
            finally:
                self.control.end()
        return self._farewell(begun, player, signals)

    def _follow(self, begun: Begun, signals: Signals) -> PlainPlayer:
        from engine.affect.feelings import spellings

        keyboard = Keyboard(spellings())
        player = PlainPlayer(begun.runner, begun.look, self.output, keyboard)
        with reading_keys(self._terminal) as cbreak:
            player.follow(signals, cbreak)
        return player

    def _tell_seed(self, request: Request) -> None:
        self.output.line(drawn_seed(request))

    def _announce(self, begun: Begun, request: Request, resume: StoredSession | None) -> None:
        if begun.notice:
            self.output.line(begun.notice)
        way = story(request, resume.events if resume is not None else ())
        keys = " Keys: ? lists them." if self._terminal.keys else ""
        again = f", going on at {clock(resume.position)}" if resume is not None else ""
        asked = asked_of_music(request)
        held = f", with {asked}" if asked else ""
        self.output.line(f"From {way}, {length(request.minutes)}{held}{again}.{keys}")

    def _farewell(self, begun: Begun, player: PlainPlayer, signals: Signals) -> int:
        last = begun.look()
        if last.state == "failed":
            reason = last.failure or f"The session failed; {self._where.log} says why."
            raise MusmedError(f"{reason} ('musmed resume {last.session_id}' goes on from there.)")
        if signals.stop is not None or last.state == "stopped":
            self.output.line(
                f"Stopped at {clock(last.position_s)} of {clock(last.total_s)}; "
                f"'musmed resume {last.session_id}' continues it."
            )
        else:
            self.output.line(f"The session is over after {clock(last.total_s)}.")
        if last.position_s >= 1.0:
            saves = f"'musmed render --session {last.session_id} --heard -o FILE.flac'"
            self.output.line(f"{saves} saves what was heard.")
            self.output.line(f"'musmed rate {last.session_id}' keeps how you feel now.")
        return exit_code(signals.stop)


class _EventSession(_PlainSession):
    """A session told to a program: JSON, one object a line, and no keys."""

    def __init__(
        self, where: Folders, loaded: Loaded, options: Options, *, plain: bool, keys: bool = True
    ) -> None:
        super().__init__(where, loaded, options, plain=plain, keys=keys)
        self._terminal = msgspec.structs.replace(
            self._terminal, live=False, keys=False, colour=None
        )
        self.output = Output(sys.stdout, self._terminal)

    def _follow(self, begun: Begun, signals: Signals) -> PlainPlayer:
        player = EventPlayer(begun.runner, begun.look, self.output, Keyboard([]))
        player.follow(signals, None)
        return player

    def _tell_seed(self, request: Request) -> None:
        pass  # it is in the first line

    def _announce(self, begun: Begun, request: Request, resume: StoredSession | None) -> None:
        first, at = begun.look(), 0.0 if resume is None else resume.position
        say_event(
            self.output,
            "begin",
            at,
            session=first.session_id,
            **{"from": place(request.start, request.start_word)},
            to=place(first.target, first.target_word),
            total_s=request.seconds,
            seed=request.seed,
            composer=first.composer,
            sink=first.sink,
        )
        if begun.notice:
            say_event(self.output, "notice", at, text=begun.notice)

    def _farewell(self, begun: Begun, player: PlainPlayer, signals: Signals) -> int:
        last = begun.look()
        say_event(
            self.output,
            "end",
            last.position_s,
            session=last.session_id,
            state=last.state,
            total_s=last.total_s,
            failure=last.failure,
            gaps=last.gaps,
        )
        if last.state == "failed":
            return super()._farewell(begun, player, signals)
        return exit_code(signals.stop)
