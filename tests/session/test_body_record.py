"""What is kept because of a body: from the schema before, through deletion and damage, and where it
is read: the history, the report, programs, the sidecar."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from support.old_library import old_library

from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.report import Report, Reported, Sounded, contents, done, guideline
from engine.plan.body import Offer, Reason
from engine.plan.events import Dwell, Ease
from engine.plan.planner import make_plan
from engine.session.library.library import Library
from engine.session.library.past import past_session, past_sessions
from engine.session.library.schema import SHAPE
from engine.sidecar import session_report
from musmed_tui.commands.one_session import document

OLD = Path(__file__).parent / "library_of_schema_8.sql"
"""As the code before offers made it: its SQL, and the rows of two rated sessions."""
FIRST, SECOND = "20261112-183000-7v", "20261115-183000-sw"
OFFER = Offer(21.5, Reason("heart", 74.0, 83.4, 0.2))
STAY = Dwell(25.0, 30.0, Reason("arousal", 0.2, 0.25, 0.31))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_library(OLD, tmp_path)


def test_a_library_of_the_schema_before_is_read_whole_and_takes_offers(old: Path) -> None:
    before = sqlite3.connect(old / "library.sqlite")
    tables = [name for (name,) in before.execute("SELECT name FROM sqlite_master WHERE sql <> ''")]
    rows = {table: before.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    assert before.execute("PRAGMA user_version").fetchone() == (8,)
    assert sorted(tables) == sorted(set(SHAPE) - {"offers"})
    assert all(rows.values())
    before.close()

    library = Library(old)
    assert library.take_remarks() == ()
    assert library.load(SECOND).events == (Ease(12.0),)
    assert library.load(SECOND).offers == ()
    for offer in (OFFER, msgspec.structs.replace(OFFER, at=3.0)):
        library.body.offered(SECOND, offer)
    library.add_event(SECOND, STAY)
    library.close()

    after = sqlite3.connect(old / "library.sqlite")
    for table in tables:
        columns = ", ".join(SHAPE[table][: len(rows[table][0])])
        assert (
            after.execute(f"SELECT {columns} FROM {table}").fetchall()[: len(rows[table])]
            == (rows[table])
        )
    after.close()
    library = Library(old)
    stored = library.load(SECOND)
    assert stored.events == (Ease(12.0), STAY)
    assert [offer.at for offer in stored.offers] == [21.5, 3.0]
    assert [offer.at for offer in library.body.offers([FIRST, SECOND])[SECOND]] == [3.0, 21.5]
    assert library.body.offers([FIRST, SECOND])[FIRST] == ()
    library.close()


def test_it_goes_with_its_session_and_needs_one(old: Path) -> None:
    library = Library(old)
    library.body.offered(FIRST, OFFER)
    library.delete(FIRST)
    assert library._db.rows("*", "offers") == []
    with pytest.raises(MusmedError, match="There is no session"):
        library.body.offered(FIRST, OFFER)
    library.close()


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, b"\xff", "", "{}", "[1]", '{"at":1.0}', "[" * 5000),
        msgspec.json.encode(OFFER).decode().replace("21.5", "-1"),
        msgspec.json.encode(OFFER).decode().replace("83.4", "1e999"),
        msgspec.json.encode(OFFER).decode().replace("heart", "soul"),
    ],
)
def test_what_can_t_be_read_is_left_out(old: Path, value: object) -> None:
    library = Library(old)
    library.body.offered(FIRST, OFFER)
    library._db.execute("INSERT INTO offers VALUES (?, 1, coalesce(?, ''))", (FIRST, value))
    assert library.load(FIRST).offers == (OFFER,)
    assert library.body.offers([FIRST])[FIRST] == (OFFER,)
    library.close()


def report_of(pasts: tuple[Past, ...]) -> Report:
    sessions = tuple(Reported(past, Sounded()) for past in pasts)
    return Report(who="Listener", sessions=sessions, notes=False, version="1")


def test_history_report_programs_and_sidecar_tell_it_with_its_reason(old: Path) -> None:
    library = Library(old)
    library.body.offered(SECOND, OFFER)
    library.add_event(SECOND, STAY)
    past, _ = past_session(library, SECOND)
    assert past in past_sessions(library)
    stored = library.load(SECOND)
    library.close()
    assert (
        "eased at 0:12, an ease was offered at 0:21 (the heart beats 83 a minute, 74 were usual, "
        "and the way's arousal has come down by 0.20), the way stayed 30 s longer at 0:25 "
        "(arousal is told as +0.25, +0.20 was usual, and the way's arousal has come down by 0.31)"
    ) in done(past)
    told = json.loads(msgspec.json.encode(document(past)))
    why = {"measure": "arousal", "usual": 0.2, "now": 0.25, "fell": 0.31}
    month = report_of((past,))
    assert "because of your body, and why." in " ".join(contents(month))
    fidelity = dict(guideline(month))["Treatment fidelity"]
    assert "the way stayed 1 times, an ease was offered 1 times" in fidelity
    without = report_of((msgspec.structs.replace(past, events=(), offers=()),))
    assert (
        "body" not in " ".join(contents(without)) + dict(guideline(without))["Treatment fidelity"]
    )
    assert told["dwells"] == [{"at": 25.0, "seconds": 30.0, "why": why}]
    assert [offer["at"] for offer in told["offers"]] == [21.5]
    report = session_report(
        stored.request, make_plan(stored.request, stored.events), stored.events, (), (),
        offers=stored.offers,
    )  # fmt: skip
    assert report.events == (Ease(12.0), STAY)
    assert report.offers == (OFFER,)
