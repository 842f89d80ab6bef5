"""The commands about MusicGen's checkpoints, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.cli.parts import Json, Text, There, refuse_in_front

fetching = typer.Typer()
models = typer.Typer(
    name="models",
    help="MusicGen's checkpoints and adapters: list, fetch, add and remove them.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
fetching.add_typer(models)
Model = Annotated[
    Text,
    typer.Argument(
        metavar="NAME",
        help="From 'musmed models list', or user/name of the hub.",
        autocompletion=completion.completes(completion.models),
    ),
]
Fetched = Annotated[
    Text,
    typer.Argument(
        metavar="NAME",
        help="From 'musmed models list', or user/name of the hub.",
        autocompletion=completion.completes(completion.checkpoints),
    ),
]


@models.callback(invoke_without_command=True)
def models_root(context: typer.Context, *, host: There = None, as_json: Json = False) -> None:
    """MusicGen's checkpoints and adapters: list, fetch, add and remove them."""
    if context.invoked_subcommand is None:
        models_list(host=host, as_json=as_json)
    else:
        refuse_in_front(context)


@models.command("list")
def models_list(*, host: There = None, as_json: Json = False) -> None:
    """List MusicGen's checkpoints, and which of them are on this machine, or on another."""
    from musmed_tui.commands.models import list_models, list_models_there

    if host is None:
        list_models(as_json=as_json)
    else:
        list_models_there(host, as_json=as_json)


@models.command("get")
def models_get(name: Fetched = None) -> None:
    """Fetch a checkpoint or an adapter from the hub; what was interrupted goes on."""
    from musmed_tui.commands.models import get_model

    get_model(name)


@models.command("add")
def models_add(
    folder: Annotated[
        Text, typer.Argument(metavar="FOLDER", help="Of an adapter, as 'musmed train' writes it.")
    ] = None,
    *,
    name: Annotated[
        Text, typer.Option("--name", metavar="NAME", help="What to call it (its folder's name).")
    ] = None,
) -> None:
    """Copy an adapter to where --adapter NAME finds it, wherever musmed is called."""
    from musmed_tui.commands.models import add_model

    add_model(folder, name)


@models.command("remove")
def models_remove(
    name: Model = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Remove an adapter that was added, or what is in the hub's cache."""
    from musmed_tui.commands.models import remove_model

    remove_model(name, yes=yes)


@models.command("path")
def models_path(name: Model = None, *, as_json: Json = False) -> None:
    """Print the folder a checkpoint or an adapter is in."""
    from musmed_tui.commands.models import show_path

    show_path(name, as_json=as_json)
