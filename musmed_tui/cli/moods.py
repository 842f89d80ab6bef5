"""The commands about the moods, as they are typed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui.cli.parts import Json, Text, refuse_in_front

placing = typer.Typer()
moods = typer.Typer(
    name="moods",
    help="List the moods and themes music is tagged with; let several people say where they lie.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
placing.add_typer(moods)


@moods.callback(invoke_without_command=True)
def moods_root(context: typer.Context, *, as_json: Json = False) -> None:
    """List the moods and themes music is tagged with; let several people say where they lie."""
    if context.invoked_subcommand is None:
        from musmed_tui.commands.moods import show_moods

        show_moods(as_json=as_json)
    else:
        refuse_in_front(context)


@moods.command("export")
def moods_export(
    file: Annotated[
        Text, typer.Argument(metavar="FILE", help="A new .csv file; - or none: standard output.")
    ] = None,
) -> None:
    """Write a sheet in which one person says where the moods lie."""
    from musmed_tui.commands.moods import export_sheet

    export_sheet(file)


@moods.command("agree")
def moods_agree(
    sheets: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="SHEET...", help="The filled-in sheets, one a person."),
    ] = None,
    *,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="TABLE", help="Write the mood table: a new file."),
    ] = None,
    name: Annotated[
        Text, typer.Option(metavar="NAME", help="With -o: what the table is called.")
    ] = None,
    signed: Annotated[Text, typer.Option(metavar="WHO", help="With -o: who signs it off.")] = None,
    settle: Annotated[
        Text,
        typer.Option(metavar="SHEET", help="With -o: the sheet that decides where none has most."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of shuffles and intervals.")] = 0,
    as_json: Json = False,
) -> None:
    """How far do the sheets agree? Fleiss' kappa, beside what it is by chance."""
    from musmed_tui.commands.moods import agree

    agree(
        sheets or [],
        seed,
        output=output,
        name=name,
        signed=signed,
        settle=settle,
        as_json=as_json,
    )
