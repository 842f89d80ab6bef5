"""``musmed course`` and ``musmed play --course``: the real commands."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.commands import musmed

from engine.session.library.course_record import Begun
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.following import read_course
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
DOCS = Path(__file__).parents[3] / "docs"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TEXT = """
title = "Evenings"
every_days = 2

[[session]]
from = "tense"
to = "calm"
minutes = 2
times = 2

[[session]]
from = "sad"
to = "glad"
minutes = 3
note = "With the curtains open"
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: Patch) -> str:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSMED_SINK", "null")
    monkeypatch.setattr("musmed_tui.session_control.SessionControl.end", _stop_at_once)
    monkeypatch.setattr("musmed_tui.plain.player.PlainPlayer.follow", lambda *_: None)
    path = tmp_path / "evenings.toml"
    path.write_text(TEXT, "utf-8")
    return str(path)


def _stop_at_once(control: Any) -> None:
    runner, control._runner = control._runner, None
    if runner is not None:
        runner.stop()
        runner.close()


def begun(step: int, *, heard: float, title: str = "Evenings") -> str:
    library = Library(folders().library)
    asked = Asked(start="tense", target="calm", minutes="2", seed="5")
    request = build_request(asked, Loaded(Settings(), {}))
    session = library.create(request, "embedded", 1, None, NOON.replace(day=step))
    library.set_position(session, heard)
    library.set_state(session, "stopped")
    library.courses.begin(Begun(session, title, step))
    library.close()
    return session


