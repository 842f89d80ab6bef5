"""What sessions need around them: folders, library, sound, a warm engine. No screen."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from engine.composers.options import USUAL, ComposerOptions
from engine.errors import MusmedError
from engine.private import open_log
from musmed_tui.listener_control import ListenerControl
from musmed_tui.logs import start_logging
from musmed_tui.paths import Folders, make_writable
from musmed_tui.settings import Loaded
from musmed_tui.terminal.streams import remark

if TYPE_CHECKING:
    from engine.affect.circumplex import Affect
    from engine.composers.speeds import Speeds
    from engine.link.ssh import FarEngine
    from engine.link.warm import WarmEngine
    from engine.listener.ratings import Rating
    from engine.plan.request import Request
    from engine.plan.wanted import Faders
    from engine.playback.sinks.base import Sink
    from engine.playback.sinks.listen import ListenSink
    from engine.playback.sound_columns import SoundColumn
    from engine.session.body_watch import Source
    from engine.session.heard_notes import HeardScore
    from engine.session.library.library import Library
    from engine.session.library.records import StoredSession
    from engine.session.notices import Notice
    from engine.session.status import RunnerStatus
    from musmed_tui.desktop.mpris import Mpris
    from musmed_tui.session_view import Snapshot


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How sessions are played: the sink's word, volume in [0, 1], how composers are opened, and on
    which other machine, None for this one."""

    sink: str
    volume: float
    composer: ComposerOptions = USUAL
    far: FarEngine | None = None


class Running(Protocol):
    """What the screens need of ``engine.session.runner.SessionRunner``."""

    request: Request

    @property
    def replay(self) -> bool: ...
    def steer(self, target: Affect, word: str | None = None) -> None: ...
    def ease(self) -> None: ...
    def skip(self) -> None: ...
    def shape(self, faders: Faders) -> None: ...
    def like(self, liked: bool) -> None: ...
    def wish(self, more: bool) -> None: ...
    def go_back(self) -> None: ...
    def pause(self, wanted: bool) -> None: ...
    def pause_or_resume(self) -> None: ...
    @property
    def volume(self) -> float: ...
    def set_volume(self, volume: float) -> None: ...
    def set_sleep(self, minutes: float | None) -> None: ...
    def step_sleep(self) -> None: ...
    def seek(self, seconds: float) -> float: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
    def status(self) -> RunnerStatus: ...
    def score(self) -> HeardScore: ...
    def sound(self) -> Sequence[SoundColumn]: ...
    def take_notices(self) -> list[Notice]: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class Begun(NamedTuple):
    """A session under way: ``look`` gives how it stands; ``notice`` is about the sound."""

    runner: Running
    look: Callable[[], Snapshot]
    notice: str | None


