"""``musmed demo``: the app shows itself, with the real engine, in a library that is gone after."""

from __future__ import annotations

import os

import msgspec

from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.plan.request import Request
from musmed_tui.commands.screen import has_screen, show
from musmed_tui.demo import MINUTES, SEED
from musmed_tui.demo_home import demo_home
from musmed_tui.exits import exit_code
from musmed_tui.paths import Folders, folders
from musmed_tui.session_control import Options, SessionControl
from musmed_tui.settings import Loaded, Settings, load_settings
from musmed_tui.terminal.streams import tell
from musmed_tui.terminal.terminal import chosen_glyphs, look_at_terminal
from musmed_tui.theme_shelf import ThemeShelf


class DemoControl(SessionControl):
    """Every session has the demo's seed, and nothing that was learned of anybody."""

    def leaning(self, request: Request) -> Request:
        return msgspec.structs.replace(request, seed=SEED)


def show_demo(sink: str | None, *, loops: bool, slow_link: bool) -> int:
    """Show the demo until it ends or is left; gives the exit code. Nothing of it is kept, and
    nothing of the listener's is touched. Raises ``MusmedError``."""
    if not has_screen(plain=False):
        raise MusmedError(
            "The demo needs a terminal that redraws and shows UTF-8; 'musmed play --plain --from "
            "tense --to calm --minutes 1' shows a session as lines."
        )
    where = folders()
    loaded = load_settings(where.settings)
    glyphs = chosen_glyphs(loaded.settings.glyphs, look_at_terminal(plain=False), os.environ)
    with demo_home() as home:
        away = Folders(home / "data", home / "config", home / "state", home / "cache")
        shelf = ThemeShelf(where.themes, away.themes_used)
        theme = shelf.first(loaded)
        word = sink if sink is not None else loaded.settings.sink
        options = Options(
            sink=word,
            volume=loaded.settings.volume,
            composer=ComposerOptions(synthesis=loaded.settings.sounded()),
        )
        control = DemoControl(away, demo_settings(loaded, theme), options)
        try:
            control.warm()
            from musmed_tui.demo_app import DemoApp

            app = DemoApp(control, shelf, slow_link=slow_link, glyphs=glyphs, loops=loops)
            left = show(app, away)
        finally:
            control.close()
    tell("That was the demo, and nothing of it was kept; 'musmed' begins a session of yours.")
    return exit_code(left.signal if left is not None else None)


def demo_settings(loaded: Loaded, theme: str) -> Loaded:
    """The looks, the volume and who is told of it as the listener has them, and else what the demo
    needs."""
    theirs = loaded.settings
    settings = Settings(
        theme=theme,
        glyphs=theirs.glyphs,
        volume=theirs.volume,
        latency=theirs.latency,
        calm=theirs.calm,
        desktop=theirs.desktop,
        notify=theirs.notify,
        log_level=theirs.log_level,
        gentle=theirs.gentle,
        minutes=MINUTES,
        strategy="direct",
        composer="embedded",
    )
    return Loaded(settings, {"theme": "settings"})
