"""Opening the screen, and what is said on the plain terminal once it is closed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from musmed_tui.exits import exit_code
from musmed_tui.first_run import is_first, remember
from musmed_tui.logs import stderr_to
from musmed_tui.paths import Folders, folders
from musmed_tui.session_control import Begun, Options, SessionControl
from musmed_tui.settings import Loaded, Settings, load_settings
from musmed_tui.terminal.streams import tell
from musmed_tui.terminal.terminal import chosen_glyphs, look_at_terminal
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.listener.ratings import Rating
    from engine.plan.request import Request
    from engine.session.body_watch import Source
    from engine.session.library.library import Library
    from engine.session.library.records import StoredSession
    from musmed_tui.app import Left, MusmedApp
    from musmed_tui.following import Next
    from musmed_tui.session_view import Snapshot

FirstSession = Callable[[SessionControl], "tuple[Callable[[], Begun], Snapshot]"]


def has_screen(*, plain: bool) -> bool:
    """Whether the terminal can show the app: it redraws, gives keys and shows UTF-8."""
    terminal = look_at_terminal(plain=plain)
    return terminal.live and terminal.keys and terminal.unicode


def open_check_in(*, slow_link: bool) -> int:
    """``musmed`` alone: the app from the check-in on; gives the exit code."""
    where = folders()
    loaded = load_settings(where.settings)
    options = Options(
        sink=loaded.settings.sink,
        volume=loaded.settings.volume,
        composer=ComposerOptions(synthesis=loaded.settings.sounded()),
    )
    return run_app(where, loaded, options, None, slow_link=slow_link)


def new_session(
    request: Request,
    before: Rating | None = None,
    *,
    learns: bool = True,
    step: Next | None = None,
    signal: Source | None = None,
) -> FirstSession:
    """The app begins with this session. ``before``: how the listener feels; ``learns``: it is bent
    by what was learned of them; ``step``: of a course, for which it is begun; ``signal``: of their
    body, in this session alone."""

    def first(control: SessionControl) -> tuple[Callable[[], Begun], Snapshot]:
        from musmed_tui.session_view import expected

        asked = control.leaning(request) if learns else request
        snapshot = expected(asked, control.volume)

        def begin() -> Begun:
            from musmed_tui.following import keep_step

            return keep_step(control, control.begin(asked, before=before, signal=signal), step)

        return begin, snapshot

    return first


def kept_session(find: Callable[[Library], StoredSession]) -> FirstSession:
    """The app begins by going on with a kept session."""

    def first(control: SessionControl) -> tuple[Callable[[], Begun], Snapshot]:
        from musmed_tui.session_view import expected_of

        stored = find(control.library)
        snapshot = expected_of(stored, control.volume)
        return lambda: control.begin(stored.request, stored), snapshot

    return first


def falling_asleep(first: FirstSession, minutes: float | None) -> FirstSession:
    """The same, and in so many minutes it fades and stops; None: it does not."""
    if minutes is None:
        return first

    def with_sleep(control: SessionControl) -> tuple[Callable[[], Begun], Snapshot]:
        begin, snapshot = first(control)

        def begun() -> Begun:
            one = begin()
            one.runner.set_sleep(minutes)
            return one

        return begun, snapshot

    return with_sleep


def run_app(
    where: Folders,
    loaded: Loaded,
    options: Options,
    first: FirstSession | None,
    *,
    slow_link: bool,
    staged: bool = False,
    said: str | None = None,
) -> int:
    """Run the app until it is left; gives the exit code. ``said`` is shown on it for a while.
    Raises ``MusmedError``."""
    if loaded.settings.composer != Settings().composer:  # the usual one there is
        from engine.composers.base import resolve_composer

        resolve_composer(loaded.settings.composer)
    terminal = look_at_terminal(plain=False)
    shelf = ThemeShelf.of(where, sixteen=terminal.colour == "standard")
    shelf.find(loaded.settings.theme)
    glyphs = chosen_glyphs(loaded.settings.glyphs, terminal, os.environ)
    control = SessionControl(where, loaded, options)
    try:
        session = None
        if first is not None:
            control.open_library()
            session = first(control)
        from musmed_tui.app import MusmedApp
        from musmed_tui.keymap import read_keymap

        app = MusmedApp(
            control,
            shelf,
            session=session,
            slow_link=slow_link,
            staged=staged,
            glyphs=glyphs,
            said=said,
            keymap=read_keymap(where.keys),
            welcomed=partial(remember, where) if is_first(where) else None,
        )
        left = show(app, where)
        goes_on, rated = _became(control, left.last if left else None)
    finally:
        control.close()
    return _farewell(left, goes_on=goes_on, rated=rated)


def show(app: MusmedApp, where: Folders) -> Left | None:
    """Run ``app`` until it is left."""
    with stderr_to(where.engine_log):
        left = app.run()
        if app._exception is not None:
            raise app._exception
    return left


def _became(control: SessionControl, last: Snapshot | None) -> tuple[bool, bool]:
    """Whether the last session can go on, and whether there is nothing left to rate of it. It may
    have been deleted meanwhile."""
    if last is None or not control.keeps(last.session_id):
        return False, True
    rated = control.listener.felt(last.session_id).after_at is not None
    return control.goes_on(last.session_id), rated


def _farewell(left: Left | None, *, goes_on: bool, rated: bool = False) -> int:
    if left is None:
        return 0
    if left.refused is not None:
        raise MusmedError(left.refused)
    last = left.last
    if last is not None and last.state != "ended" and goes_on:
        why = f"{last.failure} " if last.failure else ""
        tell(
            f"{why}Stopped at {clock(last.position_s)} of {clock(last.total_s)}; "
            f"'musmed resume {last.session_id}' continues it."
        )
    if last is not None and last.session_id and last.position_s >= 1.0 and not rated:
        tell(f"'musmed rate {last.session_id}' keeps how you feel now.")
    return exit_code(left.signal)
