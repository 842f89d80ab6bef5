"""``musmed train`` and its commands, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui.cli.parts import Json, Text

training = typer.Typer(
    name="train",
    help="Adapt MusicGen to music of your own.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

Data = Annotated[
    Text,
    typer.Argument(metavar="DATA", help="A folder of sounds, with captions."),
]
CaptionsElsewhere = Annotated[
    Text,
    typer.Option(
        "--captions", metavar="PLACE", help="Captions that lie elsewhere than in the folder."
    ),
]


@training.callback()
def train() -> None:
    """Adapt MusicGen to music of your own."""


@training.command("check")
def train_check(
    data: Data = None, *, captions: CaptionsElsewhere = None, as_json: Json = False
) -> None:
    """Say what there is to train with and what is wrong with it, file by file."""
    from musmed_tui.commands.train_data import check

    raise typer.Exit(check(data, captions=captions, as_json=as_json))


@training.command("captions")
def train_captions(
    data: Data = None,
    *,
    output: Annotated[
        Text, typer.Option("--output", "-o", metavar="FILE", help="A new .csv, to be edited.")
    ] = None,
    known: CaptionsElsewhere = None,
    as_json: Json = False,
) -> None:
    """Propose a caption for each sound that has none: by the meter, its name and its tags."""
    from musmed_tui.commands.train_data import captions

    raise typer.Exit(captions(data, output=output, known=known, as_json=as_json))
