"""An app with themes: musmed's and the listener's own, live, previewed and kept by use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from textual import on
from textual.app import App
from textual.command import Command, CommandPalette
from textual.events import ScreenResume
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.timer import Timer

from musmed_tui.terminal.line_filter import VisibleOnly
from musmed_tui.textual_themes import OwnColours, for_textual, variables
from musmed_tui.theme_shelf import ThemeShelf

LOOK_SECONDS = 1.0
"""How often the folder of the listener's own themes is looked at."""
USED_SECONDS = 10.0
"""A theme that stays so long was used: those one only walks past don't count."""
TROUBLE_SECONDS = 20.0

R = TypeVar("R")


class ThemeChoice:
    """What a row of the palette does that names a theme."""

    def __init__(self, app: ThemedApp[Any], name: str) -> None:
        self.app, self.name = app, name

    def __call__(self) -> None:
        self.app.choose_theme(self.name)


class Ground(Screen[None]):
    """Lies below every other screen, where nobody sees it."""

    def on_screen_resume(self, event: ScreenResume) -> None:  # before Textual's own
        event.refresh_styles = False


class ThemedApp(App[R], Generic[R]):
    """Begins with the theme called ``chosen``."""

    def __init__(self, shelf: ThemeShelf, chosen: str, **how: Any) -> None:  # noqa: ANN401
        self.shelf = shelf
        self._fallback = chosen
        self._walk = shelf.order()
        self._before_preview: str | None = None
        self._use: Timer | None = None
        self._visible_only = VisibleOnly()
        self._own_colours = OwnColours()
        super().__init__(**how)
        self.register_theme(for_textual(shelf.find(chosen)))
        for name in set(self.available_themes) - {chosen}:
            self.unregister_theme(name)
        self.theme = chosen

    def get_default_screen(self) -> Screen[None]:
        return Ground(id="_default")

    def refresh_css(self, animate: bool = True) -> None:
        """Textual's. At the start, with no screen and nothing parsed yet, that parses every sheet$
        for the look of the app alone, and then all of them again."""
        if self.screen_stack or not self.stylesheet._require_parse:
            super().refresh_css(animate)
            return
        self.stylesheet.set_variables(self.get_css_variables())
        self.stylesheet.update(self, animate=False)

    def have_every_theme(self) -> None:
        """The one it begins with is there at once, the others once something is shown."""
        for name in self.shelf.names - set(self.available_themes):
            self.register_theme(for_textual(self.shelf.find(name)))

    @property
    def is_paused(self) -> bool:
        """Whether what plays waits for a key to go on."""
        return False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables(self.shelf.find(self._fallback))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, with those of the theme that is shown now: it decides once, at the start, how
        colours are taken out where NO_COLOR asks for that."""
        filters = [
            one for one in super().get_line_filters() if not isinstance(one, NoColor | Monochrome)
        ]
        if self.native_ansi_color:
            filters.append(self._own_colours)
        if self.no_color:
            filters.append(NoColor() if self.native_ansi_color else Monochrome())
        return (*filters, self._visible_only)

    def watch_themes(self) -> None:
        """Begin to look at the folder; say what is wrong in it."""
        self.tell_troubles(self.shelf.troubles)
        self.set_interval(LOOK_SECONDS, self.look_at_themes)
        self.theme_changed_signal.subscribe(self, lambda _: self._count_use())
        self._count_use()

    def look_at_themes(self) -> None:
        """Take up what changed in the listener's own themes."""
        changed = self.shelf.look()
        self.tell_troubles(changed.troubles)
        for name in changed.names:
            if name in self.shelf.names:
                self.register_theme(for_textual(self.shelf.find(name)))
                if name == self.theme:
                    self._watch_theme(name)
            else:
                if name == self.theme:
                    self.theme = next(one for one in self.shelf.order() if one != name)
                self.unregister_theme(name)

    def action_next_theme(self) -> None:
        """In the order of use as it stood when the app was opened: so one comes to every one."""
        self.have_every_theme()
        names = [name for name in self._walk if name in self.shelf.names]
        names += [name for name in self.shelf.order() if name not in names]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def choose_theme(self, name: str) -> None:
        """Show the theme called ``name``, and count it as used."""
        self._before_preview = None
        self.have_every_theme()
        self.theme = name
        self.shelf.note_use(name)

    @on(CommandPalette.OptionHighlighted)
    def _preview(self, event: CommandPalette.OptionHighlighted) -> None:
        option = event.highlighted_event.option
        choice = option.hit.command if isinstance(option, Command) else None
        if isinstance(choice, ThemeChoice) and choice.name in self.shelf.names:
            self.have_every_theme()
            self._before_preview = self._before_preview or self.theme
            self.theme = choice.name
        else:
            self._end_preview()

    @on(CommandPalette.Closed)
    def _palette_closed(self, event: CommandPalette.Closed) -> None:
        """A theme that was chosen is shown by ``choose_theme``, which comes after this."""
        if not event.option_selected:
            self._end_preview()

    def _end_preview(self) -> None:
        if self._before_preview is not None:
            self.theme, self._before_preview = self._before_preview, None

    def _count_use(self) -> None:
        if self._use is not None:
            self._use.stop()
        name = self.theme
        self._use = self.set_timer(USED_SECONDS, lambda: self._was_used(name))

    def _was_used(self, name: str) -> None:
        if name == self.theme and self._before_preview is None:
            self.shelf.note_use(name)

    def tell_troubles(self, troubles: Sequence[str]) -> None:
        """Say what is wrong in the listener's files."""
        for sentence in troubles:
            self.notify(sentence, severity="warning", markup=False, timeout=TROUBLE_SECONDS)
