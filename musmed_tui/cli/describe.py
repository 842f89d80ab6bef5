"""``musmed describe``, as it is typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.asked import FILES
from musmed_tui.cli.parts import Json, Text

describing = typer.Typer()


@describing.command()
def describe(
    thing: Annotated[
        Text,
        typer.Argument(
            metavar="THING",
            help="A session's ID, a MIDI file or a sound file.",
            autocompletion=completion.completes(completion.sessions),
        ),
    ] = None,
    *,
    bars: Annotated[bool, typer.Option("--bars", help="Bar by bar, too.")] = False,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="FIGARO's tokens, one a line, in place of the table.")
    ] = False,
    output: Annotated[
        Text,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A new file of its bars, which 'musmed play --description' takes; .json for JSON.",
            rich_help_panel=FILES,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what music is: ten features, and its bars in FIGARO's words (docs/description.md).

    What can't be had, such as a voice from a sound, is left open and said.
    """
    from musmed_tui.commands.describe import describe as describe_thing

    code = describe_thing(thing, bars=bars, tokens=tokens, output=output, as_json=as_json)
    raise typer.Exit(code)
