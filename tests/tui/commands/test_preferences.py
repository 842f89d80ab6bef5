"""``musmed preferences``, and plans with and without what was learned: the real commands."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import musmed

from engine.listener.likings import Liking
from engine.plan.planner import make_plan
from engine.session.library.library import Library
from musmed_tui.asked import Asked
from musmed_tui.leaning import leaning
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

NOV = datetime(2025, 11, 12, 12, 0, tzinfo=UTC)
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
PLAN = ("plan", "--from", "tense", "--to", "calm", "--seed", "4", "--json")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    return tmp_path


def asked() -> Asked:
    return Asked(start="tense", target="calm", seed="4")


@pytest.fixture
def session() -> str:
    """One in which harp, ambient was liked ten times in its last mood."""
    library = Library(folders().library)
    request = build_request(asked(), Loaded(Settings(), {}))
    made = library.create(request, "embedded", 1, None, NOV)
    mood = make_plan(request).clips[-1].tags.mood
    for clip in range(10):
        one = Liking(
            clip=clip, revision=0, at=22.5 * clip, mood=mood, instrument="harp", genre="ambient",
            liked=True,
        )  # fmt: skip
        library.listener.add_liking(made, one, NOV)
    library.set_state(made, "finished")
    library.close()
    return made


def said(monkeypatch: Patch, capsys: Printed, *words: str) -> str:
    assert musmed(monkeypatch, *words) == 0
    return capsys.readouterr().out


def test_it_says_why(session: str, monkeypatch: Patch, capsys: Printed) -> None:
    mood = make_plan(build_request(asked(), Loaded(Settings(), {}))).clips[-1].tags.mood
    told = said(monkeypatch, capsys, "preferences").splitlines()
    assert len(told) == 2
    why = f"harp more often when {mood}: liked 10 times, last on 12 Nov 2025 ("
    assert told[1].startswith(why)
    found = json.loads(said(monkeypatch, capsys, "preferences", "--json"))
    assert [(one["tag"], one["liked"]) for one in found["preferences"]] == [
        ("ambient", 10),
        ("harp", 10),
    ]


def test_nothing_learned_is_said(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    assert "Nothing was learned yet" in said(monkeypatch, capsys, "preferences")
    assert not (home / "home/data").exists()


def test_forgetting_gives_the_plan_back_byte_for_byte(
    session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    plain = said(monkeypatch, capsys, *PLAN, "--no-preferences")
    bent = said(monkeypatch, capsys, *PLAN)
    assert json.loads(bent)["request"]["leanings"]["strength"] == 10.0
    assert bent != plain
    said(monkeypatch, capsys, "preferences", "forget", "Harp")
    half = json.loads(said(monkeypatch, capsys, *PLAN))["request"]["leanings"]
    assert half["instruments"] == {}
    assert half["genres"] != {}
    said(monkeypatch, capsys, "preferences", "forget", "--all")
    assert said(monkeypatch, capsys, *PLAN) == plain
    history = json.loads(said(monkeypatch, capsys, "history", "--json"))
    assert len(history["sessions"][0]["likings"]) == 10


def test_a_kept_session_is_what_it_was_whatever_is_forgotten(
    session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    library = Library(folders().library)
    request = leaning(build_request(asked(), Loaded(Settings(), {})), library)
    bent = library.create(request, "embedded", 1, None, NOV)
    plan = make_plan(request)
    library.close()
    said(monkeypatch, capsys, "preferences", "forget", "--all")
    library = Library(folders().library)
    assert library.load(bent).request.leanings is not None
    assert make_plan(library.load(bent).request) == plan
    assert leaning(request, library).leanings is None
    library.close()


def test_a_drawn_seed_is_said_to_hold_as_long_as_nothing_more_is_learned(
    session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    asks = ("plan", "--from", "tense", "--to", "calm")
    assert musmed(monkeypatch, *asks) == 0
    assert "makes it again, as long as nothing more is learned" in capsys.readouterr().err
    assert musmed(monkeypatch, *asks, "--no-preferences") == 0
    assert "makes it again.\n" in capsys.readouterr().err


def test_what_is_set_by_hand_takes_the_place_of_what_was_counted(
    session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    mood = make_plan(build_request(asked(), Loaded(Settings(), {}))).clips[-1].tags.mood
    said(monkeypatch, capsys, "preferences", "set", "harp", "--mood", mood, "--disliked", "2")
    told = said(monkeypatch, capsys, "preferences")
    assert f"harp less often when {mood}: disliked twice, some of it set by hand" in told
    said(monkeypatch, capsys, "preferences", "forget", "harp", "--mood", mood)
    assert "harp" not in said(monkeypatch, capsys, "preferences")


def test_export_writes_a_new_file_of_ones_own(
    session: str, monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    file = home / "mine.json"
    said(monkeypatch, capsys, "preferences", "export", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text("utf-8"))
    assert len(found["evidence"]["counted"]) == 10
    assert musmed(monkeypatch, "preferences", "export", str(file)) == 2
    assert "name a new file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("forget",), "or give --all alone"),
        (("forget", "piano", "--all"), "or give --all alone"),
        (("forget", "piano"), "nothing of that to forget"),
        (("forget", "pianoo"), "no instrument or genre called 'pianoo'; did you mean piano"),
        (("set", "piano"), "with --mood"),
        (("set", "piano", "--mood", "clam"), "did you mean calm"),
        (("set",), "Name an instrument"),
        (("set", "piano", "--mood", "calm"), "Say how often"),
        (("set", "piano", "--mood", "calm", "--liked", "lots"), "whole number from 0 to 1000"),
        (("set", "piano", "--mood", "calm", "--disliked", "-1"), "whole number from 0 to 1000"),
        (("set", "piano", "--mood", "calm", "--liked", "1001"), "whole number from 0 to 1000"),
        (("export",), "Name the new .json file"),
        (("--json", "forget", "piano"), "--json does nothing in front"),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, session: str, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "preferences", *words) == 2
    assert why in capsys.readouterr().err


def test_a_new_listener_can_set_what_they_like_by_hand(monkeypatch: Patch, capsys: Printed) -> None:
    said(monkeypatch, capsys, "preferences", "set", "piano", "--mood", "calm", "--liked", "3")
    assert "piano more often when calm" in said(monkeypatch, capsys, "preferences")


def test_who_likes_a_voice_is_told_when_it_is_heard(monkeypatch: Patch, capsys: Printed) -> None:
    told = said(monkeypatch, capsys, "preferences", "set", "voice", "--mood", "sad", "--liked", "3")
    assert "voice is heard only where it is pinned" in told


def test_a_plan_is_made_where_the_library_can_t_be_read(
    monkeypatch: Patch, capsys: Printed
) -> None:
    """What was learned is left out, and that is said once."""
    library = Library(folders().library)
    library._db.execute("PRAGMA user_version = 900")
    library.close()
    assert musmed(monkeypatch, *PLAN) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["request"]["leanings"] is None
    assert told.err.count("as if nothing had been learned of what you like: The session lib") == 1
    assert len(told.err.splitlines()) == 1
