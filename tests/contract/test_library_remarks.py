"""Every command that opens the library says what has become of it, once: the real commands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import musmed

from engine.session.library.library import Library
from musmed_tui import completion
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
BEGUN = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def session(tmp_path: Path, monkeypatch: Patch) -> str:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    request = build_request(Asked(start="tense", target="calm", seed="5"), Loaded(Settings(), {}))
    library = Library(folders().library)
    made = library.create(request, "embedded", 1, None, BEGUN)
    (library.clip_folder(made) / "0000-0.flac").write_bytes(bytes(1_000))
    library.set_state(made, "finished")
    library.close()
    return made


def damaged(path: Path) -> None:
    path.write_bytes(b"\xff" * 10_000)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


SPOILT = pytest.mark.parametrize(
    ("spoil", "said"), [(damaged, "was set aside as"), (emptied, "was missing or empty")]
)
COMMANDS = [
    "sessions",
    "sessions --json",
    "sessions rm ID",
    "sessions rm --all",
    "sessions rm 20990101-000000-aa",
    "render --session ID -o {home}/a.wav",
    "resume --plain --sink null",
    "resume ID --plain --sink null",
    "resume ID --json --sink null",
]


@SPOILT
@pytest.mark.parametrize("command", COMMANDS)
def test_what_became_of_the_library_is_said_once(  # noqa: PLR0917
    command: str,
    spoil: Callable[[Path], None],
    said: str,
    session: str,
    tmp_path: Path,
    monkeypatch: Patch,
    capsys: Printed,
) -> None:
    spoil(folders().library / "library.sqlite")
    words = command.format(home=tmp_path).replace("ID", session).split()
    musmed(monkeypatch, *words)
    told = capsys.readouterr()
    assert (told.out + told.err).count(said) == 1, told


@SPOILT
def test_tab_opens_no_library_that_is_damaged(
    spoil: Callable[[Path], None], said: str, session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    """Nobody would be told: what it offers is for the shell."""
    assert list(completion.sessions()) == [session]
    spoil(folders().library / "library.sqlite")
    assert list(completion.sessions()) == []
    musmed(monkeypatch, "sessions")
    assert said in capsys.readouterr().err


@pytest.fixture(params=["UTC0", "X+12", "X-14", "America/Los_Angeles"])
def zone(request: pytest.FixtureRequest, monkeypatch: Patch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("created", "ident"),
    [
        ("9999-12-31T23:59:59-14:00", None),
        ("9999-12-31T23:59:59", None),
        ("0001-01-01T00:00:00+00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1500-06-01T00:00:00+00:00", None),
        ("9999-12-31", "99991231-235959-aa"),
        ("", "00010101-000000-aa"),
        ("", "99999999-999999-aa"),
    ],
)
def test_no_time_of_a_session_ends_the_list(
    created: str, ident: str | None, session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    library = Library(folders().library)
    library._db.write("UPDATE sessions SET created = ?", (created,))
    if ident:
        library._db.write("UPDATE sessions SET id = ?", (ident,))
    library.close()
    for options in ([], ["--json"]):
        assert musmed(monkeypatch, "sessions", *options) == 0
        told = capsys.readouterr()
        assert (ident or session) in told.out, told
        assert ident or "2026-11-2" in told.out, "its id says when it was"
