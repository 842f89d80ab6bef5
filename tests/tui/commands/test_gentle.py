"""``--gentle`` through the real door: rendered, kept, made again, gone on with; and a setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import soundfile
from support.commands import musmed
from support.ears import of_sound

from engine.plan.gentle import ALL, Gentle
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import load_settings

ROOT = Path(__file__).parents[3]
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
# A seed whose steepest places are many: of a minute they are few, and chance weighs much
# (tests/bench/gentle.py has whole sessions).
WAY = ("--from", "sad", "--to", "excited", "--minutes", "1", "--seed", "4")
PLAYERS = ("--instrument", "electricguitar", "--genre", "pop")
ASKED = Asked(start="sad", target="excited", minutes="1", seed="4", gentle="all")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rendered(home: Path, name: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "musmed_tui", "render", *arguments, "-o", f"{name}.flac"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((home / f"{name}.json").read_text())
    return found


def samples(home: Path, name: str) -> Any:
    return soundfile.read(home / f"{name}.flac", dtype="int32", always_2d=True)[0]


def test_a_gentle_session_is_heard_written_kept_and_made_again(home: Path) -> None:
    told = rendered(home, "gentle", *WAY, *PLAYERS, "--gentle", "all")
    assert told["request"]["gentle"] == msgspec.to_builtins(ALL)
    free = rendered(home, "free", *WAY, *PLAYERS)
    assert free["request"]["gentle"] is None
    gentle, own = of_sound(samples(home, "gentle")), of_sound(samples(home, "free"))
    assert gentle.above < 0.5 * own.above
    assert gentle.centroid < own.centroid
    assert gentle.rough < own.rough
    assert gentle.steep < own.steep

    request = msgspec.convert(told["request"], Request)
    library = Library(folders().library)
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 30, tzinfo=UTC))
    assert library.load(kept).request.gentle == ALL
    library.close()
    again = rendered(home, "again", "--session", kept)
    assert again["request"]["gentle"] == told["request"]["gentle"]
    assert (samples(home, "again") == samples(home, "gentle")).all()


def test_it_is_a_setting_that_the_command_line_overrides(
    monkeypatch: Patch, capsys: Printed
) -> None:
    where = folders().settings
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text('gentle = "leaps=6,percussion"\n')

    def planned(*options: str) -> Any:
        capsys.readouterr()
        assert musmed(monkeypatch, "plan", *WAY, *options, "--json") == 0
        return json.loads(capsys.readouterr().out)

    told = planned()
    assert msgspec.convert(told["request"]["gentle"], Gentle) == Gentle(leaps=6, percussion="off")
    assert all("gentle" not in clip for clip in told["plan"]["clips"]), "it is the request's"
    assert planned("--gentle", "none")["request"]["gentle"] is None
    monkeypatch.setenv("MUSMED_GENTLE", "held=2")
    assert planned()["request"]["gentle"]["held"] == 2.0


def test_what_is_no_cap_is_an_error_with_its_place(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "plan", *WAY, "--gentle", "leaps=5") == 2
    assert "--gentle: leaps must be a whole number from 6 to 12" in capsys.readouterr().err
    assert musmed(monkeypatch, "plan", *WAY, "--gentle", "all", "--instrument", "drums") == 2
    assert "drums is percussion" in capsys.readouterr().err
    where = folders().settings
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text('\ngentle = "softly"\n')
    assert musmed(monkeypatch, "plan", *WAY) == 2
    assert "settings.toml, line 2: gentle" in capsys.readouterr().err


def test_a_session_that_is_gone_on_with_keeps_its_caps(home: Path) -> None:
    """Whatever is set since: its plan is its request's."""
    request = build_request(ASKED, load_settings(folders().settings))
    library = Library(folders().library)
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 30, tzinfo=UTC))
    library.set_position(kept, 20.0)
    where = folders().settings
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text('gentle = "none"\n')
    loaded = library.load(kept)
    library.close()
    assert loaded.request == request
    assert all(clip.gentle == ALL for clip in make_plan(loaded.request, loaded.events).clips)
