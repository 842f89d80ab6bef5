"""``musmed meter``, and where its readings stand as bent to the listener: the real commands."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from support.commands import musmed
from support.rated_sessions import HIGHER, SESSIONS, rated_sessions

from engine.listener.personal_meter import personal_meter
from engine.session.library.course_record import Begun
from engine.session.library.library import Library
from engine.session.library.rated import rated_music
from musmed_tui.paths import folders

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def ids(tmp_path: Path, monkeypatch: Patch) -> tuple[str, ...]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    library = Library(folders().library)
    made = rated_sessions(library)
    library.close()
    return made


def shown(session: str, monkeypatch: Patch, capsys: Printed) -> list[dict[str, str]]:
    assert musmed(monkeypatch, "history", session) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_what_was_learned_is_said_with_its_errors(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "meter") == 0
    first, valence, arousal = capsys.readouterr().out.splitlines()
    assert first == f"Set beside the meter: {SESSIONS} sessions and 0 clips."
    assert valence.startswith(f"Valence: bent to you; it misses your {SESSIONS} ratings by 0.0")
    assert "not clearly better" in arousal
    assert musmed(monkeypatch, "meter", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sessions"], found["clips"]) == (SESSIONS, 0)
    assert found["valence"]["used"] is True
    assert found["arousal"]["used"] is False
    assert found["valence"]["line"]["offset"] == pytest.approx(HIGHER / 50, abs=0.06)
    assert found["valence"]["general"] > 0.3


def test_the_history_has_both_readings_until_it_is_forgotten(
    ids: tuple[str, ...], monkeypatch: Patch, capsys: Printed
) -> None:
    library = Library(folders().library)
    meter = personal_meter(rated_music(library))
    library.close()
    row = shown(ids[2], monkeypatch, capsys)[1]
    read = float(row["measured"].split(",")[0])
    here = meter.valence.line.at(read)
    assert row["for you"] == f"{here.value:+.2f},-"
    assert row["give or take"] == f"{here.error:.2f},-"
    assert here.value > read + 0.2
    assert musmed(monkeypatch, "history", ids[2], "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clips"][1]["for_you"]["valence"]["value"] == pytest.approx(here.value)
    assert found["clips"][1]["for_you"]["arousal"] is None
    assert found["meter"]["valence"]["used"] is True

    assert musmed(monkeypatch, "meter", "forget") == 0
    assert "Forgotten" in capsys.readouterr().out
    row = shown(ids[2], monkeypatch, capsys)[1]
    assert float(row["measured"].split(",")[0]) == read
    assert "for you" not in row
    assert musmed(monkeypatch, "history", ids[2]) == 0
    assert "After -" not in capsys.readouterr().out  # how it felt stays with its session
    assert musmed(monkeypatch, "meter") == 0
    assert "Nothing was rated yet" in capsys.readouterr().out
    assert musmed(monkeypatch, "meter", "forget") == 2
    assert "nothing of that to forget" in capsys.readouterr().err


def test_the_report_has_both_readings_of_each_end(
    ids: tuple[str, ...], tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    library = Library(folders().library)
    meter = personal_meter(rated_music(library))
    ends = [library.meter.read_at_end(session, 60.0) for session in ids]
    library.close()
    for name in ("a.csv", "a.md", "a.html"):
        assert musmed(monkeypatch, "report", "-o", str(tmp_path / name), "--yes") == 0
    assert "what the meter read of its end" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "a.csv").open(newline="")))
    assert len(rows) == len(ends) == SESSIONS
    for row, end in zip(rows, ends, strict=True):
        assert end is not None
        here = meter.valence.line.at(end.valence)
        assert row["meter: valence"] == f"{end.valence:+.2f}"
        assert row["meter: arousal"] == f"{end.arousal:+.2f}"
        assert row["meter, bent: valence"] == f"{here.value:+.2f}"
        assert row["give or take: valence"] == f"{here.error:.2f}"
        assert row["meter, bent: arousal"] == row["give or take: arousal"] == ""
        for name in ("a.md", "a.html"):
            text = (tmp_path / name).read_text("utf-8")
            assert f"{end.valence:+.2f},{end.arousal:+.2f}" in text
            assert f"{here.value:+.2f},-" in text
    for name in ("a.md", "a.html"):
        text = (tmp_path / name).read_text("utf-8")
        assert f"of their {SESSIONS} ratings" in text
        assert not re.search("Arousal is also told", text)


def test_without_ratings_the_report_has_the_general_meter_alone(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    assert musmed(monkeypatch, "meter", "forget") == 0
    assert musmed(monkeypatch, "report", "-o", str(tmp_path / "a.csv"), "--yes") == 0
    first = next(csv.DictReader((tmp_path / "a.csv").open(newline="")))
    assert "meter: valence" in first
    assert "meter, bent: valence" not in first


def test_it_is_in_the_export(tmp_path: Path, monkeypatch: Patch) -> None:
    library = Library(folders().library)
    (one, *_) = rated_music(library)
    library.meter.rate_clip(one.reading, one.rating, library.load(library.ids()[0]).created)
    session = library.ids()[0]
    library.courses.begin(Begun(session, "Evenings", 3))
    library.close()
    assert musmed(monkeypatch, "data", "export", str(tmp_path / "out")) == 0
    whole = json.loads((tmp_path / "out" / "musmed.json").read_text("utf-8"))
    assert whole["courses"] == [{"session": session, "course": "Evenings", "step": 3}]
    told = whole["meter"]
    assert told["valence"]["count"] == SESSIONS + 1
    assert [answer["rating"]["valence"] for answer in told["clips"]] == [one.rating.valence]


def test_without_a_library_none_is_made(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "elsewhere"))
    assert musmed(monkeypatch, "meter") == 0
    assert "musmed rate" in capsys.readouterr().out
    assert musmed(monkeypatch, "meter", "forget") == 2
    assert not (tmp_path / "elsewhere" / "data").exists()
