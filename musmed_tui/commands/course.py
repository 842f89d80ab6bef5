"""``musmed course FILE``: a course as it was written, and how far it was followed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from engine.affect.harm import help_for
from engine.errors import MusmedError
from engine.listener.course import Course, Stand, following
from musmed_tui.asked import Asked
from musmed_tui.commands.play import play_session
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.following import how_far, read_course
from musmed_tui.plain.keys import KeyDecoder
from musmed_tui.preference_words import day_of
from musmed_tui.terminal.streams import remark, say, say_json, tell
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys
from musmed_tui.wording import clock

COLUMNS = ("session", "feelings", "minutes", "day", "heard", "note")


def show_course(file: str | None, *, as_json: bool) -> int:
    """Print the course in ``file``; on a terminal one key begins the next session. Gives the exit
    code. Raises ``MusmedError``."""
    if file is None:
        raise MusmedError("Name the course's file, such as evenings.toml (docs/listener.md).")
    course = read_course(file)
    found = _how_far(course)
    wanted = following(found)
    if help_here := help_for(*{text for one in course.steps for text in (one.start, one.target)}):
        remark(help_here)
    if as_json:
        number = None if wanted is None else wanted.step.number
        told = [_told(stand) for stand in found]
        say_json({"title": course.title, "note": course.note, "sessions": told, "next": number})
        return 0
    say(course.title)
    if course.note:
        say(course.note)
    rows = [_row(stand, is_next=stand is wanted) for stand in found]
    print_table("Sessions", COLUMNS, rows, spare=("note",))
    if wanted is None:
        say("All of them were heard.")
        return 0
    say(_next_in_words(wanted, found, _today()))
    if (begun := wanted.heard) is not None and begun.heard >= 1.0:
        say(
            f"'musmed resume {begun.session}' goes on with what was begun on {day_of(begun.begun)}."
        )
    if not look_at_terminal(plain=False).keys:
        tell(f"'musmed play --course {shlex.quote(file)}' begins it.")
        return 0
    tell("Enter begins it; any other key leaves.")
    if not _enter():
        return 0
    return play_session(
        Asked(),
        None,
        None,
        denoise=None,
        synthesis=None,
        plain=False,
        slow_link=False,
        course=file,
    )


def _how_far(course: Course) -> tuple[Stand, ...]:
    where = open_log()
    if not where.library.is_dir():
        return how_far(course, None)
    with opened(where.library) as library:
        return how_far(course, library)


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _enter() -> bool:
    """Whether the next key is Enter."""
    decoder = KeyDecoder()
    with Signals() as signals, reading_keys(look_at_terminal(plain=False)):
        while signals.stop is None:
            data = signals.wait(0.5, sys.stdin.fileno())
            if keys := decoder.feed(data) if data else decoder.flush():
                return keys[0] == "enter"
    return False


def _row(stand: Stand, *, is_next: bool) -> tuple[str, ...]:
    step, heard = stand.step, stand.heard
    return (
        f"{step.number}{' (next)' if is_next else ''}",
        f"{step.start} to {step.target}",
        "" if step.minutes is None else f"{step.minutes:g}",
        _planned(stand),
        ""
        if heard is None
        else f"{clock(heard.heard)}/{clock(heard.total)}, {day_of(heard.begun)}",
        step.note,
    )


def _planned(stand: Stand) -> str:
    if stand.day is not None:
        return f"{stand.day}"
    every = stand.step.every_days
    if every is None or stand.step.number == 1:
        return ""
    return "the day after" if every == 1 else f"{every} days after"


def _next_in_words(wanted: Stand, found: Sequence[Stand], today: date) -> str:
    """Which is next, and from which day on it is meant: no word of one that has gone by."""
    step = wanted.step
    said = f"Next: session {step.number} of {len(found)}, {step.start} to {step.target}"
    if wanted.day is not None and wanted.day > today:
        return f"{said}, meant for {wanted.day} or later; it can be heard before."
    return f"{said}."


def _told(stand: Stand) -> dict[str, object]:
    step, heard = stand.step, stand.heard
    return {
        "number": step.number,
        "from": step.start,
        "to": step.target,
        "minutes": step.minutes,
        "strategy": step.strategy,
        "day": stand.day,
        "note": step.note,
        "done": stand.done,
        "session": None if heard is None else heard.session,
        "begun": None if heard is None else heard.begun.astimezone(UTC),
        "heard_s": None if heard is None else heard.heard,
        "total_s": None if heard is None else heard.total,
    }
