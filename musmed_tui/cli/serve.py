"""The service for other programs, as it is typed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui.cli.parts import Text

serving = typer.Typer()
WHO, MUCH = "Who may ask", "How much"


@serving.command()
def serve(
    *,
    port: Annotated[
        Text, typer.Option(metavar="NUMBER", help="Where it listens (8787).", rich_help_panel=WHO)
    ] = None,
    bind: Annotated[
        Text,
        typer.Option(
            metavar="ADDRESS",
            help="Listen on another address than this machine's own.",
            rich_help_panel=WHO,
        ),
    ] = None,
    token_file: Annotated[
        Text,
        typer.Option(
            metavar="FILE",
            help="Keep the token there, for programs and for the next start.",
            rich_help_panel=WHO,
        ),
    ] = None,
    allow_origin: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="ORIGIN",
            help="A page elsewhere that may ask, such as https://lab.example.",
            rich_help_panel=WHO,
        ),
    ] = None,
    study: Annotated[
        Text,
        typer.Option(
            metavar="LIST",
            help="A listening list, too: a link for each participant (docs/study.md).",
            rich_help_panel=WHO,
        ),
    ] = None,
    jobs: Annotated[
        Text,
        typer.Option(
            metavar="N", help="Sessions composed at once (one a core).", rich_help_panel=MUCH
        ),
    ] = None,
    queue: Annotated[
        Text,
        typer.Option(metavar="N", help="How many more may wait (100).", rich_help_panel=MUCH),
    ] = None,
    minutes_most: Annotated[
        Text,
        typer.Option(metavar="MINUTES", help="Of one session (60).", rich_help_panel=MUCH),
    ] = None,
    data: Annotated[
        Text,
        typer.Option(
            metavar="FOLDER",
            help="Where its sessions are kept (beside the library).",
            rich_help_panel=MUCH,
        ),
    ] = None,
) -> None:
    """Compose sessions that other programs ask for over HTTP (docs/service.md).

    Needs litestar and uvicorn, the extra 'serve': the README says how it is installed.
    """
    from musmed_tui.commands.serve import Served, run_service

    asked = Served(
        port, bind, token_file, allow_origin or [], jobs, queue, minutes_most, data, study
    )
    raise typer.Exit(run_service(asked))
