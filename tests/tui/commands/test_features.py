"""``--features`` and ``--description`` through the real door: planned, refused, kept, told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from support.commands import musmed

from engine.plan.described import DescribedBar, Description
from engine.plan.request import Request
from engine.plan.wanted import Features
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
WAY = ("--from", "calm", "--to", "glad", "--minutes", "8", "--seed", "3")
SAID = "energy=.9,key=Bb,mode=minor,tempo=70"
HELD = Features(energy=0.9, key="A#", mode="minor", tempo=70.0)
BARS = Description(bars=(DescribedBar(note_density=2.5, chords=("A#:min",)), DescribedBar()))


@pytest.fixture(autouse=True)
def described(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "waltz.txt"
    file.write_text("musmed description 1\nbar 1: density 2.5; chords Bb:min\nbar 2:\n")
    return file


def test_a_plan_has_what_was_asked_for_once(monkeypatch: Patch, capsys: Printed) -> None:
    wish = ("--features", SAID, "--description", "waltz.txt")
    assert musmed(monkeypatch, "plan", *WAY, *wish, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["request"]["features"] == msgspec.to_builtins(HELD)
    assert msgspec.convert(told["request"], Request).description == BARS
    assert not {"features", "description"} & told["plan"]["clips"][0].keys()
    assert "A calm feeling and energy 0.9 pull apart: energy holds." in told["plan"]["notes"]


def test_a_plan_says_what_pulls_apart(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "plan", *WAY, "--features", SAID) == 0
    assert "Energy 0.9 and tempo 70 pull apart: tempo holds." in capsys.readouterr().err


def test_a_plan_for_musicgen_says_that_it_holds_nothing(
    monkeypatch: Patch, capsys: Printed
) -> None:
    wish = ("--features", SAID, "--composer", "musicgen-small")
    assert musmed(monkeypatch, "plan", *WAY, *wish) == 0
    said = capsys.readouterr().err
    assert "MusicGen can't hold the features" in said
    assert "pull apart" not in said


def test_a_score_without_sound_says_what_pulls_apart(monkeypatch: Patch, capsys: Printed) -> None:
    way = ("--from", "calm", "--to", "calm", "--minutes", "1", "--features", "energy=.9")
    sentence = "A calm feeling and energy 0.9 pull apart: energy holds."
    assert musmed(monkeypatch, "render", *way, "--midi", "a.mid") == 0
    assert sentence in capsys.readouterr().out
    assert musmed(monkeypatch, "render", *way, "--midi", "b.mid", "--json") == 0
    assert [one["text"] for one in json.loads(capsys.readouterr().out)["notices"]] == [sentence]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (("--features", "energy=2"), "--features: energy is a number from 0 to 1, not '2'."),
        (("--features", "tempi=70"), "did you mean tempo"),
        (("--description", "none.txt"), "none.txt can't be read"),
        (("--description", "."), "it is no regular file"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    wish: tuple[str, str], sentence: str, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "plan", *WAY, *wish) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_a_kept_session_says_what_was_asked_of_its_music(
    monkeypatch: Patch, capsys: Printed
) -> None:
    asked = Asked(start="calm", target="glad", seed="3", features=SAID, description="waltz.txt")
    library = Library(folders().library)
    request = build_request(asked, Loaded(Settings(), {}))
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 30, tzinfo=UTC))
    library.set_position(kept, 300.0)
    library.set_state(kept, "finished")
    assert library.load(kept).request == request
    library.close()
    held = "asked for energy 0.9, key A#, mode minor, tempo 70 and a description of 2 bars"
    assert musmed(monkeypatch, "history", kept) == 0
    assert f"{held}, heard to its end" in capsys.readouterr().out
    assert musmed(monkeypatch, "history", kept, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["features"] == msgspec.to_builtins(HELD)
    assert told["described_bars"] == 2
