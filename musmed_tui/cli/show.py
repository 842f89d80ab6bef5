"""The commands that show something to others, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.asked import SOUND, TERMINAL
from musmed_tui.cli.parts import Text

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

    A .png needs resvg-py, the extra 'picture': the README says how it is installed.
    """
    from musmed_tui.commands.picture import write_picture

    write_picture(session, output, theme)


@showing.command()
def demo(
    *,
    loop: Annotated[bool, typer.Option("--loop", help="Again and again, until a key.")] = False,
    sink: Annotated[
        Text,
        typer.Option(
            metavar="SINK",
            help="Where sound goes: auto, sounddevice, miniaudio, file:PATH or null (auto).",
            autocompletion=completion.completes(completion.sinks),
            rich_help_panel=SOUND,
        ),
    ] = None,
    slow_link: Annotated[
        bool,
        typer.Option(
            "--slow-link",
            help="Draw twice a second only, for a thin line.",
            rich_help_panel=TERMINAL,
        ),
    ] = False,
) -> None:
    """Show what musmed does, in 90 seconds and without a hand; nothing of it is kept.

    q or Esc ends it; any other key, and you take over where it is.
    """
    from musmed_tui.commands.demo import show_demo

    raise typer.Exit(show_demo(sink, loops=loop, slow_link=slow_link))
