"""``musmed history`` and ``musmed sessions name``: the real commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.commands import musmed

from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.listener.likings import Liking
from engine.listener.ratings import Rating
from engine.meter.reading import Reading
from engine.plan.planner import make_plan
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

NOON = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def ids(tmp_path: Path, monkeypatch: Patch) -> list[str]:
    """Seven sessions on seven days, the first from sad, with a note on the third and ratings."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    library = Library(folders().library)
    made = []
    for day in range(7):
        asked = Asked(start="sad" if day == 0 else "tense", target="calm", seed="5")
        request = build_request(asked, Loaded(Settings(), {}))
        now = NOON + timedelta(days=day)
        session = library.create(request, "embedded", 1, None, now)
        library.set_position(session, 600.0)
        library.listener.rate(session, "before", Rating(30, 70), now)
        note = "Rain on the ROOF" if day == 2 else ""
        library.listener.rate(session, "after", Rating(40 + day, 60 - day), now, note=note)
        library.set_state(session, "stopped")
        made.append(session)
    library.close()
    return made


def listed(monkeypatch: Patch, capsys: Printed, *words: str) -> list[str]:
    assert musmed(monkeypatch, "history", "--json", *words) == 0
    return [one["id"] for one in json.loads(capsys.readouterr().out)["sessions"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), range(7)),
        (("--limit", "2"), (5, 6)),
        (("roof", "rain"), (2,)),
        (("roof", "sun"), ()),
        (("sad to",), (0,)),
        (("--since", "2026-11-12", "--until", "2026-11-13"), (2, 3)),
        (("2026-11-16",), (6,)),
    ],
)
def test_it_is_searched_by_word_and_day(
    words: tuple[str, ...],
    found: tuple[int, ...],
    ids: list[str],
    monkeypatch: Patch,
    capsys: Printed,
) -> None:
    assert listed(monkeypatch, capsys, *words) == [ids[day] for day in reversed(found)]


def test_a_session_has_the_name_it_is_given(
    ids: list[str], monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "sessions", "name", ids[1], "Before the\x1b[2J exam") == 0
    capsys.readouterr()
    assert listed(monkeypatch, capsys, "exam") == [ids[1]]
    assert musmed(monkeypatch, "history", "exam") == 0
    row = capsys.readouterr().out.splitlines()[1].split("\t")
    assert row[2] == "Before the\\x1b[2J exam: tense to calm"
    assert musmed(monkeypatch, "sessions", "name", ids[1], "") == 0
    capsys.readouterr()
    assert listed(monkeypatch, capsys, "exam") == []


def test_the_list_of_sessions_has_name_and_change(
    ids: list[str], monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "sessions", "name", ids[1], "exam") == 0
    assert musmed(monkeypatch, "rate", ids[0], "--after", "-") == 0
    capsys.readouterr()
    assert musmed(monkeypatch, "sessions") == 0
    header, *rows = (row.split("\t") for row in capsys.readouterr().out.splitlines())
    change = header.index("change")
    assert (rows[-2][2], rows[-2][change]) == ("exam: tense to calm", "+11,-11")
    assert (rows[-1][2], rows[-1][change]) == ("sad to calm", "")
    assert musmed(monkeypatch, "sessions", "--json") == 0
    told = json.loads(capsys.readouterr().out)["sessions"][-2]
    assert (told["name"], told["change"]) == ("exam", {"valence": 11, "arousal": -11})


