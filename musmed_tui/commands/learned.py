"""What was learned of the listener, for the commands that ask for music without a screen."""

from __future__ import annotations

from pathlib import Path

from engine.errors import MusmedError
from engine.plan.request import Request
from musmed_tui.commands.sessions import opened
from musmed_tui.leaning import bent
from musmed_tui.terminal.streams import remark


def kept_leaning(request: Request, folder: Path) -> Request:
    """``request`` with what was learned by the library in ``folder``, of which none is made. Where
    it can't be read a command goes on, and says so."""
    if not (folder / "library.sqlite").is_file():
        return request
    try:
        with opened(folder) as library:
            return bent(request, library)
    except MusmedError as error:
        remark(f"It is as if nothing had been learned of what you like: {error}")
        return request
