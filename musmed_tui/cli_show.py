"""The commands that show something to others, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.cli_parts import Text

showing = typer.Typer()


@showing.command()
def picture(
    session: Annotated[
        Text,
        typer.Argument(
            metavar="ID",
            help="From 'musmed sessions'; without it the newest.",
            autocompletion=completion.completes(completion.sessions),
        ),
    ] = None,
    *,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="FILE", help="A new .svg or .png file."),
    ] = None,
    theme: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="In its colours (as the screen's).",
            autocompletion=completion.completes(completion.themes),
        ),
    ] = None,
) -> None:
    """Draw a session's path on the plane into a file: where it led, how it sounded, what you did.

    A .png needs resvg-py: pip install '.[picture]' in musmed's folder.
    """
    from musmed_tui.commands.picture import write_picture

    write_picture(session, output, theme)