def test_one_session_is_shown_with_its_path_and_how_it_felt(
    ids: list[str], monkeypatch: Patch, capsys: Printed
) -> None:
    library = Library(folders().library)
    spec = make_plan(library.load(ids[2]).request).clips[1]
    record = ClipRecord(
        composer="embedded", version=27, loudness=-23.0, true_peak=-1.5, gating="off", seconds=1.0,
        speed=25.0, readings=(reading(0.1, 0.5), reading(-0.25, 0.5)),
    )  # fmt: skip
    start, frames = round(spec.start * 48_000), round(spec.duration * 48_000)
    library.save_clip(ids[2], spec, start, frames, False, b"", record, Marks())
    one = Liking(
        clip=1, revision=0, at=spec.start + 4, mood="calm", instrument="harp", genre="ambient",
        liked=True,
    )  # fmt: skip
    library.listener.add_liking(ids[2], one, NOON)
    library.close()
    assert musmed(monkeypatch, "history", ids[2]) == 0
    told = capsys.readouterr().out
    assert "Before 30,70, after 42,58, change +12,-12" in told
    assert "Note: Rain on the ROOF\n" in told
    rows = [line.split("\t") for line in told.splitlines() if "\t" in line]
    middle = spec.path.at(spec.start + spec.duration / 2)
    assert rows[2][2:4] == [f"{middle.valence:+.2f},{middle.arousal:+.2f}", "-0.25,+0.50"]
    assert (rows[1][3], rows[2][-1]) == ("", f"liked at 0:{int(spec.start + 4):02d}")
    assert len(rows) == 1 + 27  # ten minutes of a quarter of an hour were heard
    assert musmed(monkeypatch, "history", ids[2], "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["note"], len(found["clips"])) == ("Rain on the ROOF", 27)
    assert found["clips"][1]["measured"] == {"valence": -0.25, "arousal": 0.5}
    assert found["clips"][0]["measured"] is None


def reading(valence: float, arousal: float) -> Reading:
    return Reading(
        start=0.0, end=10.0, valence=valence, arousal=arousal, valence_error=0.3,
        arousal_error=0.3, known=True,
    )  # fmt: skip


def test_a_name_goes_over_into_a_new_library(ids: list[str], monkeypatch: Patch) -> None:
    """A session that goes on while its library is set aside keeps it."""
    assert musmed(monkeypatch, "sessions", "name", ids[1], "exam") == 0
    library = Library(folders().library)
    library.load(ids[1])
    library._db.execute("DELETE FROM sessions")
    library._db._let_go()
    assert [row.name for row in library.sessions()] == ["exam"]
    library.close()


def test_weeks_are_drawn_and_six_sessions_say_something(
    monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "history", "--weeks") == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[1].index("-100") == lines[0].index("valence")  # its axis lies over its bars
    assert [line[:29].split() for line in told.out.splitlines()[2:4]] == [
        ["2026-11-09", "6", "60"],
        ["2026-11-16", "1", "10"],
    ]
    assert "Valence rose: by +13 in the median of 7 sessions (95 %: +10 to +16)" in told.out
    assert "Arousal fell: by -13 in the median of 7 sessions (95 %: -16 to -10)" in told.out
    assert "H.870" in told.err


def test_under_six_sessions_nothing_is_said_of_a_direction(
    monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "history", "--weeks", "--until", "2026-11-14") == 0
    told = capsys.readouterr().out
    assert "Valence: rated before and after 5 times; from 6 on" in told
    assert musmed(monkeypatch, "history", "--weeks", "--until", "2026-11-10") == 0
    assert "Valence: rated before and after once; from 6 on" in capsys.readouterr().out
    assert "rose" not in told
    assert "fell" not in told
    assert musmed(monkeypatch, "history", "--weeks", "--json", "--until", "2026-11-14") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valence"] is None
    assert found["weeks"][0]["valence"] == {"least": 10, "median": 12, "most": 14, "count": 5}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("history", "--since", "yesterday"), "--since must be a day such as"),
        (("history", "20200101-000000-aa"), "There is no session"),
        (("history", "--weeks", "--limit", "3"), "leave it out with --weeks"),
        (("history", "--since", "2026-11-12", "--until", "2026-11-11"), "is before --since"),
        (("sessions", "name"), "musmed sessions name ID NAME"),
        (("sessions", "name", "20200101-000000-aa", "x"), "There is no session"),
        (("sessions", "name", "20200101-000000-aa", "x" * 81), "at most 80 characters"),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, *words) == 2
    assert why in capsys.readouterr().err
