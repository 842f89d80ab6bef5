"""``musmed report``: it says what it will hold, asks, and writes a file of the listener's alone."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from support.commands import musmed
from support.made_up_month import made_up_month

from engine.session.library.library import Library
from musmed_tui.paths import folders

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    library = Library(folders().library)
    made_up_month(library)
    library.close()
    return tmp_path


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("ending", ["html", "md", "csv", "HTML"])
def test_it_is_written_for_ones_own_eyes(
    ending: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    file = home / f"report.{ending}"
    assert musmed(monkeypatch, "report", "-o", str(file), "--yes") == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Listener" in file.read_text("utf-8") or ending == "csv"
    told = capsys.readouterr().out
    assert told.index("It is about 'Listener': 14 sessions") < told.index("Wrote")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_it_asks(answer: str, code: int, monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    file = home / "report.html"
    monkeypatch.setattr("sys.stdin", _Terminal(answer))
    assert musmed(monkeypatch, "report", "-o", str(file)) == code
    told = capsys.readouterr().out
    assert told.index("none of your notes") < told.index("Write it?")
    assert file.exists() == (code == 0)


def test_days_and_name_are_those_that_were_asked_for(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    file = home / "report.md"
    days = ("--since", "2026-11-10", "--until", "2026-11-20")
    assert musmed(monkeypatch, "report", "-o", str(file), *days, "--who", "K.", "--yes") == 0
    made = file.read_text("utf-8")
    assert "# Music sessions of K." in made
    assert "2026-11-10 to 2026-11-20" in made
    assert "2026-11-22" not in made


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "-o is missing"),
        (("-o", "report.pdf"), "is an .html, .md or .csv file"),
        (("-o", "report.html"), "give --yes"),
        (("-o", "report.html", "--since", "2030-01-01", "--yes"), "no session of that time"),
        (("-o", "/nowhere/at/all/report.html", "--yes"), "can't be written"),
        (
            ("-o", "report.html", "--since", "2026-11-12", "--until", "2026-11-11", "--yes"),
            "is before --since",
        ),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert musmed(monkeypatch, "report", *words) == 2
    assert why in capsys.readouterr().err
    assert not (home / "report.html").exists()


def test_a_file_that_is_there_stays(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    file = home / "report.html"
    file.write_text("mine")
    monkeypatch.setattr("sys.stdin", _Terminal("y\n"))
    assert musmed(monkeypatch, "report", "-o", str(file)) == 2
    told = capsys.readouterr()
    assert "name a new file" in told.err
    assert not told.out  # nobody is asked for nothing
    assert file.read_text() == "mine"
