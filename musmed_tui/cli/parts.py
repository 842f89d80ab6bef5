"""What the command line's files have in common."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer
import typer.core

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


class WhatOrCommand(typer.core.TyperGroup):
    """Takes what it is about where no command of its own is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - click's
        if args and args[0] in self.commands:
            return super().parse_args(ctx, args)
        # As a plain command does it: what is left are no commands. Typer comes with click's classes
        # or with a copy of its own, so the class is looked up by its name.
        plain = next(one for one in type(self).__mro__ if one.__name__ == "Command")
        ctx.allow_interspersed_args = True
        rest: list[str] = plain.parse_args(self, ctx, list(args))  # type: ignore[attr-defined]
        if rest and rest[0] in self.commands:  # options in front of it, which is refused later
            ctx.allow_interspersed_args = False
            return super().parse_args(ctx, args)
        return rest
