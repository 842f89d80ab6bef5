"""``musmed train`` and its commands, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.cli.parts import Json, Text, WhatOrCommand, refuse_in_front
from musmed_tui.commands.train_recipe import TAKES

training = typer.Typer(
    name="train",
    cls=WhatOrCommand,
    context_settings={"help_option_names": ["-h", "--help"], "allow_extra_args": True},
)

LEARNING, ADAPTER, JUDGING, MACHINE = (
    "How it learns",
    "What is learnt",
    "How it is judged",
    "The machine",
)
Data = Annotated[Text, typer.Argument(metavar="DATA", help="A folder of sounds, with captions.")]
CaptionsElsewhere = Annotated[
    Text,
    typer.Option(
        "--captions", metavar="PLACE", help="Captions that lie elsewhere than in the folder."
    ),
]


@training.callback(invoke_without_command=True, subcommand_metavar="DATA")
def train(
    context: typer.Context,
    *,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="FOLDER", help="The adapter's folder, a new one."),
    ] = None,
    base: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="The model to adapt: a name, folder or repository (musicgen-small).",
            autocompletion=completion.completes(completion.checkpoints),
        ),
    ] = None,
    captions: CaptionsElsewhere = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that was stopped there.")
    ] = False,
    preset: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["preset"],
            help="As the paper did, or as most do (community).",
            autocompletion=completion.completes(completion.presets),
            rich_help_panel=LEARNING,
        ),
    ] = None,
    recipe: Annotated[
        Text,
        typer.Option(metavar="FILE", help="A .toml of any setting.", rich_help_panel=LEARNING),
    ] = None,
    epochs: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["epochs"],
            help="How often all of it is heard (4).",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    steps: Annotated[
        Text,
        typer.Option(metavar=TAKES["steps"], help="Or how many updates.", rich_help_panel=LEARNING),
    ] = None,
    learning_rate: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["learning_rate"],
            help="At its highest (0.0001).",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    batch: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["batch"], help="Windows of an update (16).", rich_help_panel=LEARNING
        ),
    ] = None,
    rank: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["rank"],
            help="LoRA's rank; its alpha goes with it (16).",
            rich_help_panel=ADAPTER,
        ),
    ] = None,
    affect_keys: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["affect_keys"],
            help="Learn to hear a point of the plane, too, by so many keys (0: no).",
            rich_help_panel=ADAPTER,
        ),
    ] = None,
    seed: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["seed"], help="Of all that is drawn (0).", rich_help_panel=ADAPTER
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=PLACE]",
            help="As in 'musmed evaluate'; repeatable, the first one chooses (meter).",
            autocompletion=completion.completes(completion.judges),
            rich_help_panel=JUDGING,
        ),
    ] = None,
    held_out: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["held_out"],
            help="The share of tracks kept from training (0.1).",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    watch_every: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["watch_every"],
            help="Steps from one judging to the next (a tenth of all).",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    clips: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["clips"],
            help="How many it composes for each judging (20).",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    clip_seconds: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["clip_seconds"],
            help="How long each of them is (30).",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    patience: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["patience"],
            help="Judgings without a better one before it ends (3; 0: never).",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    at_once: Annotated[
        Text,
        typer.Option(
            metavar=TAKES["at_once"],
            help="Windows of a batch in memory at a time (all).",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    checkpointing: Annotated[
        bool,
        typer.Option(
            "--checkpointing",
            help="Compute layers twice rather than keep them.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Adapt MusicGen to your own music: an adapter for --adapter of play and render.

    DATA: a folder of sounds with captions; 'musmed train check DATA' says what of it can be used.
    What is learnt is watched by judges, and the best of it is kept. Ctrl-C keeps what there is.
    """
    if context.invoked_subcommand is not None:
        refuse_in_front(context)
        return
    from musmed_tui.commands.train import train as train_adapter
    from musmed_tui.commands.train import wanted_of

    options = {
        "preset": preset,
        "epochs": epochs,
        "steps": steps,
        "learning_rate": learning_rate,
        "batch": batch,
        "at_once": at_once,
        "rank": rank,
        "affect_keys": affect_keys,
        "held_out": held_out,
        "watch_every": watch_every,
        "clips": clips,
        "clip_seconds": clip_seconds,
        "patience": patience,
        "seed": seed,
    }
    wanted = wanted_of(
        context.args,
        output=output,
        base=base,
        captions=captions,
        judges=judge or (),
        resume=resume,
        recipe=recipe,
        options=options,
        checkpointing=checkpointing,
    )
    raise typer.Exit(train_adapter(wanted, as_json=as_json))


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
