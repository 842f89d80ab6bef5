"""What is given is heeded or refused: the real commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import musmed

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("models --json list", "--json"),
        ("models --json path musicgen-small", "--json"),
        ("models --json get musicgen-small", "--json"),
        ("sessions --json rm --all", "--json"),
        ("sessions --limit 3 rm --all", "--limit"),
        ("--slow-link sessions", "--slow-link"),
        ("--slow-link play --from tense --to calm --sink null", "--slow-link"),
    ],
)
def test_an_option_in_front_of_a_command_that_has_it_behind_is_refused(
    command: str, option: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    assert musmed(monkeypatch, *command.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert option in told.err
    assert not (home / "home").exists(), "nothing was begun"


def test_a_folder_is_printed_as_it_is(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    folder = home / "a  b "
    monkeypatch.setattr("musmed_tui.commands.models.here", lambda _: folder)
    assert musmed(monkeypatch, "models", "path", "musicgen-small") == 0
    assert capsys.readouterr().out == f"{folder}\n"
