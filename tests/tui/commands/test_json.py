"""What commands print for programs: one document, of the form that docs/json.md promises."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from support.commands import musmed

from engine.affect.feelings import feeling
from engine.plan.events import Steer
from engine.session.library.library import Library
from engine.session.status import Phase
from musmed_tui.asked import Asked
from musmed_tui.doctor.finding import Finding
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

ROOT = Path(__file__).parents[3]
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
BEGUN = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    for name in ("MUSMED_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def document(monkeypatch: Patch, capsys: Printed, *arguments: str) -> dict[str, Any]:
    assert musmed(monkeypatch, *arguments, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def keep_a_session() -> str:
    asked = Asked(start="tense", target="0.5,-0.5", minutes="2", seed="5")
    library = Library(folders().library)
    kept = library.create(build_request(asked, Loaded(Settings(), {})), "embedded", 1, None, BEGUN)
    library.set_position(kept, 31.5)
    library.close()
    return kept


class Promised(NamedTuple):
    """Of a command's row in docs/json.md: the fields of its document, those of each row of its
    list, and what stands in brackets behind a field: the fields of its value, or its values."""

    document: set[str]
    row: set[str]
    inner: dict[str, set[str]]


def fields(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)(?:\[\])?`", text))


def promised(command: str) -> Promised:
    page = (ROOT / "docs/json.md").read_text("utf-8")
    line = next(line for line in page.splitlines() if f"`{command} --json`" in line)
    text = line.partition(" | ")[2]
    if command in {"instruments", "genres"}:  # they share a line
        other = "genre" if command == "instruments" else "instrument"
        text = text.replace(f"`{other}s[]`", "").replace(f"`{other}`", "")
    inner = {
        name: fields(within)
        for names, within in re.findall(
            r"((?:`\w+(?:\[\])?`(?: and )?)+) \(([^()]*`[^()]*)\)", text
        )
        for name in fields(names)
    }
    outer = re.sub(r"\([^()]*\)", "", text)
    if f"`{command}[]`" not in text and "findings[]" not in text:
        return Promised(fields(outer), set(), inner)
    rows, _, beside = outer.partition(";")
    name, rows = rows.split(":", 1)
    return Promised(fields(name) | fields(beside), fields(rows), inner)


@pytest.mark.parametrize(
    "command",
    ["feelings", "moods", "instruments", "genres", "models", "sessions", "render", "doctor"],
)
def test_a_document_has_what_is_promised_and_nothing_else(
    command: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    arguments = [command]
    if command == "render":
        arguments += ["--from", "sad", "--to", "calm", "--minutes", "2", "--midi", f"{home}/a.mid"]
    if command == "sessions":
        session = keep_a_session()
        library = Library(folders().library)
        library.add_event(session, Steer(at=3.0, target=feeling("glad").affect, word="glad"))
        library.close()
        keep_a_session()
    if command == "models":
        other = ("me/other", "another checkpoint")
        monkeypatch.setattr("musmed_tui.commands.models.others", lambda: iter([other]))
    if command == "doctor":
        findings = [
            Finding("sound", "note", "No card."),
            Finding("folders", "ok", "Fine.", "Go on."),
        ]
        monkeypatch.setattr("musmed_tui.doctor.report.examine", lambda: findings)
    found = document(monkeypatch, capsys, *arguments)
    wanted = promised(command)
    assert set(found) == wanted.document
    rows = found["findings" if command == "doctor" else command] if wanted.row else [found]
    assert rows
    for row in rows:
        assert set(row) == (wanted.row or wanted.document)
        for name, inner in wanted.inner.items():
            values = row[name] if isinstance(row[name], list) else [row[name]]
            for value in values:
                if isinstance(value, dict):
                    assert set(value) == inner, name
                elif isinstance(value, str):
                    assert value in inner, name


def test_every_state_of_a_session_is_promised() -> None:
    page = (ROOT / "docs/json.md").read_text("utf-8")
    line = next(line for line in page.splitlines() if line.startswith("| `state` |"))
    assert fields(line.replace("`state`", "")) == set(get_args(Phase))


def test_sessions_say_when_and_how_far(monkeypatch: Patch, capsys: Printed) -> None:
    kept = keep_a_session()
    (told,) = document(monkeypatch, capsys, "sessions")["sessions"]
    assert datetime.fromisoformat(told["begun"]) == BEGUN
    assert (told["id"], told["heard_s"], told["total_s"]) == (kept, 31.5, 120.0)
    assert told["from"]["word"] == "tense"
    assert told["to"] == {"word": None, "valence": 0.5, "arousal": -0.5}


def test_the_table_says_when_in_local_time(monkeypatch: Patch, capsys: Printed) -> None:
    """Half past ten in Adelaide (UTC+10:30 in November) on the next day."""
    keep_a_session()
    monkeypatch.setenv("TZ", "Australia/Adelaide")
    import time

    time.tzset()
    try:
        assert musmed(monkeypatch, "sessions") == 0
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    header, row = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert dict(zip(header, row, strict=True))["begun"] == "2026-11-22 09:45"


@pytest.mark.parametrize("kind", ["instrument", "genre"])
def test_every_tag_that_is_listed_can_be_asked_for(
    kind: str, monkeypatch: Patch, capsys: Printed
) -> None:
    tags = document(monkeypatch, capsys, f"{kind}s")[f"{kind}s"]
    assert len(tags) > 30
    for tag in tags:
        for word in (tag[kind], tag["spelled"]):
            asked = Asked(start="sad", target="calm", **{kind: word})
            build_request(asked, Loaded(Settings(), {}))


@pytest.mark.usefixtures("quick_engine")
def test_what_goes_on_begins_with_the_target_it_was_steered_to(
    monkeypatch: Patch, capsys: Printed, tmp_path: Path
) -> None:
    session = keep_a_session()
    library = Library(folders().library)
    glad = feeling("glad")
    library.add_event(session, Steer(at=40.0, target=glad.affect, word="glad"))
    library.close()
    out = tmp_path / "rest.wav"
    assert musmed(monkeypatch, "resume", session, "--json", "--sink", f"file:{out}") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["from"]["word"] == "tense"
    assert told[0]["to"] == {
        "word": "glad",
        "valence": glad.affect.valence,
        "arousal": glad.affect.arousal,
    }
    assert told[-1]["event"] == "end"
