"""The commands about other machines, as they are typed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui import completion
from musmed_tui.cli.parts import Json, Text, refuse_in_front

elsewhere = typer.Typer()
host = typer.Typer(
    name="host",
    help="Machines that compose for this one, over ssh: keep their names, try them.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
elsewhere.add_typer(host)
Name = Annotated[Text, typer.Argument(metavar="NAME", help="What you call it.")]


@host.callback(invoke_without_command=True)
def host_root(context: typer.Context, *, as_json: Json = False) -> None:
    """Machines that compose for this one, over ssh: keep their names, try them."""
    if context.invoked_subcommand is None:
        host_list(as_json=as_json)
    else:
        refuse_in_front(context)


@host.command("list")
def host_list(*, as_json: Json = False) -> None:
    """List the hosts that are kept."""
    from musmed_tui.commands.host import list_hosts

    list_hosts(as_json=as_json)


@host.command("add")
def host_add(
    name: Name = None,
    address: Annotated[
        Text, typer.Argument(metavar="ADDRESS", help="What ssh takes, such as user@server.")
    ] = None,
    *,
    command: Annotated[
        Text,
        typer.Option(
            metavar="WORDS", help="What starts the engine there ('musmed engine'), for its shell."
        ),
    ] = None,
    codec: Annotated[
        Text,
        typer.Option(metavar="NAME", help="How clips come from there: flac, or lossy opus (flac)."),
    ] = None,
) -> None:
    """Keep a host under a name."""
    from musmed_tui.commands.host import add

    add(name, address, command, codec)


@host.command("rm")
def host_rm(name: Name = None) -> None:
    """Forget a host."""
    from musmed_tui.commands.host import remove

    remove(name)


@host.command("check")
def host_check(
    name: Annotated[Text, typer.Argument(metavar="NAME", help="A name, or an address.")] = None,
    *,
    composer: Annotated[
        Text, typer.Option(metavar="NAME", help="Which composer is opened there (embedded).")
    ] = None,
) -> None:
    """Try the line, the engine there and a composer; also makes the line anew."""
    from musmed_tui.commands.host import check

    raise typer.Exit(check(name, composer))


@elsewhere.command(
    "listen", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True}
)
def listen(
    host: Annotated[
        Text,
        typer.Argument(
            metavar="NAME",
            help="The machine: a name ('musmed host'), or user@server.",
            autocompletion=completion.completes(completion.hosts),
        ),
    ] = None,
    words: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[play ...]", help="Also begin this there, its screen on this terminal."
        ),
    ] = None,
    *,
    ahead: Annotated[
        Text,
        typer.Option(metavar="SECONDS", help="How much sound waits here, against gaps (2)."),
    ] = None,
    sink: Annotated[
        Text, typer.Option(metavar="SINK", help="Where it goes here, as of 'play' (auto).")
    ] = None,
    codec: Annotated[
        Text,
        typer.Option(
            metavar="NAME", help="flac, or opus, which is lossy, for thin lines (the host's)."
        ),
    ] = None,
) -> None:
    """Hear on this machine what plays on another one ('--sink listen' there), over ssh."""
    from musmed_tui.commands.listen import listen as listening

    raise typer.Exit(listening(host, words or (), ahead=ahead, sink=sink, codec=codec))


@elsewhere.command("ears", hidden=True)
def ears(called: Annotated[str, typer.Argument(hidden=True)] = "") -> None:
    """For a musmed on another machine that listens to this one's session."""
    from musmed_tui.commands.listen import run_ears

    raise typer.Exit(run_ears(called))


@elsewhere.command("engine", hidden=True)
def engine() -> None:
    """The engine, for a musmed on another machine: speaks the link on its standard streams."""
    from musmed_tui.commands.host import run_engine

    run_engine()
