"""``musmed history``: what was heard and how it felt, as a table or as JSON (docs/json.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.ratings import written
from engine.listener.weeks import changes_of, verdict, verdict_in_words, weeks_of
from engine.plan.story import story
from musmed_tui.commands.lists import limit_of
from musmed_tui.commands.one_session import document, is_id, show_one
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.drawing.weeks_picture import weeks_lines
from musmed_tui.past_words import HEARING, NOTHING_YET, liked_in_short, searched, this_week
from musmed_tui.terminal.streams import remark, say, say_json, write_out
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import look_at_terminal
from musmed_tui.wording import change_in_short, clock, named

COLUMNS = ("session", "begun", "feelings", "heard", "before", "after", "change", "liked", "note")


def show_history(
    words: Sequence[str],
    *,
    since: str | None,
    until: str | None,
    limit: str | None,
    weeks: bool,
    as_json: bool,
) -> None:
    """Print the newest sessions with how they felt, those of a time and with all of ``words``; or
    their ``weeks``. Raises ``MusmedError``."""
    most = limit_of(limit)
    first, last = days_asked(since, until)
    if len(words) == 1 and not (weeks or first or last or limit) and is_id(words[0]):
        show_one(words[0], as_json=as_json)
        return
    every = weeks or words or first or last
    found = past_of(words, first, last, most=-1 if every else most)
    if weeks:
        if limit is not None:
            raise MusmedError("--limit is for the list; leave it out with --weeks.")
        _show_weeks(found, as_json=as_json)
        return
    found = found[:most]
    if as_json:
        say_json({"sessions": [document(past) for past in found]})
        return
    print_table(
        "History",
        COLUMNS,
        [_row(past) for past in found],
        spare=("note", "liked", "change"),
        none="Nothing that was heard is like that." if every else NOTHING_YET,
    )


def past_of(
    words: Sequence[str], first: date | None, last: date | None, *, most: int = -1
) -> tuple[Past, ...]:
    """Of the newest ``most`` sessions (-1: all) those from the day ``first`` to the day ``last``
    with all of ``words``, whatever their case, in name, feelings, note or id; the newest first."""
    where = open_log()
    if not where.library.is_dir():
        return ()
    from engine.session.library.past import past_sessions

    with opened(where.library) as library:
        found = past_sessions(library, most)
    wanted = [word.casefold() for word in words]
    return tuple(
        past
        for past in found
        if (first is None or past.begun.astimezone().date() >= first)
        and (last is None or past.begun.astimezone().date() <= last)
        and all(word in searched(past) for word in wanted)
    )


def days_asked(since: str | None, until: str | None) -> tuple[date | None, date | None]:
    """The first and the last day; None for none. Raises ``MusmedError`` for what is no day, and for
    a last one before the first."""
    first, last = _day_asked(since, "--since"), _day_asked(until, "--until")
    if first is not None and last is not None and last < first:
        raise MusmedError(f"--until {last} is before --since {first}; turn them round.")
    return first, last


def _day_asked(text: str | None, option: str) -> date | None:
    """Raises ``MusmedError`` for what is no day."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MusmedError(
            f"{option} must be a day such as 2026-11-12, not {text[:40]!r}."
        ) from error


def _row(past: Past) -> tuple[str, ...]:
    felt, way = past.felt, story(past.request, past.events)
    return (
        past.id,
        f"{past.begun.astimezone():%Y-%m-%d %H:%M}",
        named(past.name, way),
        f"{clock(past.heard)}/{clock(past.request.seconds)}",
        written(felt.before),
        written(felt.after),
        change_in_short(felt),
        liked_in_short(past),
        felt.note,
    )


# weeks


def _show_weeks(pasts: Sequence[Past], *, as_json: bool) -> None:
    weeks = weeks_of(pasts)
    found = tuple(verdict(changes) for changes in changes_of(pasts))
    if as_json:
        say_json({"weeks": weeks, "valence": found[0], "arousal": found[1]})
        return
    ascii_only = not look_at_terminal(plain=False).unicode
    write_out("".join(f"{line}\n" for line in weeks_lines(weeks, ascii_only=ascii_only)))
    for name, one, changes in zip(("Valence", "Arousal"), found, changes_of(pasts), strict=True):
        say(verdict_in_words(name, one, len(changes)))
    if weeks:
        remark(f"{this_week(weeks)} {HEARING}")
