"""``musmed data``: everything is in the export, and nothing is left after the deletion."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from pathlib import Path

import pytest
from support.commands import musmed
from support.made_up_month import SESSIONS, made_up_month

from engine.service.lock import taken_alone
from engine.session.library.library import Library
from engine.session.library.lock import Hold
from engine.session.library.past import past_sessions
from engine.session.library.schema import MIGRATIONS, SHAPE
from musmed_tui.first_run import remember
from musmed_tui.paths import folders

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    """With all there can be: sessions, sound, a library set aside, logs, speeds, settings."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    where = folders()
    library = Library(where.library)
    ids = made_up_month(library)
    (library.clip_folder(ids[0]) / "0000-0.flac").write_bytes(b"sound")
    library.close()
    (where.library / "library.damaged-20261101-101500.sqlite").write_bytes(b"old")
    where.state.mkdir(parents=True)
    for name in ("musmed.log", "musmed.log.1", "engine.log", "defect.log", "speeds.json"):
        (where.state / name).write_text("{}")
    (where.service / "jobs").mkdir(parents=True)
    (where.service / "jobs" / "20261130-120000-aa.json").write_text("{}")
    where.config.mkdir(parents=True)
    where.settings.write_text("minutes = 10\n")
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_all_of_it_is_exported_for_ones_own_eyes(
    umask: int, monkeypatch: Patch, home: Path
) -> None:
    out = home / "out"
    before = os.umask(umask)
    try:
        assert musmed(monkeypatch, "data", "export", str(out), "--sound") == 0
    finally:
        os.umask(before)
    assert not [one for one in (out, *out.rglob("*")) if one.lstat().st_mode & 0o077]
    library = Library(folders().library)
    pasts = past_sessions(library)
    evidence = library.listener.evidence()
    library.close()
    assert files(out) == [
        "library.sqlite",
        "musmed.json",
        f"sessions/{pasts[-1].id}/0000-0.flac",
        "settings.toml",
    ]
    told = json.loads((out / "musmed.json").read_text("utf-8"))
    assert [one["id"] for one in told["sessions"]] == [past.id for past in pasts]
    assert [one["note"] for one in told["sessions"]] == [past.felt.note for past in pasts]
    likings = sum(len(one["likings"]) for one in told["sessions"])
    assert likings == len(told["evidence"]["counted"]) == len(evidence.counted) > 0
    copy, kept = (sqlite3.connect(f / "library.sqlite") for f in (out, folders().library))
    for table in SHAPE:
        rows = copy.execute(f"SELECT * FROM {table}").fetchall()
        assert rows == kept.execute(f"SELECT * FROM {table}").fetchall()
    copy.close()
    kept.close()


def test_without_sound_there_is_none(monkeypatch: Patch, home: Path) -> None:
    assert musmed(monkeypatch, "data", "export", str(home / "out")) == 0
    assert files(home / "out") == ["library.sqlite", "musmed.json", "settings.toml"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("export",), "Name the new folder"),
        (("export", "home"), "is there already"),
        (("export", "/proc/nowhere"), "can't be written"),
        (("export", "home/data/library/mine"), "with which it would be deleted"),
        (("delete",), "give --yes"),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert musmed(monkeypatch, "data", *words) == 2
    assert why in capsys.readouterr().err
    assert len(list((folders().library / "sessions").iterdir())) == SESSIONS


def test_nothing_is_left(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    remember(folders())
    assert files(home / "home" / "config") == ["settings.toml", "welcomed"]
    mine = home / "home" / "data" / "mine.txt"
    mine.write_text("not musmed's")
    assert musmed(monkeypatch, "data", "delete", "--yes") == 0
    assert files(home / "home") == ["data/mine.txt"]
    told = capsys.readouterr().out
    assert told.index("To be deleted") < told.index("settings.toml") < told.index("is deleted")
    assert musmed(monkeypatch, "data", "delete", "--yes") == 0
    assert "keeps nothing of you" in capsys.readouterr().out


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_goes_while_the_service_runs(monkeypatch: Patch, capsys: Printed) -> None:
    with taken_alone(folders().service):
        assert musmed(monkeypatch, "data", "delete", "--yes") == 2
    assert "musmed serve" in capsys.readouterr().err
    assert folders().library.exists()
    assert musmed(monkeypatch, "data", "delete", "--yes") == 0
    assert not folders().service.exists()


@pytest.mark.parametrize(("answer", "code"), [("delete\n", 0), ("y\n", 1), ("", 1)])
def test_it_asks_for_the_word(answer: str, code: int, monkeypatch: Patch) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal(answer))
    assert musmed(monkeypatch, "data", "delete") == code
    assert folders().library.exists() == (code != 0)


def test_nothing_goes_while_a_session_is_played(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    session = next((folders().library / "sessions").iterdir())
    before = files(home)
    hold = Hold(session)
    try:
        assert musmed(monkeypatch, "data", "delete", "--yes") == 2
    finally:
        hold.release()
    assert "is being played" in capsys.readouterr().err
    assert [one for one in files(home) if not one.endswith(".held")] == [
        one for one in before if not one.endswith(".held")
    ]


def test_what_is_taken_back_is_in_no_file(monkeypatch: Patch, home: Path) -> None:
    said = "quicksand, and more of it than anybody would want"
    assert musmed(monkeypatch, "rate", "--note", said, "--after", "1,2") == 0
    folder = folders().library
    assert said.encode() in b"".join(one.read_bytes() for one in folder.rglob("*.sqlite*"))
    assert musmed(monkeypatch, "rate", "--note", "", "--after", "-") == 0
    assert said.encode() not in b"".join(one.read_bytes() for one in folder.rglob("*.sqlite*"))


def test_half_an_export_is_none(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    """What could not be written whole is gone, so that the same words can be tried again."""
    library = Library(folders().library)
    library._db.execute("PRAGMA user_version = 900")
    assert musmed(monkeypatch, "data", "export", str(home / "out")) == 2
    assert "newer musmed" in capsys.readouterr().err
    assert not (home / "out").exists()
    library._db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    library.close()
    assert musmed(monkeypatch, "data", "export", str(home / "out")) == 0