def told(file: str, monkeypatch: Patch, capsys: Printed) -> Any:
    assert musmed(monkeypatch, "course", file, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_next_is_shown_without_a_library_being_made(
    file: str, tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "course", file) == 0
    out = capsys.readouterr().out
    rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
    assert [row[0] for row in rows] == ["session", "1 (next)", "2", "3"]
    assert rows[3][1:] == ["sad to glad", "3", "2 days after", "", "With the curtains open"]
    assert "Next: session 1 of 3, tense to calm." in out
    assert f"'musmed play --course {file}' begins it." in out
    assert not (tmp_path / "home" / "data").exists()


def test_what_was_heard_is_found_in_the_library(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    first, second = begun(1, heard=120.0), begun(2, heard=20.0)
    begun(3, heard=120.0, title="Mornings")
    found = told(file, monkeypatch, capsys)
    assert found["next"] == 2
    assert [one["session"] for one in found["sessions"]] == [first, second, None]
    assert [one["done"] for one in found["sessions"]] == [True, False, False]
    assert found["sessions"][1]["day"] == "2026-11-03"
    assert (found["sessions"][1]["heard_s"], found["sessions"][1]["total_s"]) == (20.0, 120.0)
    assert musmed(monkeypatch, "sessions", "rm", first) == 0
    capsys.readouterr()
    assert told(file, monkeypatch, capsys)["next"] == 1


def test_what_was_begun_can_be_gone_on_with(file: str, monkeypatch: Patch, capsys: Printed) -> None:
    session = begun(1, heard=20.0)
    assert musmed(monkeypatch, "course", file) == 0
    assert f"'musmed resume {session}' goes on with what was begun" in capsys.readouterr().out


def test_who_has_written_down_danger_is_told_where_help_is(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    text = Path(file).read_text("utf-8")
    Path(file).write_text(text.replace('"sad"', '"I want to die"'), "utf-8")
    assert musmed(monkeypatch, "course", file) == 0
    assert "findahelpline.com" in capsys.readouterr().err


def test_a_day_to_come_is_said_and_one_gone_by_is_not(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    begun(1, heard=120.0)
    text = Path(file).read_text("utf-8")
    for every, said in ((2, False), (90, True)):
        Path(file).write_text(text.replace("every_days = 2", f"every_days = {every}"), "utf-8")
        monkeypatch.setattr("musmed_tui.commands.course._today", lambda: NOON.date().replace(day=9))
        assert musmed(monkeypatch, "course", file) == 0
        out = capsys.readouterr().out
        assert ("meant for" in out) == said
        assert "late" not in re.sub("or later", "", out)


def test_play_begins_the_next_and_keeps_which_it_was(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    begun(1, heard=120.0)
    assert musmed(monkeypatch, "play", "--course", file, "--seed", "1", "--plain") == 0
    said = capsys.readouterr()
    assert "Session 2 of 3 of 'Evenings'." in said.err
    assert "From tense to calm, 2 minutes" in said.out
    assert musmed(
        monkeypatch, "play", "--course", file, "--minutes", "1", "--plain", "--before", "30,70"
    ) == 0  # fmt: skip
    assert "1 minute" in capsys.readouterr().out
    library = Library(folders().library)
    assert sorted(one.step for one in library.courses.begun()) == [1, 2, 2]
    newest = library.sessions(1)[0]
    assert newest.request.minutes == 1.0
    assert library.listener.felt([newest.id])[newest.id].before.valence == 30
    library.close()


def test_one_key_begins_the_next(file: str, monkeypatch: Patch, capsys: Printed) -> None:
    began: list[Any] = []
    monkeypatch.setattr(
        "musmed_tui.commands.course.look_at_terminal",
        lambda **_: type("Terminal", (), {"keys": True})(),
    )
    monkeypatch.setattr(
        "musmed_tui.commands.course.play_session", lambda *_, **asked: began.append(asked) or 0
    )
    for enters in (False, True):
        monkeypatch.setattr("musmed_tui.commands.course._enter", lambda enters=enters: enters)
        assert musmed(monkeypatch, "course", file) == 0
        assert "Enter begins it" in capsys.readouterr().out
        assert len(began) == enters
    assert began[0]["course"] == file


def test_when_all_were_heard_nothing_more_is_asked(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    for step in (1, 2, 3):
        begun(step, heard=120.0)
    assert musmed(monkeypatch, "course", file) == 0
    assert "All of them were heard." in capsys.readouterr().out
    assert musmed(monkeypatch, "play", "--course", file) == 2
    assert "All 3 sessions of 'Evenings' were heard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("course",), "Name the course's file"),
        (("course", "no.toml"), "can't be read"),
        (("course", "/dev/zero"), "can't be read"),
        (("course", "."), "can't be read"),
        (("course", "bad.toml"), "at '[[session]] 1.minutes'"),
        (("play", "--course", "bad.toml"), "can't be followed"),
        (("play", "--course", "evenings.toml", "--feelings", "felt.toml"), "a file of feelings"),
        (("play", "--course", "evenings.toml", "--from", "sad"), "leave out --from and --to"),
        (("play", "--course", "evenings.toml", "--to", "sad"), "leave out --from and --to"),
    ],
)
def test_what_can_t_be_done_is_one_sentence(
    words: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    (tmp_path / "bad.toml").write_text(TEXT.replace("minutes = 2", "minutes = 90"), "utf-8")
    (tmp_path / "felt.toml").write_text('from = "sad"', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert musmed(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1


def test_where_it_can_t_be_kept_the_session_goes_on_and_says_so(
    file: str, monkeypatch: Patch, capsys: Printed
) -> None:
    from engine.errors import MusmedError
    from engine.session.library.course_record import CourseRecord

    def full(*_: object) -> None:
        raise MusmedError("The disk is full.")

    monkeypatch.setattr(CourseRecord, "begin", full)
    assert musmed(monkeypatch, "play", "--course", file, "--plain") == 0
    assert "That this is a session of 'Evenings' was not kept." in capsys.readouterr().out


def test_the_example_in_the_docs_is_one(tmp_path: Path) -> None:
    text = (DOCS / "listener.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(title = .*?)```", text, re.S)
    (tmp_path / "example.toml").write_text(example, "utf-8")
    found = read_course(str(tmp_path / "example.toml"))
    assert len(found.steps) > 4
    assert any(step.day for step in found.steps)
    assert any(step.every_days for step in found.steps)
