"""``musmed`` and ``python -m musmed_tui``: what is asked decides what is imported."""

from __future__ import annotations

import os
import sys

from musmed_tui.completion import VARIABLE
from musmed_tui.exits import guarded
from musmed_tui.starting import leave, start
from musmed_tui.terminal.streams import write_out
from musmed_tui.terminal.width import forget_odd_width


def main() -> None:
    """The entry point of the ``musmed`` command. Alone it opens the screen, and its own help it
    lays out without a look at every command."""
    if VARIABLE not in os.environ:
        forget_odd_width()
        if len(sys.argv) == 1:
            leave(guarded(_alone))
        if sys.argv[1:] in (["--help"], ["-h"]):
            leave(guarded(_help))
    from musmed_tui import cli

    cli.main()


def _help() -> int:
    from musmed_tui.help_page import help_page

    said = help_page(os.environ, sys.stdout)
    if said is None:
        from musmed_tui.cli import run

        return run()
    write_out(said)
    return 0


def _alone() -> int:
    start()
    from musmed_tui.commands.screen import has_screen, open_check_in

    if has_screen(plain=False):
        return open_check_in(slow_link=False)
    from musmed_tui.cli import run

    return run()


if __name__ == "__main__":
    main()
