"""The commands about the listener, as they are typed: what was felt, and what came of it."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from engine.errors import MusmedError
from musmed_tui import completion
from musmed_tui.cli.parts import Json, Text, refuse_in_front

listening = typer.Typer()
Session = Annotated[
    Text,
    typer.Argument(
        metavar="ID",
        help="From 'musmed sessions'; without it the newest.",
        autocompletion=completion.completes(completion.sessions),
    ),
]


@listening.command()
def rate(
    session: Session = None,
    *,
    before: Annotated[
        Text, typer.Option(metavar="V,A", help="How it was before, 0 to 100 each; - for none.")
    ] = None,
    after: Annotated[
        Text, typer.Option(metavar="V,A", help="How it was after, 0 to 100 each; - for none.")
    ] = None,
    note: Annotated[
        Text, typer.Option(metavar="TEXT", help="A few words about it; '' for none.")
    ] = None,
    feelings: Annotated[
        Text,
        typer.Option(
            metavar="FILE", help="Take before, after and note from a file, unseen by others."
        ),
    ] = None,
    clips: Annotated[
        bool, typer.Option("--clips", help="Hear six clips of 30 s and rate each, for the meter.")
    ] = False,
    into: Annotated[
        Text,
        typer.Option(metavar="FOLDER", help="With --clips: write them into a new folder instead."),
    ] = None,
) -> None:
    """Keep how you felt before and after a session: valence (unpleasant to pleasant), arousal
    (sleepy to wide awake).

    Without options it asks; Enter leaves a question out. --clips teaches the meter about you
    ('musmed meter').
    """
    if clips or into is not None:
        from musmed_tui.commands.clip_round import rate_clips

        if not clips or any(one is not None for one in (session, before, after, note, feelings)):
            raise MusmedError("--clips asks by itself; leave out all else but --into FOLDER.")
        raise typer.Exit(rate_clips(into))
    from musmed_tui.commands.rate import rate_session
    from musmed_tui.felt import Feelings

    rate_session(session, Feelings(before=before, after=after, note=note), feelings)


@listening.command()
def history(
    words: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer evaluates it
        typer.Argument(metavar="WORD...", help="Only what has them in name, feelings or note."),
    ] = None,
    *,
    since: Annotated[Text, typer.Option(metavar="DAY", help="Not before it: 2026-11-12.")] = None,
    until: Annotated[Text, typer.Option(metavar="DAY", help="Not after it.")] = None,
    limit: Annotated[Text, typer.Option(metavar="NUMBER", help="At most so many (20).")] = None,
    weeks: Annotated[
        bool, typer.Option("--weeks", help="Week by week, with how it was after less before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What was heard and how it felt, the newest first."""
    from musmed_tui.commands.history import show_history

    show_history(words or (), since=since, until=until, limit=limit, weeks=weeks, as_json=as_json)


@listening.command()
def report(
    *,
    output: Annotated[
        Text,
        typer.Option("--output", "-o", metavar="FILE", help="A new .html, .md or .csv file."),
    ] = None,
    since: Annotated[Text, typer.Option(metavar="DAY", help="Not before it: 2026-11-12.")] = None,
    until: Annotated[Text, typer.Option(metavar="DAY", help="Not after it.")] = None,
    who: Annotated[
        Text, typer.Option(metavar="NAME", help="What you are called in it (Listener).")
    ] = None,
    notes: Annotated[bool, typer.Option("--notes", help="With your notes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Write a report that you can take to your therapist; it says what it will hold, and asks."""
    from musmed_tui.commands.report import write_report

    code = write_report(output, since=since, until=until, who=who, notes=notes, yes=yes)
    raise typer.Exit(code)


@listening.command()
def course(
    file: Annotated[
        Text, typer.Argument(metavar="FILE", help="A .toml file that lists sessions.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """What a course has in it, and what of it was heard; one key begins the next session."""
    from musmed_tui.commands.course import show_course

    raise typer.Exit(show_course(file, as_json=as_json))


preferences = typer.Typer(
    name="preferences",
    help="What was learned of what you like, and from what; mend it, forget it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
listening.add_typer(preferences)
Tag = Annotated[
    Text,
    typer.Argument(
        metavar="TAG",
        help="An instrument or a genre.",
        autocompletion=completion.completes(completion.tags),
    ),
]
Mood = Annotated[
    Text,
    typer.Option(
        metavar="MOOD",
        help="One of 'musmed moods'.",
        autocompletion=completion.completes(completion.moods),
    ),
]
Times = Annotated[Text, typer.Option(metavar="NUMBER", help="How often, 0 to 1000.")]


@preferences.callback(invoke_without_command=True)
def preferences_root(context: typer.Context, *, as_json: Json = False) -> None:
    """What was learned of what you like, and from what; mend it, forget it."""
    if context.invoked_subcommand is None:
        from musmed_tui.commands.preferences import show_preferences

        show_preferences(as_json=as_json)
    else:
        refuse_in_front(context)


@preferences.command("export")
def preferences_export(
    file: Annotated[Text, typer.Argument(metavar="FILE", help="A new .json file.")] = None,
) -> None:
    """Write what was learned, and every like that it comes from, into a file of yours."""
    from musmed_tui.commands.preferences import export_preferences

    export_preferences(file)


@preferences.command("set")
def preferences_set(
    tag: Tag = None, *, mood: Mood = None, liked: Times = None, disliked: Times = None
) -> None:
    """Set by hand how often something counts as liked and disliked in a mood."""
    from musmed_tui.commands.preferences import set_preference

    set_preference(tag, mood, liked, disliked)


@preferences.command("forget")
def preferences_forget(
    tag: Tag = None,
    *,
    mood: Mood = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that was learned.")] = False,
) -> None:
    """Forget what was learned of an instrument or a genre, in one mood or in all."""
    from musmed_tui.commands.preferences import forget_preferences

    forget_preferences(tag, mood, every=every)


meter = typer.Typer(
    name="meter",
    help="How the meter is bent to you by what you rated; forget it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
listening.add_typer(meter)


@meter.callback(invoke_without_command=True)
def meter_root(context: typer.Context, *, as_json: Json = False) -> None:
    """How the meter is bent to you by what you rated; forget it."""
    if context.invoked_subcommand is None:
        from musmed_tui.commands.meter import show_meter

        show_meter(as_json=as_json)
    else:
        refuse_in_front(context)


@meter.command("forget")
def meter_forget() -> None:
    """Learn nothing any more from what you rated so far."""
    from musmed_tui.commands.meter import forget_meter

    forget_meter()


data = typer.Typer(
    name="data",
    help="All that musmed keeps of you: export it, delete it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
listening.add_typer(data)


@data.command("export")
def data_export(
    folder: Annotated[Text, typer.Argument(metavar="FOLDER", help="A new folder.")] = None,
    *,
    sound: Annotated[bool, typer.Option("--sound", help="With the sessions' sound.")] = False,
) -> None:
    """Write all that is kept of you into a folder of yours."""
    from musmed_tui.commands.data import export_data

    export_data(folder, sound=sound)


@data.command("delete")
def data_delete(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete all that is kept of you: sessions, ratings, notes, likes, logs, settings."""
    from musmed_tui.commands.data import delete_data

    raise typer.Exit(delete_data(yes=yes))
