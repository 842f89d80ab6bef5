"""Into the settings and out again: what holds at once, and what the check-in makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.screens.settings import SettingsScreen
from musmed_tui.session_control import SessionControl
from musmed_tui.settings_file import SettingsKeeper
from musmed_tui.themed_app import ThemedApp


class SettingsDoor:
    """``begin_anew`` shows a check-in in the place of the one that is shown."""

    def __init__(
        self, app: ThemedApp[Any], control: SessionControl, begin_anew: Callable[[], None]
    ) -> None:
        self._app = app
        self._control = control
        self._begin_anew = begin_anew
        self._keeper = SettingsKeeper(control.settings_file, control.loaded)

    def open(self) -> None:
        """Show them over what is there."""
        screen = SettingsScreen(self._keeper, self._app.shelf.order(), self._written)
        self._app.push_screen(screen, self._left)

    def _written(self, key: str) -> None:
        """What can hold at once does; the rest is there for the next session."""
        loaded = self._control.loaded = self._keeper.loaded
        if key == "theme":
            self._app.choose_theme(self._app.shelf.first(loaded))
        elif key == "volume":
            self._control.volume = loaded.settings.volume
            for screen in self._app.screen_stack:
                if isinstance(screen, SessionScreen):
                    screen.set_volume(loaded.settings.volume)

    def _left(self, changed: bool | None) -> None:
        """A check-in that nobody has begun to fill in begins with what they are now."""
        screen = self._app.screen
        if not changed or not isinstance(screen, CheckInScreen):
            return
        if screen.is_untouched:
            self._begin_anew()
        else:
            self._app.notify("This check-in stays as it is; the next one has your settings.")