class SessionControl:
    """Begins sessions, one at a time. ``close`` ends all of it, whatever state it is in."""

    def __init__(self, where: Folders, loaded: Loaded, options: Options) -> None:
        self.loaded = loaded
        self._where = where
        self._options = options
        self._volume = options.volume
        self._runner: Running | None = None
        self._warm: WarmEngine | None = None
        self._log: IO[bytes] | None = None
        self._house: threading.Thread | None = None
        self._lock = threading.RLock()
        self._library: Library | None = None
        self._unopened: str | None = None
        """Why the library can't be opened."""
        self._opening = threading.Lock()
        self._closed = False
        self._on_desktop: Mpris | None = None
        self.quit_asked = threading.Event()
        """By the desktop: whoever runs the program leaves it."""
        start_logging(where, loaded.settings.log_level)
        make_writable(where.library, "the session library")
        self.listener = ListenerControl(lambda: self.library)

    @property
    def library(self) -> Library:
        """Where sessions are kept; opened when it is first asked for, by whichever thread. Raises
        ``MusmedError``: where it can't be opened for all who ask, since one attempt at a library
        that somebody holds takes ten seconds."""
        from engine.session.library.library import Library

        with self._opening:
            if self._library is None:
                if self._closed or self._unopened is not None:
                    raise MusmedError(self._unopened or "musmed is ending.")
                try:
                    self._library = Library(self._where.library)
                except MusmedError as error:
                    self._unopened = str(error)
                    raise
            return self._library

    def open_library(self) -> None:
        """For who wants to know at once whether it can be. Raises ``MusmedError``."""
        _ = self.library

    @property
    def folder(self) -> Path:
        """Where sessions are kept."""
        return self._where.library

    @property
    def settings_file(self) -> Path:
        """Where the settings are."""
        return self._where.settings

    @property
    def volume(self) -> float:
        """What the next session begins with: as the last one was left."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume

    def warm(self) -> None:
        """Start an engine for the session to come, unless one waits already, or another machine is
        to compose."""
        from engine.composers.choice import choose_composer
        from engine.link.warm import WarmEngine
        from engine.plan.generation import Generation
        from musmed_tui.asked import Asked
        from musmed_tui.options import generation_of

        with self._lock:
            if self._warm is not None or self._closed or self._options.far is not None:
                return
            if self._log is None:
                self._log = open_log(self._where.engine_log)
            settings = self.loaded.settings
            generation = Generation()
            with contextlib.suppress(MusmedError):  # the session will say what is wrong
                generation = generation_of(Asked(), settings)
            self._warm = WarmEngine(
                choose_composer(settings.composer, generation, self._speeds()),
                self._log,
                msgspec.structs.replace(self._options.composer, generation=generation),
            )

    def leaning(self, request: Request) -> Request:
        """``request`` bent by what was learned of the listener; as it is where the library can't
        say. Takes milliseconds."""
        from musmed_tui.leaning import leaning

        try:
            return leaning(request, self.library)
        except MusmedError:  # what can't be opened begins nothing either, and that says so
            return request

    def begin(
        self,
        request: Request,
        resume: StoredSession | None = None,
        *,
        before: Rating | None = None,
        signal: Source | None = None,
    ) -> Begun:
        """Start a session. ``before``: how the listener feels, kept with it; ``signal``: of their
        body. Takes a moment: not for the thread that draws. Raises ``MusmedError``."""
        from engine.session.preparation import prepare
        from musmed_tui.session_view import snapshot

        with self._lock:
            self.end()
            if self._closed:
                raise MusmedError("musmed is ending.")
            library = self.library  # what can't be kept is not begun
            sink, notice = self._open_sink()
            warm, self._warm = self._warm, None
            runner = prepare(
                request,
                library=library,
                sink=sink,
                log_file=self._where.engine_log,
                options=self._options.composer,
                resume=resume,
                settings=self.loaded.settings.as_text(),
                volume=self._volume,
                far=self._options.far,
                warm=warm,
                speeds=self._speeds(),
                signal=signal,
            )
            self._runner = runner
            runner.start()
            unkept = None if before is None else self._rate(runner.session, before)
            self._keep_house()
            begun = Begun(runner, lambda: snapshot(runner), _both(notice, unkept))
            self._show_on_desktop(begun)
        return begun

    def _show_on_desktop(self, begun: Begun) -> None:
        """Media keys reach the session, where there is a desktop."""
        from musmed_tui.desktop.media_player import Remote
        from musmed_tui.desktop.mpris import Mpris, bus_address

        wish, address = self.loaded.settings.desktop, bus_address(os.environ)
        if wish == "off" or address is None:
            return
        runner = begun.runner

        def leave() -> None:
            self.quit_asked.set()
            runner.stop()

        remote = Remote(runner, begun.look, leave, words=wish == "words")
        self._on_desktop = Mpris(remote, address)
        self._on_desktop.start()

    def _rate(self, session: str, before: Rating) -> str | None:
        """Keep how the listener feels; a sentence where that can't be, which ends nothing."""
        try:
            self.library.listener.rate(session, "before", before, datetime.now(UTC))
        except MusmedError as error:
            return f"How you feel was not kept. {error}"
        return None

    def _keep_house(self) -> None:
        """Beside the music: what killed players left goes, and what is more than the library may
        take. The session says it."""
        from engine.session.library.room import GB, make_room, tidy

        limit = self.loaded.settings.library_gb * GB

        def keep() -> None:
            with contextlib.suppress(MusmedError):
                tidy(self.library)
                if said := make_room(self.library, limit):
                    self.library.remark(said)

        self._house = threading.Thread(target=keep, name="library", daemon=True)
        self._house.start()

    def again(self, session: str, *, from_start: bool) -> Begun:
        """Play a kept session on from where it was left, or from its beginning."""
        stored = self.library.load(session)
        if from_start:
            stored = msgspec.structs.replace(stored, position=0.0)
        return self.begin(stored.request, stored)

    def first_look(self, session: str, *, from_start: bool) -> Snapshot:
        """What a kept session looks like before it plays again."""
        from musmed_tui.session_view import expected_of

        stored = self.library.load(session)
        if from_start:
            stored = msgspec.structs.replace(stored, position=0.0)
        return expected_of(stored, self._volume)

    def keeps(self, session: str) -> bool:
        """Whether there is such a session."""
        return session in self.library.ids()

    def goes_on(self, session: str) -> bool:
        """Whether a session that is kept was not heard to its end yet."""
        return self.library.load(session).state != "finished"

    def end(self) -> None:
        """Fade out and end the session, if one plays; it is kept. Takes up to a second."""
        with self._lock:
            runner, self._runner = self._runner, None
            if runner is not None:
                runner.stop()
                runner.close()
            shown, self._on_desktop = self._on_desktop, None
            if shown is not None:
                shown.close()

    def save(
        self,
        runner: Running,
        output: Path,
        progress: Callable[[float, float], None],
        cancelled: Callable[[], bool],
        *,
        heard: bool = False,
    ) -> tuple[str, ...]:
        """Make the session again, as it is kept, into a sound file, or write as much as was
        ``heard``; gives what there is to say of changes since. Raises ``MusmedError``."""
        from engine.render import only_in_its_clips, render_heard, render_kept, said_of_changes

        stored = self.library.load(runner.status().session)
        if not heard and (as_it_was := only_in_its_clips(stored)) is not None:
            stored, heard = as_it_was, True
        if heard:
            changed: list[str] = []
            render_heard(
                stored,
                self.library.clip_folder(stored.id),
                output,
                options=self._options.composer,
                progress=progress,
                log_file=self._where.engine_log,
                cancelled=cancelled,
                speeds=self._speeds(),
                far=self._options.far,
                composing=lambda: changed.extend(said_of_changes(stored)),
            )
            return tuple(changed)
        render_kept(
            stored,
            output,
            options=self._options.composer,
            progress=progress,
            log_file=self._where.engine_log,
            cancelled=cancelled,
            speeds=self._speeds(),
            far=self._options.far,
        )
        return said_of_changes(stored)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            warm, self._warm = self._warm, None
        if warm is not None:
            warm.close()
        self.end()
        if self._house is not None:
            self._house.join()
        with self._opening:
            library = self._library
        if library is not None:
            for said in library.take_remarks():  # what no session was there to say
                remark(said)
            library.close()
        if self._log is not None:
            self._log.close()

    def _speeds(self) -> Speeds:
        from engine.composers.speeds import Speeds

        far = self._options.far
        return Speeds(self._where.state, None if far is None else far.device)

    def _open_sink(self) -> tuple[Sink | ListenSink, str | None]:
        from engine.playback.sinks.choose import open_sink

        return open_sink(self._options.sink, latency=self.loaded.settings.latency)


def _both(one: str | None, other: str | None) -> str | None:
    """Two sentences, as far as there are any."""
    return " ".join(said for said in (one, other) if said) or None
