"""``musmed study`` and its commands, as they are typed."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui.cli.parts import Json, Text

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


Listening = Annotated[
    Text, typer.Argument(metavar="LIST", help="The folder that 'musmed study listening' made.")
]
Key = Annotated[
    Text, typer.Option(metavar="FILE", help="The list's key (beside it: LIST.key.json).")
]
_HEARD, _ORDER = "What is heard", "Who hears it"


@study.command("listening")
def study_listening(
    folder: Folder = None,
    *,
    output: Annotated[
        Text, typer.Option("--output", "-o", metavar="LIST", help="A new folder, for listeners.")
    ] = None,
    key: Key = None,
    participants: Annotated[
        Text,
        typer.Option(
            metavar="NUMBER",
            help="How many listen (as the study file says).",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    by_path: Annotated[
        bool,
        typer.Option(
            "--by-path",
            help="Each hears each condition on each path, not on one of them.",
            rich_help_panel=_ORDER,
        ),
    ] = False,
    seed: Annotated[
        Text,
        typer.Option(metavar="NUMBER", help="Of codes and orders (drawn).", rich_help_panel=_ORDER),
    ] = None,
    only: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Of the table; may be repeated.",
            rich_help_panel=_HEARD,
        ),
    ] = None,
    seconds: Annotated[
        Text,
        typer.Option(
            metavar="SECONDS",
            help="The beginning of each, faded out (all of it).",
            rich_help_panel=_HEARD,
        ),
    ] = None,
    lufs: Annotated[
        Text,
        typer.Option(
            metavar="LUFS",
            help="How loud all are (as the quietest, -23 at most).",
            rich_help_panel=_HEARD,
        ),
    ] = None,
) -> None:
    """Make a blinded listening list: sounds under codes, equally loud, and who hears which when."""
    from musmed_tui.commands.study_listening import make_listening

    make_listening(
        folder,
        output,
        key=key,
        participants=participants,
        only=only or [],
        by_path=by_path,
        lufs=lufs,
        seconds=seconds,
        seed=seed,
    )


@study.command("answers")
def study_answers(
    folder: Listening = None,
    *,
    output: Annotated[
        Text, typer.Option("--output", "-o", metavar="FILE", help="A new .csv file.")
    ] = None,
    key: Key = None,
) -> None:
    """Write what listeners answered beside what they heard, as a table."""
    from musmed_tui.commands.study_listening import write_answers

    write_answers(folder, output, key)


@study.command("forget")
def study_forget(
    folder: Listening = None,
    participant: Annotated[
        Text, typer.Argument(metavar="PARTICIPANT", help="A code or pseudonym, such as P001.")
    ] = None,
) -> None:
    """Delete all that a participant has answered."""
    from musmed_tui.commands.study_listening import forget_participant

    forget_participant(folder, participant)


@study.command("report")
def study_report(
    folder: Folder = None,
    *,
    output: Annotated[
        Text, typer.Option("--output", "-o", metavar="FILE", help="A new .html file.")
    ] = None,
    listening: Annotated[
        Text,
        typer.Option("--list", metavar="LIST", help="With what listeners answered to this list."),
    ] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Sum a study up: figures by condition beside chance, levels, speeds, listeners."""
    from musmed_tui.commands.study_report import report_study

    report_study(folder, output, listening=listening, key=key, as_json=as_json)
