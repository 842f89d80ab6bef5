"""``musmed picture``: the path of a kept session in a file of the listener's alone."""

from __future__ import annotations

import stat
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.commands import musmed
from support.made_up_month import made_up_month
from support.rated_sessions import rated_sessions

from engine.plan.events import Shape, Steer
from engine.plan.wanted import Faders
from engine.session.library.library import Library
from engine.session.library.past import past_sessions
from musmed_tui.paths import folders
from musmed_tui.wording import clock

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ids(home: Path) -> tuple[str, ...]:
    library = Library(folders().library)
    made = made_up_month(library)
    library.close()
    return made


def test_the_newest_is_drawn_for_ones_own_eyes(
    monkeypatch: Patch, capsys: Printed, home: Path, ids: tuple[str, ...]
) -> None:
    assert musmed(monkeypatch, "picture", "-o", "path.svg") == 0
    file = home / "path.svg"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Wrote" in capsys.readouterr().out
    ET.fromstring(file.read_text("utf-8"))
    assert musmed(monkeypatch, "picture", ids[-1], "-o", "same.svg") == 0
    assert (home / "same.svg").read_bytes() == file.read_bytes()


def test_each_session_is_drawn_however_far_it_was_heard(
    monkeypatch: Patch, home: Path, ids: tuple[str, ...]
) -> None:
    library = Library(folders().library)
    pasts = {past.id: past for past in past_sessions(library)}
    library.close()
    for session in ids:
        assert musmed(monkeypatch, "picture", session, "-o", f"{session}.svg") == 0
        drawn = (home / f"{session}.svg").read_text("utf-8")
        past = pasts[session]
        assert ("where it was left" in drawn) == (past.state != "finished")
        assert ("steered to glad at" in drawn) == any(isinstance(e, Steer) for e in past.events)


def test_faders_that_were_moved_are_told(
    monkeypatch: Patch, home: Path, ids: tuple[str, ...]
) -> None:
    library = Library(folders().library)
    (heard,) = (past.heard for past in past_sessions(library) if past.id == ids[0])
    library.add_event(ids[0], Shape(heard - 1.0, Faders(density=0.2)))
    library.close()
    assert musmed(monkeypatch, "picture", ids[0], "-o", "path.svg") == 0
    drawn = (home / "path.svg").read_text("utf-8")
    assert f"faders at {clock(heard - 1.0)}: notes 20 %" in drawn
    assert ", adjusted" in drawn


def test_what_the_meter_made_of_it_is_in_it(monkeypatch: Patch, home: Path) -> None:
    library = Library(folders().library)
    rated_sessions(library)
    library.close()
    assert musmed(monkeypatch, "picture", "-o", "path.svg") == 0
    assert "what the music sounded like" in (home / "path.svg").read_text("utf-8")


def test_it_has_the_colours_that_are_asked_for(
    monkeypatch: Patch, home: Path, ids: tuple[str, ...]
) -> None:
    for theme in ("dusk", "light"):
        assert musmed(monkeypatch, "picture", "-o", f"{theme}.svg", "--theme", theme) == 0
    assert "#fbfaf7" in (home / "light.svg").read_text("utf-8")
    assert "#fbfaf7" not in (home / "dusk.svg").read_text("utf-8")


def test_a_png_is_one(monkeypatch: Patch, home: Path, ids: tuple[str, ...]) -> None:
    pytest.importorskip("resvg_py", reason="needs musmed[picture]")
    assert musmed(monkeypatch, "picture", "-o", "path.PNG") == 0
    file = home / "path.PNG"
    assert file.read_bytes().startswith(PNG)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_png_needs_is_said(
    monkeypatch: Patch, capsys: Printed, home: Path, ids: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert musmed(monkeypatch, "picture", "-o", "path.png") == 2
    assert "pip install '.[picture]'" in capsys.readouterr().err
    assert not (home / "path.png").exists()


def test_a_machine_without_fonts_is_said(
    monkeypatch: Patch, capsys: Printed, home: Path, ids: tuple[str, ...]
) -> None:
    resvg = pytest.importorskip("resvg_py", reason="needs musmed[picture]")
    real = resvg.svg_to_bytes
    monkeypatch.setattr(resvg, "svg_to_bytes", lambda **how: real(**how, skip_system_fonts=True))
    assert musmed(monkeypatch, "picture", "-o", "path.png") == 2
    assert "needs a font" in capsys.readouterr().err
    assert not (home / "path.png").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "-o is missing"),
        (("-o", "path.gif"), "is an .svg or a .png file"),
        (("-o", "/nowhere/at/all/path.svg"), "can't be written"),
        (("-o", "path.svg", "--theme", "dus"), "dusk"),
        (("20200101-000000-aa", "-o", "path.svg"), "20200101-000000-aa"),
        (("../x", "-o", "path.svg"), "../x"),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    library = Library(folders().library)
    made_up_month(library)
    library.close()
    assert musmed(monkeypatch, "picture", *words) == 2
    assert why in capsys.readouterr().err
    assert not (home / "path.svg").exists()


def test_without_a_session_there_is_nothing_to_draw(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    assert musmed(monkeypatch, "picture", "-o", "path.svg") == 2
    assert "no session to draw" in capsys.readouterr().err
    assert not folders().library.exists()


def test_a_file_that_is_there_stays(
    monkeypatch: Patch, capsys: Printed, home: Path, ids: tuple[str, ...]
) -> None:
    (home / "path.svg").write_text("mine")
    assert musmed(monkeypatch, "picture", "-o", "path.svg") == 2
    assert "name a new file" in capsys.readouterr().err
    assert (home / "path.svg").read_text() == "mine"
