"""``musmed study`` and its commands, as they are typed."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui.cli_parts import Json, Text

researching = typer.Typer()
study = typer.Typer(
    name="study",
    help="Many sessions at once: an experiment from one file to one table.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)
researching.add_typer(study)

StudyFile = Annotated[
    Text, typer.Argument(metavar="STUDY", help="A study file (.toml; docs/study.md has one).")
]
Folder = Annotated[Text, typer.Argument(metavar="FOLDER", help="Of a study that was run.")]
Jobs = Annotated[
    Text,
    typer.Option(metavar="NUMBER", help="Sessions at once (one for each core, or GPU)."),
]


@study.command("check")
def study_check(study_file: StudyFile = None, *, jobs: Jobs = None, as_json: Json = False) -> None:
    """Say what a study would be, and what it would take; nothing is run."""
    from musmed_tui.commands.study import check_study

    check_study(study_file, jobs=jobs, as_json=as_json)


@study.command("run")
def study_run(
    study_file: StudyFile = None,
    *,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where it goes, and goes on."),
    ] = None,
    jobs: Jobs = None,
    shard: Annotated[
        Text, typer.Option(metavar="I/N", help="Only the I-th of N parts, as for a Slurm array.")
    ] = None,
    address: Annotated[
        Text,
        typer.Option(metavar="ADDRESS", help="Of a Ray cluster that makes it, or 'local'."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try what failed anew.")] = False,
) -> None:
    """Make every session of a study that is not made yet, and its table."""
    from musmed_tui.commands.study import run_study

    raise typer.Exit(
        run_study(study_file, output, jobs=jobs, shard=shard, address=address, retry=retry)
    )


@study.command("status")
def study_status(folder: Folder = None, *, as_json: Json = False) -> None:
    """Say how far a study is, and what failed."""
    from musmed_tui.commands.study import show_status

    show_status(folder, as_json=as_json)


@study.command("figures")
def study_figures(folder: Folder = None) -> None:
    """Write the table of a study anew, of what is done."""
    from musmed_tui.commands.study import write_figures

    write_figures(folder)
