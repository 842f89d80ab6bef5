"""What the command line's files have in common."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from engine.errors import MusmedError
from musmed_tui.asked import TERMINAL

Text = Optional[str]  # noqa: UP045 - typer evaluates it at run time on every Python it supports
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, for programs.", rich_help_panel=TERMINAL),
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
