"""``musmed evaluate`` and its command, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.asked import FILES, MODEL
from musmed_tui.cli.parts import Json, Text, WhatOrCommand, refuse_in_front

evaluating = typer.Typer(
    name="evaluate",
    cls=WhatOrCommand,
    context_settings={"help_option_names": ["-h", "--help"], "allow_extra_args": True},
)


@evaluating.callback(
    invoke_without_command=True,
    subcommand_metavar="WHAT...",
)
def evaluate(
    context: typer.Context,
    *,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=PLACE]",
            help="meter, musicnn, musicnn-head, jamendo, music2emo, clap-tagger or clap; "
            "repeatable (meter).",
            autocompletion=completion.completes(completion.judges),
        ),
    ] = None,
    model: Annotated[
        Text,
        typer.Option(
            metavar="NAME",
            help="Sample a composer: embedded, musicgen-small ...",
            autocompletion=completion.completes(completion.composers),
            rich_help_panel=MODEL,
        ),
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE[=SCALE]",
            help="Merge a LoRA adapter; may be repeated.",
            autocompletion=completion.completes(completion.added_adapters),
            rich_help_panel=MODEL,
        ),
    ] = None,
    prompts: Annotated[
        Text,
        typer.Option(metavar="1..56", help="Moods to prompt with (56).", rich_help_panel=MODEL),
    ] = None,
    seeds: Annotated[
        Text,
        typer.Option(metavar="1..100", help="Clips for each mood (1).", rich_help_panel=MODEL),
    ] = None,
    samples: Annotated[
        Text,
        typer.Option(
            metavar="FOLDER",
            help="Keep the clips there; what is there is not composed again.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    reference: Annotated[
        Text,
        typer.Option(
            metavar="FOLDER",
            help="Other music, such as training tracks: is it copied, how far is it (clap).",
        ),
    ] = None,
    page: Annotated[
        Text,
        typer.Option(metavar="FILE", help="Write an .html with plots, too.", rich_help_panel=FILES),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of shuffles and intervals.")] = 0,
    as_json: Json = False,
) -> None:
    """Does the music go where its path goes, and is it what was prompted?

    WHAT: sound files and folders of them, with their sidecars, and kept sessions, by their ID.
    Every figure stands beside what it is by chance.
    """
    if context.invoked_subcommand is not None:
        refuse_in_front(context)
        return
    from musmed_tui.commands.evaluate import Wanted
    from musmed_tui.commands.evaluate import evaluate as evaluate_sounds

    wanted = Wanted(
        what=tuple(context.args),
        judges=tuple(judge or ("meter",)),
        model=model,
        adapters=None if adapter is None else tuple(adapter),
        prompts=prompts,
        seeds=seeds,
        samples=samples,
        reference=reference,
        page=page,
        seed=seed,
    )
    raise typer.Exit(evaluate_sounds(wanted, as_json=as_json))


@evaluating.command("fit-tagger")
def evaluate_fit_tagger(
    audio: Annotated[
        Text, typer.Argument(metavar="FOLDER", help="Where MTG-Jamendo's sounds are.")
    ] = None,
    *,
    splits: Annotated[
        Text, typer.Option(metavar="FOLDER", help="The autotagging_moodtheme-*.tsv of a split.")
    ] = None,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="FILE", help="A .safetensors file to be made."),
    ] = None,
    clap: Annotated[
        Text, typer.Option(metavar="PLACE", help="Another CLAP than the usual one.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of its intervals.")] = 0,
    as_json: Json = False,
) -> None:
    """Fit a tagger of moods to MTG-Jamendo's sounds, for --judge clap-tagger; what is there of it
    is gone on with."""
    from musmed_tui.commands.fit_tagger import fit_tagger

    code = fit_tagger(audio, splits=splits, output=output, clap=clap, seed=seed, as_json=as_json)
    raise typer.Exit(code)
