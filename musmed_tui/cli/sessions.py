"""The commands about the stored sessions, as they are typed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui import completion
from musmed_tui.cli.parts import Json, Text, refuse_in_front

stored = typer.Typer()
sessions = typer.Typer(
    name="sessions",
    help="List the stored sessions, the newest first; delete some.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
stored.add_typer(sessions)


@sessions.callback(invoke_without_command=True)
def sessions_root(
    context: typer.Context,
    limit: Annotated[Text, typer.Option(metavar="NUMBER", help="At most so many (20).")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the stored sessions, the newest first; delete some."""
    if context.invoked_subcommand is None:
        from musmed_tui.commands.lists import show_sessions

        show_sessions(limit, as_json=as_json)
    else:
        refuse_in_front(context)


@sessions.command("rm")
def sessions_rm(
    session: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="ID...",
            help="From 'musmed sessions'.",
            autocompletion=completion.completes(completion.sessions),
        ),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Delete stored sessions and their sound; nothing is asked."""
    from musmed_tui.commands.sessions import remove_sessions

    remove_sessions(session or [], every=every)


@sessions.command("name")
def sessions_name(
    session: Annotated[
        Text,
        typer.Argument(
            metavar="ID",
            help="From 'musmed sessions'.",
            autocompletion=completion.completes(completion.sessions),
        ),
    ] = None,
    name: Annotated[
        Text, typer.Argument(metavar="NAME", help="What you call it; '' for nothing.")
    ] = None,
) -> None:
    """Give a stored session a name, for the history."""
    from musmed_tui.commands.sessions import name_session

    name_session(session, name)
