"""The commands about the listener, as they are typed: what was felt, and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from musmed_tui import completion
from musmed_tui.cli_parts import Json, Text

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
) -> None:
    """Keep how you felt before and after a session: valence (unpleasant to pleasant), arousal
    (sleepy to wide awake).

    Without options it asks; Enter leaves a question out.
    """
    from musmed_tui.commands.rate import rate_session
    from musmed_tui.felt import Feelings

    rate_session(session, Feelings(before=before, after=after, note=note), feelings)


@listening.command()
def history(
    *,
    limit: Annotated[Text, typer.Option(metavar="NUMBER", help="At most so many (20).")] = None,
    as_json: Json = False,
) -> None:
    """What was heard and how it felt, the newest first."""
    from musmed_tui.commands.history import show_history

    show_history(limit, as_json=as_json)
