"""A report holds what the library holds and nothing else: every number is traced to a row."""

from __future__ import annotations

import csv
import html
import io
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from support.made_up_month import SESSIONS, made_up_month

from engine.listener.ratings import Rating
from engine.listener.report import Report, contents
from engine.listener.report_page import page
from engine.listener.report_text import markdown, table
from engine.session.library.library import Library
from engine.session.library.past import past_sessions
from engine.session.library.reported import reported

NUMBER = re.compile(r"\d+(?:\.\d+)?")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    made_up_month(opened)
    yield opened
    opened.close()


def report_of(library: Library, *, notes: bool = False, who: str = "Listener") -> Report:
    return Report(
        who=who,
        sessions=reported(library, past_sessions(library)),
        notes=notes,
        version="0.0.0",
        zone=UTC,
    )


class Visible(HTMLParser):
    """What is read of a page: its text, not its style, and of pictures what they are called."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.said.append(data)


def visible(made: str) -> str:
    reader = Visible()
    reader.feed(made)
    return "\n".join(reader.said)


def minute_second(seconds: float) -> set[str]:
    return {str(int(seconds) // 60), f"{int(seconds) % 60:02d}"}


def median(values: list[int]) -> float:
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def in_library(path: Path) -> set[str]:
    """Every number that the rows of the library allow a report to say, by plain SQL."""
    db = sqlite3.connect(path)
    may: set[str] = {str(SESSIONS)}
    sessions = db.execute("SELECT id, created, request, composer_version, position FROM sessions")
    heard, stopped, levels_of = 0.0, 0, []
    for session, created, told, version, position in sessions.fetchall():
        request = msgspec.json.decode(told)
        begun = datetime.fromisoformat(created)
        may |= {f"{begun:%Y}", f"{begun:%m}", f"{begun:%d}", f"{begun:%H}", f"{begun:%M}"}
        may |= {str(request["seed"]), str(version), f"{request['minutes']:g}"}
        may |= minute_second(position) | minute_second(60 * request["minutes"])
        heard += position
        stopped += position < 60 * request["minutes"]
        found = db.execute("SELECT record FROM clips WHERE session = ?", (session,)).fetchall()
        loud = [10 ** (msgspec.json.decode(record)["loudness"] / 10) for (record,) in found]
        levels_of.append(f"{10 * math.log10(sum(loud) / len(loud)):.1f}".lstrip("-"))
    may |= {f"{heard / 60:.0f}", str(stopped), *levels_of}
    events = [msgspec.json.decode(told) for (told,) in db.execute("SELECT event FROM events")]
    may |= {str(sum(event["type"] == "ease" for event in events))}
    for event in events:
        may |= minute_second(event["at"])
    for (at,) in db.execute("SELECT at FROM likings"):
        may |= minute_second(at)
    for name in ("valence", "arousal"):
        pairs = db.execute(
            f"SELECT b.{name}, a.{name} FROM ratings a JOIN ratings b USING (session)"
            " WHERE a.moment = 'after' AND b.moment = 'before'"
        )
        changes = [a - b for b, a in pairs if a is not None and b is not None]
        may |= {str(abs(change)) for change in changes}
        may |= {f"{abs(median(changes)):g}", str(len(changes))}
        told_of = db.execute(f"SELECT {name} FROM ratings WHERE {name} IS NOT NULL")
        may |= {str(value) for (value,) in told_of}
    db.close()
    return may


def said_anyway() -> set[str]:
    """Numbers of the sentences that are the same in every report: years, the sliders' ends."""
    nothing = Report(who="", sessions=(), notes=False, version="0.0.0")
    words = visible(page(nothing)) + markdown(nothing)
    return set(NUMBER.findall(words)) | {"0", "50", "100", "95"}


@pytest.mark.parametrize("make", [page, markdown, table])
def test_every_number_is_traced_to_the_library(
    make: Callable[[Report], str], library: Library
) -> None:
    made = make(report_of(library))
    read = visible(made) if make is page else made
    found = set(NUMBER.findall(read))
    assert len(found) > 60
    assert not sorted(found - in_library(library.path) - said_anyway())


def test_the_table_is_row_by_row_what_was_kept(library: Library) -> None:
    rows = list(csv.DictReader(io.StringIO(table(report_of(library, notes=True)))))
    pasts = past_sessions(library)[::-1]
    assert len(rows) == len(pasts) == SESSIONS
    for row, past in zip(rows, pasts, strict=True):
        felt = past.felt
        assert row["begun"] == f"{past.begun:%Y-%m-%d %H:%M}"
        assert row["seed"] == str(past.request.seed)
        for moment, rating in (("before", felt.before), ("after", felt.after)):
            for name in ("valence", "arousal"):
                value = getattr(rating, name)
                assert row[f"{moment}: {name}"] == ("" if value is None else str(value))
        change = felt.change[0]
        assert row["change: valence"] == ("" if change is None else f"{change:+d}")
        assert row["note"] == felt.note
        assert row["what was liked"].count(" at ") == len(past.likings)
        assert row["what was done"].count("eased at") == sum(
            type(event).__name__ == "Ease" for event in past.events
        )


@pytest.mark.parametrize("make", [page, markdown, table])
def test_a_changed_rating_changes_the_report(
    make: Callable[[Report], str], library: Library
) -> None:
    before = make(report_of(library))
    newest = past_sessions(library, 1)[0].id
    library.listener.rate(newest, "before", Rating(1, 99), NOW)
    assert make(report_of(library)) != before


@pytest.mark.parametrize("make", [page, markdown, table])
def test_notes_are_in_it_only_where_they_are_wanted(
    make: Callable[[Report], str], library: Library
) -> None:
    notes = [past.felt.note for past in past_sessions(library) if past.felt.note]
    assert len(notes) > 2
    without = make(report_of(library))
    assert "Made up" not in without
    with_them = html.unescape(make(report_of(library, notes=True)))
    assert all(note in with_them for note in notes)


def test_what_it_will_hold_is_said_first(library: Library) -> None:
    said = " ".join(contents(report_of(library)))
    assert f"{SESSIONS} sessions, 2026-11-02 to 2026-11-28" in said
    assert "none of your notes" in said
    noted = sum(bool(past.felt.note) for past in past_sessions(library))
    assert f"your notes on {noted} of them" in " ".join(contents(report_of(library, notes=True)))


def test_the_page_needs_nothing_from_elsewhere_and_is_the_same_twice(library: Library) -> None:
    made = page(report_of(library))
    assert made == page(report_of(library))
    assert made.count("<svg") == 2
    assert not re.findall(r"""(?:src|href)=|url\(|@import|<script""", made)
    assert "default-src 'none'" in html.unescape(made)
    assert "composed by a computer program" in made


@pytest.mark.parametrize("name", ["<b>x</b>", "=HYPERLINK(1)", "a | b\n# c", "`$(x)`"])
def test_names_and_notes_are_no_markup(name: str, library: Library) -> None:
    newest = past_sessions(library, 1)[0].id
    library.listener.rate(newest, "after", Rating(1, 2), NOW, note=name)
    report = report_of(library, notes=True, who=name)
    assert "<b>x" not in page(report)
    assert not [line for line in markdown(report).splitlines() if line.startswith("# c")]
    cells = [cell for row in csv.reader(io.StringIO(table(report))) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]


def test_the_guideline_has_lines_for_what_the_program_does_not_know(library: Library) -> None:
    made = page(report_of(library))
    assert made.count('class="line"') == 6
    for item in ("Interventionist", "Setting", "Treatment fidelity", "Delivery schedule", "Theory"):
        assert f"<dt>{item}</dt>" in made
