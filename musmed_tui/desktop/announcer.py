"""Notifies whoever looks elsewhere, by way of the terminal that the app draws on."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from musmed_tui.desktop.news import News
from musmed_tui.desktop.notifications import TMUX_FORMAT, Kind, encoded, kind_of, kind_outside

if TYPE_CHECKING:
    from musmed_tui.session_view import Snapshot
    from musmed_tui.settings import Settings

PATIENCE_SECONDS = 2.0
"""For tmux's answer."""

log = logging.getLogger(__name__)


def ask_tmux() -> str:
    """What tmux says of itself and of the terminal outside; '' where it does not say."""
    command = ["tmux", "display-message", "-p", TMUX_FORMAT]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("tmux does not say what it hands through: %s", error)
        return ""
    return done.stdout


class Announcer:
    """``write`` takes text for the terminal between two drawings, from any thread."""

    def __init__(
        self,
        write: Callable[[str], object],
        settings: Settings,
        environment: Mapping[str, str],
        ask: Callable[[], str] = ask_tmux,
    ) -> None:
        self._write = write
        self._wish = settings.notify
        self._environment = environment
        self._ask = ask
        self._news = News(words=settings.desktop == "words")

    def look(self, snapshot: Snapshot, now: float) -> None:
        """Notify of what is new in a session; ``now`` as for ``News``."""
        said = self._news.look(snapshot, now)
        if said is None:
            return
        if self._in_tmux:  # asked anew each time: another terminal may be attached by now
            threading.Thread(target=self._tell, args=(said,), name="notify", daemon=True).start()
        else:
            self._tell(said)

    @property
    def _in_tmux(self) -> bool:
        return bool(self._environment.get("TMUX"))

    def _tell(self, said: str) -> None:
        kind = self._kind()
        if kind is not None:
            self._write(encoded(kind, said, in_tmux=self._in_tmux))

    def _kind(self) -> Kind | None:
        if self._wish == "off":
            return None
        if self._wish != "auto":
            return self._wish
        return kind_outside(self._ask()) if self._in_tmux else kind_of(self._environment)
