"""``musmed history``: what was heard and how it felt, as a table or as JSON (docs/json.md)."""

from __future__ import annotations

from datetime import UTC

from engine.listener.history import Past
from engine.listener.ratings import Rating, written
from musmed_tui.commands.lists import limit_of, place
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.terminal.streams import say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.wording import clock, story

COLUMNS = ("session", "begun", "feelings", "heard", "before", "after", "change", "liked", "note")


def show_history(limit: str | None, *, as_json: bool) -> None:
    """Print the newest sessions with how they felt. Raises ``MusmedError``."""
    most = limit_of(limit)
    where = open_log()
    found: tuple[Past, ...] = ()
    if where.library.is_dir():
        from engine.session.library.past import past_sessions

        with opened(where.library) as library:
            found = past_sessions(library, most)
    if as_json:
        say_json({"sessions": [_document(past) for past in found]})
        return
    print_table(
        "History", COLUMNS, [_row(past) for past in found], spare=("note", "liked", "change")
    )


def _row(past: Past) -> tuple[str, ...]:
    felt = past.felt
    return (
        past.id,
        f"{past.begun.astimezone():%Y-%m-%d %H:%M}",
        story(past.request, past.events),
        f"{clock(past.heard)}/{clock(past.request.seconds)}",
        written(felt.before),
        written(felt.after),
        ",".join("-" if one is None else f"{one:+d}" for one in felt.change),
        _liked(past),
        felt.note,
    )


def _liked(past: Past) -> str:
    """How much was liked and disliked."""
    liked = sum(liking.liked for liking in past.likings)
    return f"+{liked} -{len(past.likings) - liked}" if past.likings else ""


def _document(past: Past) -> dict[str, object]:
    request, felt = past.request, past.felt
    valence, arousal = felt.change
    return {
        "id": past.id,
        "begun": past.begun.astimezone(UTC),
        "from": place(request.start, request.start_word),
        "to": place(request.target, request.target_word),
        "heard_s": past.heard,
        "total_s": request.seconds,
        "state": past.state,
        "before": _rated(felt.before),
        "after": _rated(felt.after),
        "change": {"valence": valence, "arousal": arousal},
        "note": felt.note,
        "likings": past.likings,
    }


def _rated(rating: Rating) -> dict[str, int | None] | None:
    return None if rating.is_none else {"valence": rating.valence, "arousal": rating.arousal}
