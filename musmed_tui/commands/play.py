"""``musmed play`` and ``musmed resume``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.plan.request import Request
from musmed_tui.commands.screen import has_screen, kept_session, new_session, run_app
from musmed_tui.exits import exit_code
from musmed_tui.logs import start_logging, stderr_to
from musmed_tui.options import Asked, build_request, drawn_seed, number
from musmed_tui.paths import Folders, folders, make_writable
from musmed_tui.plain.keys import Keyboard
from musmed_tui.plain.output import Output
from musmed_tui.plain.player import PlainPlayer
from musmed_tui.session_control import Options
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys
from musmed_tui.theming import load_theme
from musmed_tui.wording import clock, nearest_word

if TYPE_CHECKING:
    from engine.playback.sinks.base import Sink
    from engine.session.library.library import Library
    from engine.session.library.records import StoredSession
    from engine.session.runner import SessionRunner


def play_session(
    asked: Asked,
    sink: str | None,
    volume: str | None,
    *,
    denoise: bool | None,
    synthesis: str | None,
    plain: bool,
    slow_link: bool,
) -> int:
    """Play a new session; gives the exit code. Raises ``MusmedError``."""
    where = folders()
    loaded = load_settings(where.settings)
    loudness = number("volume", volume, loaded.settings.volume)
    request = build_request(asked, loaded)
    wish = loaded.settings.sounded(synthesis)
    options = _options(loaded, sink, loudness, wish, denoise=denoise)
    if has_screen(plain=plain):
        code = run_app(where, loaded, options, new_session(request), slow_link=slow_link)
        if asked.seed is None:
            print(drawn_seed(request.seed))
        return code
    with _Stage(where, loaded, options, plain=plain) as stage:
        return stage.perform(request, None, seed_drawn=asked.seed is None)


def resume_session(
    session: str | None,
    sink: str | None,
    volume: str | None,
    *,
    denoise: bool | None,
    plain: bool,
    slow_link: bool,
) -> int:
    """Go on with a stored session; gives the exit code. Raises ``MusmedError``."""
    where = folders()
    loaded = load_settings(where.settings)
    loudness = number("volume", volume, loaded.settings.volume)
    options = _options(loaded, sink, loudness, loaded.settings.sounded(), denoise=denoise)
    if has_screen(plain=plain):
        kept = kept_session(lambda library: _stored(library, session))
        return run_app(where, loaded, options, kept, slow_link=slow_link)
    with _Stage(where, loaded, options, plain=plain) as stage:
        stored = _stored(stage.library, session)
        return stage.perform(stored.request, stored)


def _options(
    loaded: Loaded,
    sink: str | None,
    volume: float,
    synthesis: Synthesis,
    *,
    denoise: bool | None,
) -> Options:
    word = sink if sink is not None else loaded.settings.sink
    return Options(sink=word, volume=volume, denoise=denoise, synthesis=synthesis)


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


class _Stage:
    """Everything a session needs around it, opened in order and closed whatever happens."""

    def __init__(self, where: Folders, loaded: Loaded, options: Options, *, plain: bool) -> None:
        self._where = where
        self._settings = loaded.settings
        self._options = options
        self._terminal = look_at_terminal(plain=plain)
        accent = load_theme(loaded.settings.theme).colours.now
        self.output = Output(sys.stdout, self._terminal, accent)

    def __enter__(self) -> _Stage:
        from engine.session.library.library import Library

        start_logging(self._where, self._settings.log_level)
        make_writable(self._where.library, "the session library")
        self.library = Library(self._where.library)
        return self

    def __exit__(self, *_: object) -> None:
        self.library.close()

    def perform(
        self, request: Request, resume: StoredSession | None, *, seed_drawn: bool = False
    ) -> int:
        """Play to the end or to a stop; gives the exit code."""
        with Signals() as signals, stderr_to(self._where.engine_log):
            sink, notice = self._open_sink()
            if notice:
                self.output.line(notice)
            runner = self._open_runner(request, sink, resume)
            self._announce(request, resume)
            if seed_drawn:
                self.output.line(drawn_seed(request.seed))
            try:
                player = self._follow(runner, signals)
            finally:
                runner.close()
        return self._farewell(runner, player, signals)

    def _open_sink(self) -> tuple[Sink, str | None]:
        from engine.playback.sinks.choose import open_sink

        return open_sink(self._options.sink, latency=self._settings.latency)

    def _open_runner(
        self, request: Request, sink: Sink, resume: StoredSession | None
    ) -> SessionRunner:
        from engine.composers.speeds import Speeds
        from engine.session.preparation import prepare

        return prepare(
            request,
            library=self.library,
            sink=sink,
            log_file=self._where.engine_log,
            options=ComposerOptions(
                denoise=self._options.denoise, synthesis=self._options.synthesis
            ),
            resume=resume,
            settings=self._settings.as_text(),
            volume=self._options.volume,
            speeds=Speeds(self._where.state),
        )

    def _follow(self, runner: SessionRunner, signals: Signals) -> PlainPlayer:
        from engine.affect.feelings import FEELINGS
        from musmed_tui.session_view import snapshot

        runner.start()
        keyboard = Keyboard([feeling.word for feeling in FEELINGS])
        player = PlainPlayer(runner, lambda: snapshot(runner), self.output, keyboard)
        with reading_keys(self._terminal) as cbreak:
            player.follow(signals, cbreak)
        return player

    def _announce(self, request: Request, resume: StoredSession | None) -> None:
        start = request.start_word or nearest_word(request.start)
        target = request.target_word or nearest_word(request.target)
        keys = " Keys: ? lists them." if self._terminal.keys else ""
        again = f", going on at {clock(resume.position)}" if resume is not None else ""
        self.output.line(f"From {start} to {target}, {request.minutes:g} minutes{again}.{keys}")

    def _farewell(self, runner: SessionRunner, player: PlainPlayer, signals: Signals) -> int:
        from musmed_tui.session_view import snapshot

        last = snapshot(runner)
        if last.state == "failed":
            reason = runner.status().failure or f"The session failed; {self._where.log} says why."
            raise MusmedError(f"{reason} ('musmed resume {last.session_id}' goes on from there.)")
        if signals.stop is not None or player.quit:
            self.output.line(
                f"Stopped at {clock(last.position_s)} of {clock(last.total_s)}; "
                f"'musmed resume {last.session_id}' continues it."
            )
        else:
            self.output.line(f"The session is over after {clock(last.total_s)}.")
        return exit_code(signals.stop)
