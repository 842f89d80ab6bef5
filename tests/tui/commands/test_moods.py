"""``musmed moods``: from an empty sheet to sessions that are composed by a signed-off table."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.commands import musmed
from support.filled_sheets import Cells, filled

from engine.affect.moods import MOODS
from engine.evaluation.mood_sheets import empty_sheet
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.doctor.home import settings as doctors_settings
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import load_settings

ROOT = Path(__file__).parents[3]
QUICK = ROOT / "tests/support/quick_musmed.py"
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
WAY = ("--from=-0.7,0.7", "--to=0.7,-0.7", "--seed", "1")
ANN: dict[str, Cells] = {
    "action": ("unpleasant high", "-0,7", "0,7", "a chase"),
    "sad": ("unpleasant low", "-0,8", "-0,4", ""),
    "relaxing": ("pleasant low", "0,8", "-0,8", ""),
}
BEN: dict[str, Cells] = ANN | {
    "action": ("unpleasant high", "-0,9", "0,9", ""),
    "calm": ("none", "", "", "silence"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hand_back(folder: Path) -> tuple[str, str]:
    """Two sheets that differ in one tag."""
    (folder / "ann.csv").write_text(filled(ANN, ";"), "utf-8-sig")
    (folder / "ben.csv").write_text(filled(BEN))
    (folder / "therapist.csv").write_text(
        "tag,answer,valence,arousal\ncalm,pleasant low,0.5,-0.7\n"
    )
    return "ann.csv", "ben.csv"


def sign_off(monkeypatch: Patch, folder: Path) -> Path:
    sheets = hand_back(folder)
    named = ("--name", "clinic", "--signed", "a therapist", "--settle", "therapist.csv")
    assert musmed(monkeypatch, "moods", "agree", *sheets, "-o", "table.json", *named) == 0
    return folder / "table.json"


def document(monkeypatch: Patch, capsys: Printed, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert musmed(monkeypatch, *arguments, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_empty_sheet_goes_to_standard_output_or_to_a_new_file(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    for arguments in ((), ("-",)):
        assert musmed(monkeypatch, "moods", "export", *arguments) == 0
        assert capsys.readouterr().out == empty_sheet()
    assert musmed(monkeypatch, "moods", "export", "ann.csv") == 0
    sheet = home / "ann.csv"
    assert sheet.read_text() == empty_sheet()
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    capsys.readouterr()
    assert musmed(monkeypatch, "moods", "export", "ann.csv") == 2
    assert "already" in capsys.readouterr().err


def test_what_sheets_have_in_common_stands_beside_chance_and_the_paper(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    sheets = hand_back(home)
    assert musmed(monkeypatch, "moods", "agree", *sheets) == 0
    told = capsys.readouterr()
    lines = [line.split("\t") for line in told.out.splitlines()]
    assert lines[0] == ["of", "kappa", "95 %"]
    assert (lines[1][0], lines[2][0]) == ("these sheets", "by chance")
    assert 0.9 < float(lines[1][1]) < 1.0
    assert lines[3] == ["the paper's three", "0.2471", ""]
    assert ["calm", "0.00", "1 pleasant low, 1 none"] in lines
    assert ["action", "unpleasant high", "none"] in lines
    assert "another question" in told.err
    assert "Without a majority: calm." in told.err
    found = document(monkeypatch, capsys, "moods", "agree", *sheets)
    assert found["table"] is None
    assert found["agreement"]["raters"] == ["ann.csv", "ben.csv"]
    assert found["agreement"]["disagreements"][0]["notes"] == ["silence"]
    page = (ROOT / "docs/json.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if "`moods agree --json`" in line)
    for name in found["agreement"]:
        assert f"`{name}`" in row or f"`{name}[]`" in row, name


def test_a_table_says_who_answers_for_it_and_what_was_settled(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    table = sign_off(monkeypatch, home)
    capsys.readouterr()
    told = json.loads(table.read_text())
    assert (told["name"], told["signed"], told["raters"]) == ("clinic", "a therapist", 2)
    assert told["date"] == f"{datetime.now(UTC):%Y-%m-%d}"
    assert 0.9 < told["kappa"] < 1.0
    assert told["tags"]["action"]["affect"] == {"valence": -0.8, "arousal": 0.8}
    assert told["tags"]["calm"] == {
        "category": "pleasant low",
        "affect": {"valence": 0.5, "arousal": -0.7},
        "source": "settling",
        "votes": {"pleasant low": 1, "none": 1},
        "settled": True,
    }
    assert stat.S_IMODE(table.stat().st_mode) == 0o600


def test_the_table_in_force_is_told(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    before = document(monkeypatch, capsys, "moods")
    assert before["table"] == "musmed"
    monkeypatch.setenv("MUSMED_MOOD_TABLE", str(sign_off(monkeypatch, home)))
    capsys.readouterr()
    found = document(monkeypatch, capsys, "moods")
    assert found["table"] == "clinic"
    assert [one["name"] for one in found["moods"]] == [mood.name for mood in MOODS]
    places = {one["name"]: one["affect"] for one in found["moods"]}
    assert places["action"] == {"valence": -0.8, "arousal": 0.8}
    assert places["happy"] == {one["name"]: one["affect"] for one in before["moods"]}["happy"]
    assert musmed(monkeypatch, "moods") == 0
    said = capsys.readouterr().err
    for word in ("'clinic'", "a therapist", "2 raters", "MUSMED_MOOD_TABLE"):
        assert word in said
    texts = [finding.text for finding in doctors_settings()[1]]
    assert any("'clinic'" in text and "a therapist" in text for text in texts)
    (home / "table.json").write_text("{}")
    problems = [one.text for one in doctors_settings()[1] if one.level == "problem"]
    assert any("table.json" in text for text in problems)


def test_from_sheets_to_a_session_by_the_table_that_outlives_its_file(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    """Planned, rendered, kept; made again when the table's file has gone and nothing is set."""
    table = sign_off(monkeypatch, home)
    own = document(monkeypatch, capsys, "plan", *WAY, "--minutes", "2")
    where = folders()
    where.settings.parent.mkdir(parents=True, exist_ok=True)
    where.settings.write_text(f'mood_table = "{table}"\n')
    told = document(monkeypatch, capsys, "plan", *WAY, "--minutes", "2")
    moods = [clip["tags"]["mood"] for clip in told["plan"]["clips"]]
    assert moods[0] == "action"
    assert moods != [clip["tags"]["mood"] for clip in own["plan"]["clips"]]
    assert told["request"]["mood_table"]["name"] == "clinic"
    assert all("mood_table" not in clip for clip in told["plan"]["clips"])

    def rendered(name: str, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(QUICK), "render", *arguments, "-o", f"{name}.flac"],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads((home / f"{name}.json").read_text())
        return found

    first = rendered("first", *WAY, "--minutes", "1")
    assert first["mood_table"] == "clinic"
    assert first["clips"][0]["tags"]["mood"] == "action"

    asked = Asked(start="-0.7,0.7", target="0.7,-0.7", minutes="1", seed="1")
    library = Library(where.library)
    request = build_request(asked, load_settings(where.settings))
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    library.close()
    table.unlink()
    assert musmed(monkeypatch, "plan", *WAY) == 2
    assert "settings.toml, line 1" in capsys.readouterr().err
    where.settings.unlink()
    again = rendered("again", "--session", kept)
    assert again["mood_table"] == "clinic"
    assert [clip["tags"] for clip in again["clips"]] == [clip["tags"] for clip in first["clips"]]
