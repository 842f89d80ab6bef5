"""The commands that end at once, run in this process through the one guarded entry."""

from __future__ import annotations

import importlib.metadata
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from support.commands import musmed
from support.midi_reading import heard

from engine import __version__
from engine.composers import base
from engine.composers.score.midi import midi_bytes
from engine.errors import MusmedError
from engine.plan.events import Ease, Skip
from engine.printable import one_line
from engine.render import jobs_of_use
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.doctor.finding import Finding
from musmed_tui.doctor.report import lines, verdict
from musmed_tui.doctor.training import training
from musmed_tui.exits import guarded
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    return tmp_path


Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_version_and_help(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"musmed {__version__}\n"
    assert musmed(monkeypatch) == 0
    alone = capsys.readouterr().out
    for command in ("play", "render", "plan", "feelings", "moods", "doctor", "resume", "sessions"):
        assert command in alone


def test_a_plan_for_programs_is_the_same_for_the_same_seed(
    monkeypatch: Patch, capsys: Printed
) -> None:
    arguments = ("plan", "--from", "tense", "--to", "0.6,-0.5", "--minutes", "3", "--seed", "7")
    assert musmed(monkeypatch, *arguments, "--json") == 0
    first = capsys.readouterr().out
    assert musmed(monkeypatch, *arguments, "--json") == 0
    assert capsys.readouterr().out == first
    told = json.loads(first)
    assert told["request"]["seed"] == 7
    assert told["request"]["target_word"] is None
    assert len(told["plan"]["clips"]) == 8
    assert len({clip["seed"] for clip in told["plan"]["clips"]}) == 8


def test_behind_a_pipe_tables_are_tab_separated(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "feelings") == 0
    rows = [row.split("\t") for row in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["feeling", "valence", "arousal", "quarter", "source"]
    assert {len(row) for row in rows} == {5}
    quarters = {row[0]: row[3] for row in rows}
    assert len(quarters) > 350
    assert quarters["calm"] == quarters["cosy"] == "pleasant, low energy"
    assert quarters["worried"] == "unpleasant, high energy"
    assert musmed(monkeypatch, "moods") == 0
    assert len(capsys.readouterr().out.splitlines()) == 57


def test_a_drawn_seed_is_said(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "plan", "--from", "sad", "--to", "glad") == 0
    assert "makes it again" in capsys.readouterr().err


def test_no_sessions_yet(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "sessions") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_doctor_for_programs(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert musmed(monkeypatch, "doctor", "--json") == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    areas = {finding["area"] for finding in findings}
    assert areas == {
        "sound",
        "composer",
        "GPU",
        "MusicGen",
        "training",
        "terminal",
        "settings",
        "folders",
        "versions",
    }
    assert {finding["level"] for finding in findings} <= {"ok", "note"}
    started = [f["text"] for f in findings if f["area"] == "composer"]
    assert any("answers after" in text for text in started)
    assert any("ready after" in text for text in started)
    (home / "config").mkdir()
    (home / "config/settings.toml").write_text("minuts = 3")
    assert musmed(monkeypatch, "doctor") == 2
    assert "did you mean minutes" in capsys.readouterr().out


def test_the_doctor_names_what_a_training_lacks(monkeypatch: Patch) -> None:
    def version(name: str) -> str:
        if name == "accelerate":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(importlib.metadata, "version", version)
    (found,) = training()
    assert found.text == "'musmed train' lacks accelerate."
    assert found.advice.startswith("pip install '.[train]'")
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1")
    assert [found.text for found in training()] == ["'musmed train' has its packages."]


def test_the_report_says_what_to_do() -> None:
    findings = [
        Finding("sound", "ok", "There is a card."),
        Finding("sound", "note", "It is\nquiet.", "Turn it up."),
    ]
    assert list(lines(findings, {})) == [
        "sound",
        "  ok       There is a card.",
        "  note     It is quiet.",
        "           Turn it up.",
    ]
    assert verdict(findings) == 0
    assert verdict([*findings, Finding("disk", "problem", "It is full.")]) == 2


def test_what_is_typed_goes_over_what_is_set() -> None:
    settings = Settings(minutes=20, strategy="direct", instrument="piano", temperature=0.5)
    loaded = Loaded(settings, {"instrument": "settings.toml, line 1"})
    request = build_request(Asked(start="tense", target="calm", seed="5"), loaded)
    assert (request.minutes, request.strategy, request.instrument) == (20, "direct", "piano")
    asked = Asked(start="tense", target="calm", minutes="5", strategy="iso", instrument="harp")
    request = build_request(asked, loaded)
    assert (request.minutes, request.strategy, request.instrument) == (5, "iso", "harp")


def test_seeds_are_drawn_anew() -> None:
    asked = Asked(start="tense", target="calm")
    seeds = {build_request(asked, Loaded(Settings(), {})).seed for _ in range(8)}
    assert len(seeds) == 8


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MusmedError("Say it again."), 2, "musmed: Say it again.\n"),
        (MusmedError("one\ntwo\x1b[31m"), 2, "musmed: one two\\x1b[31m\n"),
        (OSError(28, "No space", "/x"), 2, "musmed: The disk is full (/x);"),
        (ValueError("a defect"), 1, "a defect of its own (ValueError)"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_every_end_has_its_code(
    error: BaseException, code: int, words: str, capsys: Printed, monkeypatch: Patch
) -> None:
    def command() -> int:
        raise error

    monkeypatch.setattr("musmed_tui.exits.silence", lambda _number: None)
    assert guarded(command) == code
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == (1 if words else 0)


def test_one_line() -> None:
    assert one_line(" a\n b\tc\x07 é ") == "a b c\\x07 é"
    assert one_line(" There is no a  b   c.flac:\n   make\u00a0it. ") == (
        "There is no a  b   c.flac: make it."
    )


def test_a_score_is_written_without_a_sound(
    monkeypatch: Patch, capsys: Printed, tmp_path: Path
) -> None:
    request = ("--from", "tense", "--to", "calm", "--minutes", "2", "--seed", "5")
    out = tmp_path / "out.mid"
    assert musmed(monkeypatch, "render", *request, "--midi", str(out)) == 0
    assert capsys.readouterr().out == f"Wrote {out}.\n"
    assert {note.track for note in heard(out.read_bytes())} > {"percussion"}
    assert {file.name for file in tmp_path.iterdir()} == {"out.mid"}


@pytest.mark.parametrize("length", [100, 230, 249, 255])
@pytest.mark.parametrize("letter", ["x", "\N{LATIN SMALL LETTER A WITH DIAERESIS}"])
def test_a_score_may_have_as_long_a_name_as_a_file_may(
    monkeypatch: Patch, tmp_path: Path, letter: str, length: int
) -> None:
    monkeypatch.setattr("engine.composers.score.midi.midi_bytes", lambda *_: b"MThd")
    room = length - len(".mid")
    size = len(letter.encode())
    out = tmp_path / ("y" * (room % size) + letter * (room // size) + ".mid")
    request = ("--from", "tense", "--to", "calm")
    assert musmed(monkeypatch, "render", *request, "--midi", str(out)) == 0
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"MThd"]
    assert out.is_file()


def test_a_name_is_said_as_it_is(monkeypatch: Patch, capsys: Printed, tmp_path: Path) -> None:
    """With all its spaces, at its ends too; what a terminal would act on is written out."""
    monkeypatch.setattr("engine.composers.score.midi.midi_bytes", lambda *_: b"MThd")
    folder = tmp_path / "two  spaces   three"
    out = folder / "a  b\x1b[31m\tc .mid"
    request = ("render", "--from", "tense", "--to", "calm", "--seed", "5", "--midi", str(out))
    assert musmed(monkeypatch, *request) == 2
    assert f"There is no folder {folder};" in capsys.readouterr().err
    folder.mkdir()
    assert musmed(monkeypatch, *request) == 0
    assert out.exists()
    assert capsys.readouterr().out == f"Wrote {folder}/a  b\\x1b[31m\\x09c .mid.\n"


def test_only_the_embedded_composer_has_a_score(
    monkeypatch: Patch, capsys: Printed, tmp_path: Path
) -> None:
    monkeypatch.setitem(base._COMPOSERS, "other", "nowhere:Other")
    request = ("--from", "tense", "--to", "calm", "--composer", "other")
    assert musmed(monkeypatch, "render", *request, "--midi", str(tmp_path / "out.mid")) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "embedded" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--jobs", "3"), "--jobs must be 1 or 2, not '3'."),
        (("--jobs", "two"), "--jobs must be 1 or 2, not 'two'."),
        (("--jobs", "2", "--host", "user@server"), "--jobs is for this machine"),
    ],
)
def test_jobs_that_can_t_be_are_a_sentence(
    arguments: tuple[str, ...], says: str, monkeypatch: Patch, capsys: Printed, tmp_path: Path
) -> None:
    way = ("--from", "tense", "--to", "calm", "-o", str(tmp_path / "out.flac"))
    assert musmed(monkeypatch, "render", *way, *arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said


@pytest.mark.parametrize(("cores", "jobs"), [(1, 1), (2, 2), (64, 2)])
def test_as_many_jobs_as_help(cores: int, jobs: int, monkeypatch: Patch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert jobs_of_use() == jobs


def test_a_kept_session_is_made_again_as_it_was_played(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    request = build_request(
        Asked(start="tense", target="calm", minutes="2", seed="5"), Loaded(Settings(), {})
    )
    events = (Skip(at=31.0), Ease(at=70.0))
    library = Library(folders().library)
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    for event in events:
        library.add_event(kept, event)
    library.close()
    out = home / "out.mid"
    assert musmed(monkeypatch, "render", "--session", kept, "--midi", str(out)) == 0
    assert capsys.readouterr().out == f"Wrote {out}.\n"
    same = msgspec.structs.replace(request, composer="embedded")
    assert out.read_bytes() == midi_bytes(same, events)
    wrong = (("--session", kept, "--to", "calm"), ("--session", "20200101-000000-aa"))
    for arguments in wrong:
        assert musmed(monkeypatch, "render", *arguments, "--midi", str(out)) == 2
        assert capsys.readouterr().err.count("\n") == 1
