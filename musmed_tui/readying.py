"""An app whose first screen waits for nothing that it does not show, and that then makes ready what
comes next."""

from __future__ import annotations

import contextlib
import importlib
import threading
from pathlib import Path
from typing import Any, Generic

from engine.errors import MusmedError
from musmed_tui.checked_out import KeepingApp
from musmed_tui.screens.check_in import SHEETS
from musmed_tui.session_control import SessionControl
from musmed_tui.starting import started
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.themed_app import R

_NEXT = ("engine.session.preparation", "musmed_tui.screens.session", "musmed_tui.screens.check_out")
"""What a session needs; it is imported while the listener looks at the first screen."""


class ReadyingApp(KeepingApp[R], Generic[R]):
    """``asks``: it opens on the check-in. The check-in's style sheets are the app's then:
    what comes with a screen has Textual parse all of them again."""

    def __init__(
        self,
        control: SessionControl,
        shelf: ThemeShelf,
        *,
        asks: bool,
        **how: Any,  # noqa: ANN401
    ) -> None:
        here = Path(__file__).parent
        sheets = [here / "screens" / sheet for sheet in SHEETS] if asks else []
        super().__init__(control, shelf, css_path=[here / "app.tcss", *sheets], **how)
        self._asks = asks
        self._readied = False

    def on_whole_screen_shown(self) -> None:
        """Something stands on the terminal."""
        if not self._readied:
            self._readied = True
            started()
            self.have_every_theme()
            threading.Thread(target=self._make_ready, name="ready", daemon=True).start()

    def refuse(self, sentence: str) -> None:
        """Leave, with a sentence that says why."""
        raise NotImplementedError

    def _has_library(self) -> bool:
        try:
            self._control.open_library()
        except MusmedError as error:
            self.call_later(self.refuse, str(error))
            return False
        return True

    def _make_ready(self) -> None:
        if self._asks:
            if not self._has_library():
                return
            with contextlib.suppress(MusmedError):  # the session will say what is wrong
                self._control.warm()
        for name in _NEXT:
            importlib.import_module(name)
