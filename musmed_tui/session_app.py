"""An app with a session's screen among its screens: what pauses and eases it from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from musmed_tui.readying import ReadyingApp
from musmed_tui.themed_app import R

if TYPE_CHECKING:
    from musmed_tui.screens.session import SessionScreen


class SessionApp(ReadyingApp[R], Generic[R]):
    """``_session_screen`` is the one that was made last; it may be gone by now."""

    _session_screen: SessionScreen | None = None

    @property
    def _sessions(self) -> list[SessionScreen]:
        """The session's screen where it is shown or lies under others."""
        found = self._session_screen
        return [found] if found is not None and found in self.screen_stack else []

    @property
    def plays(self) -> bool:
        """Whether there is a session that can be paused and eased."""
        return any(one.has_begun for one in self._sessions)

    @property
    def is_paused(self) -> bool:
        return any(one.shown.paused for one in self._sessions)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What lies over a screen pauses and eases only where there is something to."""
        if action in ("pause", "ease"):
            return self.plays
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        for screen in self._sessions:
            screen.action_pause()

    def action_ease(self) -> None:
        for screen in self._sessions:
            screen.action_ease()
