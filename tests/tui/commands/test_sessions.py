"""``musmed sessions`` and ``musmed sessions rm``: sizes, and what is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.commands import musmed

from engine.session.library.library import Library
from engine.session.library.lock import Hold
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

BEGUN = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def ids(tmp_path: Path, monkeypatch: Patch) -> list[str]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    request = build_request(Asked(start="tense", target="calm", seed="5"), Loaded(Settings(), {}))
    library = Library(folders().library)
    made = [
        library.create(request, "embedded", 1, None, BEGUN + timedelta(days=day))
        for day in range(3)
    ]
    for session in made:
        (library.clip_folder(session) / "0000-0.flac").write_bytes(bytes(12_000_000))
    library.close()
    return made


@pytest.fixture
def played(ids: list[str]) -> Iterator[str]:
    """A session that another process holds."""
    hold = Hold(folders().library / "sessions" / ids[1])
    yield ids[1]
    hold.release()


def kept() -> list[str]:
    library = Library(folders().library)
    found = sorted(row.id for row in library.sessions())
    library.close()
    there = sorted(path.name for path in (folders().library / "sessions").iterdir())
    assert there == found
    return found


def test_the_list_says_how_much_each_takes(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "sessions") == 0
    told = capsys.readouterr()
    assert told.out.count("\t12 MB\t") == 3
    assert "The library takes 36 MB; it may take 10 GB" in told.err
    monkeypatch.setenv("MUSMED_LIBRARY_GB", "0")
    assert musmed(monkeypatch, "sessions", "--json", "--limit", "1") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["bytes"] for one in found["sessions"]] == [12_000_064]
    assert found["bytes"] > 36_000_000
    assert found["limit_bytes"] is None


def test_the_named_ones_go(monkeypatch: Patch, capsys: Printed, ids: list[str]) -> None:
    assert musmed(monkeypatch, "sessions", "rm", ids[0], ids[2], ids[0]) == 0
    assert capsys.readouterr().out == "Deleted 2 sessions (24 MB).\n"
    assert kept() == [ids[1]]


def test_all_of_them_go(monkeypatch: Patch, capsys: Printed) -> None:
    aside = folders().library / "library.damaged-20261121-000000.sqlite"
    aside.touch()
    library = Library(folders().library)
    library._db.execute("UPDATE sessions SET id = '../..' WHERE rowid = 1")
    library.close()
    (folders().library / "sessions" / "20200101-000000-aa").mkdir()
    assert musmed(monkeypatch, "sessions", "rm", "--all") == 0
    told = capsys.readouterr()
    assert told.out.startswith("Deleted 4 sessions (36 MB)")
    assert f"{aside} was set aside" in told.err
    assert kept() == []
    assert musmed(monkeypatch, "sessions", "rm", "--all") == 0
    assert musmed(monkeypatch, "sessions") == 0
    assert "can't be read" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Name the sessions to delete"),
        ("--all 20261121-231500-aa", "Name the sessions to delete"),
        ("20200101-000000-aa", "There is no session"),
        ("{first} 20200101-000000-aa", "There is no session"),
        ("../../etc", "is no session id"),
        ("{first} {played}", "is being played"),
        ("--all", "is being played"),
    ],
)
def test_what_can_t_be_deleted_is_said_and_nothing_is(  # noqa: PLR0917
    monkeypatch: Patch, capsys: Printed, ids: list[str], played: str, arguments: str, said: str
) -> None:
    words = arguments.format(first=ids[0], played=played).split()
    assert musmed(monkeypatch, "sessions", "rm", *words) == 2
    assert said in capsys.readouterr().err
    assert kept() == sorted(ids)


def test_where_nothing_is_kept(monkeypatch: Patch, capsys: Printed, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "new"))
    assert musmed(monkeypatch, "sessions") == 0
    assert musmed(monkeypatch, "sessions", "rm", "--all") == 0
    assert "Deleted 0 sessions" in capsys.readouterr().out
    assert not folders().library.exists()
