"""What the command line's files have in common."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from engine.errors import MusmedError
from musmed_tui import completion
from musmed_tui.asked import SOUND, TERMINAL

Text = Optional[str]  # noqa: UP045 - typer evaluates it at run time on every Python it supports
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, for programs.", rich_help_panel=TERMINAL),
]
Host = Annotated[
    Text,
    typer.Option(
        "--host",
        metavar="NAME",
        help="Compose on another machine over ssh: a name ('musmed host'), or user@server.",
        autocompletion=completion.completes(completion.hosts),
        rich_help_panel=SOUND,
    ),
]

CodecName = Annotated[
    Text,
    typer.Option(
        "--codec",
        metavar="NAME",
        help="With --host: flac, or opus, which is lossy, for thin lines (flac).",
        autocompletion=completion.completes(completion.codecs),
        rich_help_panel=SOUND,
    ),
]
There = Annotated[
    Text,
    typer.Option(
        "--host",
        metavar="NAME",
        help="Ask another machine over ssh: a name ('musmed host'), or user@server.",
        autocompletion=completion.completes(completion.hosts),
    ),
]


def refuse_in_front(context: typer.Context) -> None:
    """Raise ``MusmedError`` for an option that stands in front of a command, where it would do
    nothing."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            command = f"{context.command_path} {context.invoked_subcommand}"
            raise MusmedError(
                f"{parameter.opts[0]} does nothing in front of a command; give it behind, if "
                f"'{command} --help' lists it."
            )
