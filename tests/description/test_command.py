"""``musmed describe``: a session, a MIDI or a sound file, as a table, JSON, tokens or a file."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.commands import musmed
from support.odd_midi import END, METRE, TEMPO, tune, whole
from support.rated_sessions import BEGUN

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.description.described import describe_midi
from engine.description.features import as_wanted
from engine.description.text import read_description
from engine.plan.described import Description
from engine.plan.feature_words import parse_features
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.session.library.library import Library
from musmed_tui.commands import describe as command
from musmed_tui.commands.measure import StoppedError
from musmed_tui.paths import folders
from musmed_tui.terminal.terminal import Signals

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
FEATURES = [
    *("energy", "valence", "loudness", "instrumentalness", "danceability", "acousticness"),
    *("key", "mode", "time_signature", "tempo"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mid").write_bytes(whole(TEMPO + METRE + tune(count=60) + END))
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "a.wav", 0.1 * rng.standard_normal((16_000, 2)), 16_000)
    return tmp_path


def test_a_midi_file_as_a_table(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "describe", "a.mid", "--bars") == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split("\t") for line in lines]
    assert [row[0].replace(" ", "_") for row in rows[1:11]] == FEATURES
    assert rows[10][2] == "120.0 a minute"
    assert rows[12][0] == "bar"
    assert rows[13][:3] == ["1", "3/4", "2"]
    assert rows[13][-1] == "Acoustic Grand Piano"


def test_a_midi_file_for_programs(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "describe", "a.mid", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["features"]) == FEATURES
    assert told["features"]["time_signature"]["value"] == "3/4"
    assert told["features"]["loudness"]["value"] is None
    assert told["kind"] == "score"
    assert told["bars"][0]["note_density"] == 2.0


@pytest.mark.parametrize("name", ["out.txt", "out.json"])
def test_a_file_that_play_takes(monkeypatch: Patch, capsys: Printed, home: Path, name: str) -> None:
    assert musmed(monkeypatch, "describe", "a.mid", "-o", name) == 0
    assert "(10 bars)" in capsys.readouterr().out
    assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert read_description(home / name) == describe_midi(home / "a.mid").description
    assert musmed(monkeypatch, "describe", "a.mid", "-o", name) == 2
    assert "is there already" in capsys.readouterr().err


def test_tokens(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "describe", "a.mid", "--tokens") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Bar_1", "Time Signature_3/4", "Note Density_0"]
    assert "Instrument_Acoustic Grand Piano" in lines
    assert musmed(monkeypatch, "describe", "a.mid", "--tokens", "-o", "a.tokens") == 0
    assert (home / "a.tokens").read_text("utf-8").splitlines() == lines
    assert len(read_description(home / "a.tokens").bars) == 10


def test_of_many_bars_those_that_figaro_has_words_for(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    (home / "many.mid").write_bytes(whole(TEMPO + METRE + tune(count=520 * 6) + END))
    assert musmed(monkeypatch, "describe", "many.mid", "--tokens", "-o", "many.tokens") == 0
    printed = capsys.readouterr()
    assert "FIGARO has words for 511 bars" in printed.err
    assert "(511 bars)" in printed.out


def test_its_features_can_be_asked_for(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "describe", "a.mid") == 0
    (said,) = (one for one in capsys.readouterr().err.splitlines() if one.startswith("--features"))
    asked = parse_features(said.split()[1], "--features")
    assert asked == as_wanted(describe_midi(home / "a.mid").figures)
    assert asked.time_signature == "3/4"
    assert musmed(monkeypatch, "describe", "a.mid", "-o", "a.txt") == 0
    assert f"# {said}" in (home / "a.txt").read_text("utf-8")


def test_a_description_is_not_described(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    (home / "a.txt").write_text("musmed description 1\nbar 1:\n", "utf-8")
    assert musmed(monkeypatch, "describe", "a.txt") == 2
    assert "is a description already" in capsys.readouterr().err


def test_a_score_without_notes_is_no_sound(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    (home / "none.mid").write_bytes(whole(TEMPO + END))
    assert musmed(monkeypatch, "describe", "none.mid", "--bars") == 0
    said = capsys.readouterr().err
    assert "There is no note in it." in said
    assert "sound" not in said


def test_a_sound_has_no_bars(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "describe", "a.wav", "--bars") == 0
    printed = capsys.readouterr()
    assert "A sound has no notes that are known" in printed.err
    assert "LUFS" in printed.out
    for option in (("-o", "x.txt"), ("--tokens",)):
        assert musmed(monkeypatch, "describe", "a.wav", *option) == 2
        assert "no" in capsys.readouterr().err
    assert not (home / "x.txt").exists()


@pytest.fixture
def session(home: Path) -> str:
    """One by the embedded composer, with the levels of its clips."""
    library = Library(folders().library)
    place = Affect(0.2, -0.4)
    request = Request(start=place, target=place, minutes=1.0, seed=4)
    made = library.create(request, "embedded", 1, None, BEGUN)
    for spec in make_plan(request).clips:
        record = ClipRecord(
            composer="embedded", version=1, loudness=-24.0, true_peak=-1.5, gating="off",
            seconds=1.0, speed=25.0, levels=bytes([4 * 46] * 30),
        )  # fmt: skip
        start, frames = round(spec.start * 48_000), round(spec.duration * 48_000)
        library.save_clip(made, spec, start, frames, False, b"", record, Marks())
    library.close()
    return made


def test_a_session_by_its_score(
    monkeypatch: Patch, capsys: Printed, home: Path, session: str
) -> None:
    assert musmed(monkeypatch, "describe", session, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["features"]["loudness"]["value"] == -24.0
    assert 50.0 < told["seconds"] < 70.0
    assert told["bars"][0]["chords"]
    assert any("version" in remark for remark in told["remarks"]), "an older composer made it"
    assert musmed(monkeypatch, "render", "--session", session, "--midi", "b.mid") == 0
    score = describe_midi(home / "b.mid").description
    assert msgspec.convert({"bars": told["bars"]}, Description) == score


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "What is to be described is missing"),
        (("nope.mid",), "There is no file"),
        (("20260101-000000-aa",), "There is no session 20260101-000000-aa"),
        (("a.mid", "--tokens", "--json"), "leave out --json"),
        ((".",), "is a folder"),
        (("a.mid", "-o", "none/b.txt"), "can't be written"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    monkeypatch: Patch, capsys: Printed, home: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert musmed(monkeypatch, "describe", *arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_file_that_lost_its_head_is_still_no_sound(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    (home / "b.mid").write_bytes(b"")
    assert musmed(monkeypatch, "describe", "b.mid") == 2
    assert "is not a MIDI file that can be read" in capsys.readouterr().err


def test_what_takes_long_says_so_and_ends_on_a_signal(capsys: Printed) -> None:
    """The clock is the test's: each look is a second later."""
    go, ticks = threading.Event(), iter(range(100))

    def now() -> float:
        tick = next(ticks)
        if tick == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return float(tick)

    def work() -> command.Described:
        go.wait()
        raise AssertionError

    with Signals() as signals, pytest.raises(StoppedError):
        command.patiently(work, signals, now)
    go.set()
    said = capsys.readouterr().err.splitlines()
    assert said
    assert all(line.startswith("Reading the notes takes a while (0:0") for line in said)


def test_a_defect_in_the_work_is_raised_where_it_is_waited_for() -> None:
    def work() -> command.Described:
        raise ZeroDivisionError

    with Signals() as signals, pytest.raises(ZeroDivisionError):
        command.patiently(work, signals, lambda: 0.0)
